"""Keys that hold a caller's own name: of a user, a thread, an idempotency key.

A tenant's name and a caller's, of four bytes each character, may be longer together than the 2,048
bytes of a hash key. What does not fit is replaced by its digest, behind a NUL, which no name holds.
"""

from hashlib import sha256

LONGEST_HASH_KEY_BYTES = 2_048
_NUL = "\0"


def tenant_key(partition_key: str, *names: str) -> str:
    """A tenant's key for some names, of at most 2,048 bytes of UTF-8."""
    name = "#".join(names)
    key = f"{partition_key}#{name}"
    if len(key.encode()) <= LONGEST_HASH_KEY_BYTES:
        return key
    return f"{partition_key}#{_NUL}{sha256(name.encode()).hexdigest()}"
