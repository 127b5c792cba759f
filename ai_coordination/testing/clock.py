"""The virtual clock, and the context of invocations that run on it."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ai_coordination.context import InvocationContext
from ai_coordination.local.lambda_context import LambdaContext

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

A = TypeVar("A")
B = TypeVar("B")


class Clock:
    """A time that moves only when it is moved, and never back."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now.astimezone(UTC)

    def utc(self) -> datetime:
        """Return the time."""
        return self.now

    def move_to(self, at: datetime) -> None:
        """Move on to a time. Without effect if it has passed."""
        self.now = max(self.now, at)

    def after(self, seconds: float) -> datetime:
        """Return the time in so many seconds."""
        return self.now + timedelta(seconds=seconds)


@dataclass(frozen=True)
class VirtualContext(InvocationContext):
    """The context of an invocation on a virtual clock, with the random numbers of a seed."""

    clock: Clock = field(kw_only=True, repr=False)
    bits: random.Random = field(kw_only=True, repr=False)

    def utc(self) -> datetime:
        return self.clock.now

    def monotonic(self) -> float:
        return self.clock.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Take no time: only pauses before another try of a write are slept."""

    def random_bits(self, bits: int) -> int:
        return self.bits.getrandbits(bits)

    def map(self, work: Callable[[A], B], items: Iterable[A], threads: int, name: str) -> list[B]:
        """Work on one item after another, so that a seed has one order."""
        return [work(item) for item in items]


@dataclass(frozen=True)
class VirtualLambdaContext(LambdaContext):
    """Lambda's context object for an invocation that ends at a virtual time."""

    clock: Clock = field(kw_only=True, repr=False)
    until: datetime = field(kw_only=True)

    def get_remaining_time_in_millis(self) -> int:
        """Return the virtual milliseconds until the invocation times out."""
        return max(0, int((self.until - self.clock.now).total_seconds() * 1000))
