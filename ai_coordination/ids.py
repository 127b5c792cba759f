"""Uuids: the engine's own UUIDv7, and the addresses of a session's agents.

RFC 9562, section 5.7: 48 bits of milliseconds, 12 bits that here hold the fraction of the
millisecond (section 6.2, method 3), and random bits. So their order as text is creation order.
"""

import re
import secrets
import time
from hashlib import blake2b

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ORDINAL_BITS = 50
_CHECK_BITS = 24
_JITTER_BITS = 16


def is_uuid(text: str) -> bool:
    """Whether `text` is a uuid in the one form that the engine writes."""
    return _CANONICAL.fullmatch(text) is not None


def new_uuid(nanoseconds: int | None = None) -> str:
    """A UUIDv7 of now, or of a moment in nanoseconds since 1970."""
    moment = time.time_ns() if nanoseconds is None else nanoseconds
    milliseconds, rest = divmod(moment, 1_000_000)
    return _compose(milliseconds, rest * 4096 // 1_000_000, secrets.randbits(62))


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


def next_ordinal(session_uuid: str) -> int:
    """An ordinal for an agent that is added by hand, without reading the others.

    Milliseconds since the session's creation and a few random bits: later is larger. Two calls may
    give the same one; the put-if-absent of the agent notices.
    """
    elapsed = max(time.time_ns() // 1_000_000 - milliseconds_of(session_uuid), 0)
    return (elapsed << _JITTER_BITS | secrets.randbits(_JITTER_BITS)) % (1 << _ORDINAL_BITS)


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
