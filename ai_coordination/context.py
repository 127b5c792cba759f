"""The context of one invocation: time, randomness, identifiers, threads and the deadline.

The entry points create it and pass it down. Nothing else reads a clock or draws random numbers, so
tests control both. Threads whose order would show in what is stored are also from here.
"""

import math
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from ai_coordination import ids, timestamps

_FLOAT_BITS = 53

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class InvocationContext:
    """The system's clock and random numbers. Tests pass a subclass that overrides the methods."""

    deadline: float = math.inf
    """In seconds of `monotonic()`. Afterwards, throttled writes are not retried."""

    def within(self, seconds: float) -> Self:
        """Return a copy whose deadline is this many seconds from now."""
        return replace(self, deadline=self.monotonic() + seconds)

    def utc(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds of a monotonic clock. Only differences are meaningful."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)

    def map(self, work: Callable[[A], B], items: Iterable[A], threads: int, name: str) -> list[B]:
        """Return the results of `work` for all items, computed in so many threads, in order.

        Raises the first error. `name` is the prefix of the threads' names.
        """
        with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
            return list(pool.map(work, items))

    def random_bits(self, bits: int) -> int:
        """Return a random number of this many bits, from the operating system.

        Other generators would repeat: environments restored from one snapshot share their state.
        """
        return secrets.randbits(bits)

    def random(self) -> float:
        """Return a random number from 0 (included) to 1 (excluded)."""
        return self.random_bits(_FLOAT_BITS) / (1 << _FLOAT_BITS)

    def token(self) -> str:
        """Return a random token of 64 bits, as 16 hexadecimal digits."""
        return f"{self.random_bits(64):016x}"

    def new_uuid(self) -> str:
        """Return a new UUIDv7."""
        return ids.uuid7(self.utc(), self.random_bits(ids.RANDOM_BITS))

    def new_ordinal(self, session_uuid: str, taken: int = 0) -> int:
        """Return an ordinal for an agent that is added by hand: see `ids.ordinal_at`.

        `taken` is how many in a row were taken: then others follow, even if time stands still.
        """
        bits = self.random_bits(ids.JITTER_BITS) + taken
        return ids.ordinal_at(self.utc(), session_uuid, bits)

    def now(self) -> str:
        """Return the current time in the stored format."""
        return timestamps.to_text(self.utc())

    def later(self, seconds: float) -> str:
        """Return the time this many seconds from now, in the stored format."""
        return timestamps.to_text(self.utc() + timedelta(seconds=seconds))

    def seconds_left(self) -> float:
        """Return the seconds until the deadline. Negative if it has passed."""
        return self.deadline - self.monotonic()

    def is_over(self) -> bool:
        """Return whether the deadline has passed."""
        return self.seconds_left() <= 0
