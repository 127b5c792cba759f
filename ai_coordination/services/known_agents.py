"""What a client knows of a session's agents, as a few bytes: a number for each agent.

Agents that were planned have consecutive ordinals, which need no space of their own. Those that
callers have added one by one have random ones: then only a checksum of them is kept, and after a
change of the set nothing is known.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

MOST_RANGES = 24
# Decompressed. A number takes one or two bytes, and superseded agents count.
MOST_BYTES = 100_000
CHECKSUM_BYTES = 8

_RAW = -15  # zlib: without header and checksum
_MORE = 0x80


class Malformed(ValueError):
    """These bytes are no result of `encode`."""


def encode(numbers: Mapping[int, int]) -> bytes:
    """Return the numbers by ordinal in a form that `decode` reads."""
    ordinals = sorted(numbers)
    ranges = list(_ranges(ordinals))
    if len(ranges) > MOST_RANGES:
        head = _varints([0]) + _checksum(ordinals)
    else:
        head = _varints([len(ranges) + 1, *(part for span in ranges for part in span)])
    packer = zlib.compressobj(9, wbits=_RAW)
    return packer.compress(head + _varints(numbers[one] for one in ordinals)) + packer.flush()


def decode(data: bytes, present: Iterable[int]) -> dict[int, int] | None:
    """Return the numbers by ordinal. `present` are the ordinals of the agents that there are now.

    None: they belong to another set of agents. Raises Malformed for anything but the result of
    `encode`.
    """
    values = _Reader(_unpacked(data))
    count = values.number()
    if count == 0:
        checksum, ordinals = values.take(CHECKSUM_BYTES), sorted(present)
        if checksum != _checksum(ordinals):
            return None
    else:
        spans = [(values.number(), values.number()) for _ in range(count - 1)]
        if sum(length for _, length in spans) > MOST_BYTES:
            raise Malformed("more agents than numbers")
        ordinals = [first + place for first, length in spans for place in range(length)]
    return {ordinal: values.number() for ordinal in ordinals}


def _ranges(ordinals: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first ordinal and the length of each run of consecutive ones."""
    start = 0
    for place in range(1, len(ordinals) + 1):
        if place == len(ordinals) or ordinals[place] != ordinals[place - 1] + 1:
            yield ordinals[start], place - start
            start = place


def _checksum(ordinals: Iterable[int]) -> bytes:
    return blake2b(_varints(ordinals), digest_size=CHECKSUM_BYTES).digest()


def _varints(numbers: Iterable[int]) -> bytes:
    """Write numbers with seven bits a byte, the lowest first."""
    written = bytearray()
    for number in numbers:
        rest = number
        while rest >= _MORE:
            written.append(rest % _MORE | _MORE)
            rest //= _MORE
        written.append(rest)
    return bytes(written)


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_RAW)
    try:
        unpacked = unpacker.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise Malformed("not compressed") from error
    if not unpacker.eof:
        raise Malformed("too long, or cut off")
    return unpacked


class _Reader:
    """Reads from bytes, in order. Raises Malformed at the end."""

    def __init__(self, data: bytes) -> None:
        self._rest = iter(data)

    def take(self, size: int) -> bytes:
        return bytes(self._next() for _ in range(size))

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self._next()
            number |= (byte % _MORE) << shift
            if byte < _MORE:
                return number
            shift += 7

    def _next(self) -> int:
        byte = next(self._rest, None)
        if byte is None:
            raise Malformed("cut off")
        return byte
