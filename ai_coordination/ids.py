"""UUIDs: the engine's UUIDv7, and the computed UUIDs of session agents.

A UUIDv7 (RFC 9562, section 5.7) has 48 bits of milliseconds, 12 bits with the fraction of the
millisecond (section 6.2, method 3), and random bits. So UUIDs sort by time of creation.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ORDINAL_BITS = 50
_CHECK_BITS = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Random bits of a UUID, and of the ordinal of an agent that is added to a session by hand.
RANDOM_BITS = 62
JITTER_BITS = 6
_FRACTION_BITS = 10


def is_uuid(text: str) -> bool:
    """Return whether `text` is a UUID in canonical form: 36 characters, lower case."""
    return _CANONICAL.fullmatch(text) is not None


def uuid7(moment: datetime, random_bits: int) -> str:
    """Return the UUIDv7 of an aware datetime, with RANDOM_BITS random bits."""
    milliseconds, microseconds = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    return _compose(milliseconds, microseconds * 4096 // 1000, random_bits)


def first_of(moment: datetime) -> str:
    """Return a text that is less than all UUIDv7 of this millisecond or a later one.

    It is greater than all earlier ones.
    """
    milliseconds = max((moment - _EPOCH) // timedelta(milliseconds=1), 0)
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}"


def session_agent_uuid(session_uuid: str, ordinal: int) -> str:
    """Compute the UUID of a session agent, so that edges can be stored as ordinals.

    It consists of the session's milliseconds, the ordinal, and a checksum of the session's UUID. So
    the agents of a session sort by ordinal, and agents of different sessions differ.
    """
    payload = ordinal << _CHECK_BITS | _check(session_uuid)
    return _compose(milliseconds_of(session_uuid), payload >> 62, payload & (1 << 62) - 1)


def ordinal_of(session_uuid: str, agent_uuid: str) -> int | None:
    """Return the ordinal in the UUID of a session agent, None if it is not of this session."""
    bits = int(agent_uuid.replace("-", ""), 16)
    payload = (bits >> 64 & 0xFFF) << 62 | bits & (1 << 62) - 1
    ordinal = payload >> _CHECK_BITS
    return ordinal if session_agent_uuid(session_uuid, ordinal) == agent_uuid else None


def ordinal_at(moment: datetime, session_uuid: str, random_bits: int) -> int:
    """Return an ordinal for an agent that is added by hand, without reading the other agents.

    It consists of the milliseconds since the session's creation, 10 bits with the fraction of the
    millisecond, and JITTER_BITS random bits, so it increases with each microsecond. Two agents may
    get the same ordinal: the conditional write detects it, and the next one is tried.
    """
    elapsed = (moment - _EPOCH) // timedelta(microseconds=1) - 1000 * milliseconds_of(session_uuid)
    milliseconds, microseconds = divmod(max(elapsed, 0), 1000)
    fraction = (microseconds << _FRACTION_BITS) // 1000
    time = milliseconds << _FRACTION_BITS | fraction
    return ((time << JITTER_BITS) + random_bits) % (1 << _ORDINAL_BITS)


def _compose(milliseconds: int, rand_a: int, rand_b: int) -> str:
    bits = milliseconds << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def milliseconds_of(uuid: str) -> int:
    """Return the creation time in a UUID, in Unix milliseconds.

    The UUID of a session agent has the creation time of its session.
    """
    return int(uuid[:8] + uuid[9:13], 16)


def _check(session_uuid: str) -> int:
    digest = blake2b(session_uuid.encode(), digest_size=_CHECK_BITS // 8).digest()
    return int.from_bytes(digest)
