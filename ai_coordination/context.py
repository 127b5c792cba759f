"""What one invocation takes from outside: time, randomness and identifiers; and its deadline.

The entry points create it and pass it down. Nothing else reads a clock or draws a number, so a
test can run everything on a clock and identifiers of its own.
"""

import math
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from ai_coordination import ids, timestamps

_FLOAT_BITS = 53


@dataclass(frozen=True)
class InvocationContext:
    """The system's clock and random numbers. Tests pass a subclass that overrides the methods.

    `deadline` is in seconds of `monotonic()`. After it the result is of no use, so refused writes
    are not tried again.
    """

    deadline: float = math.inf

    def within(self, seconds: float) -> Self:
        """The same, with a deadline in so many seconds."""
        return replace(self, deadline=self.monotonic() + seconds)

    def utc(self) -> datetime:
        """The current time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of a clock that is never set back. Only differences have a meaning."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)

    def random_bits(self, bits: int) -> int:
        """A random number of so many bits.

        The system's: environments that start from one snapshot share the state of any other.
        """
        return secrets.randbits(bits)

    def random(self) -> float:
        """A random number from 0 up to, but not including, 1."""
        return self.random_bits(_FLOAT_BITS) / (1 << _FLOAT_BITS)

    def token(self) -> str:
        """A random name of 64 bits."""
        return f"{self.random_bits(64):016x}"

    def new_uuid(self) -> str:
        """A UUIDv7 of now."""
        return ids.uuid7(self.utc(), self.random_bits(ids.RANDOM_BITS))

    def new_ordinal(self, session_uuid: str) -> int:
        """An ordinal for an agent that is added to a session by hand: see `ids.ordinal_at`."""
        return ids.ordinal_at(self.utc(), session_uuid, self.random_bits(ids.JITTER_BITS))

    def now(self) -> str:
        """The current time as it is stored."""
        return timestamps.to_text(self.utc())

    def later(self, seconds: float) -> str:
        """The time in so many seconds, as it is stored."""
        return timestamps.to_text(self.utc() + timedelta(seconds=seconds))

    def seconds_left(self) -> float:
        """The time until the deadline."""
        return self.deadline - self.monotonic()

    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.seconds_left() <= 0
