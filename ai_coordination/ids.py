"""Uuids: the engine's own UUIDv7, and the addresses of a session's agents.

RFC 9562, section 5.7: 48 bits of milliseconds, 12 bits that here hold the fraction of the
millisecond (section 6.2, method 3), and random bits. So their order as text is creation order.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ORDINAL_BITS = 50
_CHECK_BITS = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# How many random bits a UUID has, and an ordinal of an agent that is added by hand.
RANDOM_BITS = 62
JITTER_BITS = 16


def is_uuid(text: str) -> bool:
    """Whether `text` is a uuid in the one form that the engine writes."""
    return _CANONICAL.fullmatch(text) is not None


def uuid7(moment: datetime, random_bits: int) -> str:
    """The UUIDv7 of an aware `moment`, with RANDOM_BITS random bits."""
    milliseconds, microseconds = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    return _compose(milliseconds, microseconds * 4096 // 1000, random_bits)


def session_agent_uuid(session_uuid: str, ordinal: int) -> str:
    """The address of a session's agent: computed, so that edges are small numbers.

    It has the session's milliseconds, the ordinal, and a check that ties it to the session; so a
    session's agents sort by ordinal, and no two sessions share an address.
    """
    payload = ordinal << _CHECK_BITS | _check(session_uuid)
    return _compose(milliseconds_of(session_uuid), payload >> 62, payload & (1 << 62) - 1)


def ordinal_of(session_uuid: str, agent_uuid: str) -> int | None:
    """The ordinal in `agent_uuid`, or None where it is no address of this session."""
    bits = int(agent_uuid.replace("-", ""), 16)
    payload = (bits >> 64 & 0xFFF) << 62 | bits & (1 << 62) - 1
    ordinal = payload >> _CHECK_BITS
    return ordinal if session_agent_uuid(session_uuid, ordinal) == agent_uuid else None


def ordinal_at(moment: datetime, session_uuid: str, random_bits: int) -> int:
    """The ordinal of an agent that is added by hand at `moment`, without reading the others.

    It has the milliseconds since the session's creation and JITTER_BITS random bits, so a later one
    is larger. Two agents may get the same one; the put-if-absent of the second is then refused.
    """
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    elapsed = max(milliseconds - milliseconds_of(session_uuid), 0)
    return (elapsed << JITTER_BITS | random_bits) % (1 << _ORDINAL_BITS)


def _compose(milliseconds: int, rand_a: int, rand_b: int) -> str:
    bits = milliseconds << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def milliseconds_of(uuid: str) -> int:
    """When a uuid was made, in milliseconds since 1970; of an agent's, when its session was."""
    return int(uuid[:8] + uuid[9:13], 16)


def _check(session_uuid: str) -> int:
    digest = blake2b(session_uuid.encode(), digest_size=_CHECK_BITS // 8).digest()
    return int.from_bytes(digest)
