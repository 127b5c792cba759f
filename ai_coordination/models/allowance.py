"""Limit what one request may read, so that none keeps the database or the process busy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from threading import Lock
from typing import Any

from ai_coordination.errors import QueryTooComplex

# DynamoDB's read units. 20,000 are 80 MB of consistent reads and cost a quarter of a cent.
MOST_UNITS = 20_000
# Bytes of DynamoDB's responses. Many small items take ten times as much memory once parsed.
MOST_BYTES = 8_000_000

# Parsing a response of this size takes long. In parallel it would only take more memory.
HEAVY_BYTES = 250_000

READS = frozenset({"GetItem", "BatchGetItem", "Query"})


class Allowance:
    """Counts the reads of one request. Thread-safe.

    The read that exceeds the limit still happens; it and all later ones raise QueryTooComplex.
    """

    def __init__(self, most_units: float = MOST_UNITS, most_bytes: int = MOST_BYTES) -> None:
        self.units = 0.0
        self.bytes = 0
        self.refusal: QueryTooComplex | None = None
        self._most = most_units, most_bytes
        self._lock = Lock()
        self._one_by_one = Lock()
        self._is_heavy = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until the next read may begin. Raises QueryTooComplex if the limit is exceeded."""
        with self._one_by_one if self._is_heavy else nullcontext():
            self.check()
            yield

    def check(self) -> None:
        """Raise QueryTooComplex if the limit is exceeded."""
        if self.refusal is not None:
            raise self.refusal

    def receive(self, size: int) -> None:
        """Count the bytes of a response before it is parsed."""
        with self._lock:
            self.bytes += size
            self._is_heavy = self._is_heavy or size > HEAVY_BYTES

    def spend(self, answer: Mapping[str, Any]) -> None:
        """Count the read units of a response. Raises QueryTooComplex if they exceed the limit."""
        units = _units(answer.get("ConsumedCapacity"))
        most_units, most_bytes = self._most
        with self._lock:
            self.units += units
            if self.units > most_units:
                self.refusal = _refusal(f"more than {most_units:,} read units", most_units)
            elif self.bytes > most_bytes:
                self.refusal = _refusal(f"more than {most_bytes:,} bytes", most_bytes)
        self.check()


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def spending(allowance: Allowance | None) -> Iterator[None]:
    """Count what this thread reads in the block. With None, nothing is counted."""
    token = _current.set(allowance)
    try:
        yield
    finally:
        _current.reset(token)


def current(operation: str) -> Allowance | None:
    """Return the allowance that a DynamoDB operation counts against; None if it counts nowhere."""
    return _current.get() if operation in READS else None


def received(size: int) -> None:
    """Record that this thread has received so many bytes from DynamoDB."""
    allowed = _current.get()
    if allowed is not None:
        allowed.receive(size)


def charge(size: int) -> None:
    """Count bytes that this thread is about to read from elsewhere. Raises QueryTooComplex."""
    allowed = _current.get()
    if allowed is not None:
        allowed.receive(size)
        allowed.spend({})


def _refusal(what: str, limit: float) -> QueryTooComplex:
    message = (
        f"The operation reads {what} from the database: request fewer rows or fields at a time."
    )
    return QueryTooComplex(message, limit=limit)


def _units(capacity: Any) -> float:
    tables = capacity if isinstance(capacity, list) else [capacity or {}]
    return float(sum(table.get("CapacityUnits", 0) for table in tables))
