"""What one request may read: no operation keeps the database or this process busy for long."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from threading import Lock
from typing import Any

from ai_coordination.errors import QueryTooComplex

# Of DynamoDB's read units: 20,000 are 80 MB read consistently, for a quarter of a cent.
MOST_UNITS = 20_000
# Of DynamoDB's answers on the wire. What many small things become takes ten times as much memory.
MOST_BYTES = 8_000_000

# Answers of this size take their time to be read: side by side they would only take more memory.
HEAVY_BYTES = 250_000

READS = frozenset({"GetItem", "BatchGetItem", "Query"})


class Allowance:
    """Counts what is read under it. Safe for several threads.

    It says no only after the read that exceeds it.
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
        """Waits until the next read may begin. Raises QueryTooComplex where none may any more."""
        with self._one_by_one if self._is_heavy else nullcontext():
            self.check()
            yield

    def check(self) -> None:
        """Raises QueryTooComplex where nothing may be read any more."""
        if self.refusal is not None:
            raise self.refusal

    def receive(self, size: int) -> None:
        """Counts the bytes of an answer before it is read."""
        with self._lock:
            self.bytes += size
            self._is_heavy = self._is_heavy or size > HEAVY_BYTES

    def spend(self, answer: Mapping[str, Any]) -> None:
        """Counts the units of an answer. Raises QueryTooComplex where it was too much."""
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
    """What this thread reads in the block is counted; None: it is not."""
    token = _current.set(allowance)
    try:
        yield
    finally:
        _current.reset(token)


def current(operation: str) -> Allowance | None:
    """The allowance that an operation of DynamoDB counts against, if it reads and there is one."""
    return _current.get() if operation in READS else None


def received(size: int) -> None:
    """Says how many bytes this thread has received of DynamoDB."""
    allowed = _current.get()
    if allowed is not None:
        allowed.receive(size)


def _refusal(what: str, limit: float) -> QueryTooComplex:
    message = f"The operation reads {what} of the database: ask for fewer rows or fields at a time."
    return QueryTooComplex(message, limit=limit)


def _units(capacity: Any) -> float:
    several = capacity if isinstance(capacity, list) else [capacity or {}]
    return float(sum(one.get("CapacityUnits", 0) for one in several))
