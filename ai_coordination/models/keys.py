"""Keys that contain a name chosen by the caller: of a user, a thread, an idempotency key.

With characters of four bytes, a tenant's name and the caller's can together exceed the 2,048 bytes
of a hash key. A name that does not fit is replaced by its digest after a NUL, which no name has.
"""

from hashlib import sha256

LONGEST_HASH_KEY_BYTES = 2_048
_NUL = "\0"


def tenant_key(partition_key: str, *names: str) -> str:
    """Return a tenant's key for these names: at most 2,048 bytes of UTF-8."""
    name = "#".join(names)
    key = f"{partition_key}#{name}"
    if len(key.encode()) <= LONGEST_HASH_KEY_BYTES:
        return key
    return f"{partition_key}#{_NUL}{sha256(name.encode()).hexdigest()}"


def asked_of_user(partition_key: str, user_id: str) -> str:
    """Return the key that lists the questions to a user, and those that the user has claimed."""
    return tenant_key(partition_key, "u", user_id)


def asked_of_group(partition_key: str, group: str) -> str:
    """Return the key that lists the questions to a group that nobody has claimed."""
    return tenant_key(partition_key, "g", group)
