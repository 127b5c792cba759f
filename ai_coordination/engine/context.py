"""What the engine runs on: passed in, so that a simulation can replace it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import NamedTuple, Protocol

from ai_coordination import clock, ids, models
from ai_coordination.engine import lanes
from ai_coordination.messages import AgentMessage, Lane, Message, SessionMessage
from ai_coordination.models import due_times
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import Accepted, Answer, Call

# How long a message may take before it counts as lost.
GRACE_SECONDS = 60.0


class Release(NamedTuple):
    """What an ended agent owes: its successors wait for it no more, or are to be skipped."""

    agent: models.SessionAgent
    skip: bool


class Queue(Protocol):
    """Where messages wait for a worker. They may come twice, late, in any order, or never."""

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        """Messages that a sweep brings back, should they be lost. Raises nothing."""

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        """A message that nothing else would bring back. Raises Throttled."""

    def is_behind(self, lane: Lane) -> bool:
        """Whether so many messages of a lane wait that the workers will not come to them soon."""


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Engine:
    """`deadline` is in seconds of `time.monotonic()`: past it, refused writes are given up.

    `works_until` is the worker's own end, `works_seconds` all the time that it had: no call of an
    agent lasts longer. It waits for agents where `waits` is set: see `lanes`. Where `gathered` is a
    list, what ended agents owe to their successors is put there, for the maker of the engine to
    do it for all of them together.
    """

    queue: Queue
    deadline: float
    works_until: datetime | None = None
    works_seconds: float = math.inf
    invoke: Callable[[Call], Answer | Accepted] = registry.invoke
    waits: bool = False
    utc: Callable[[], datetime] = _utc
    gathered: "list[Release] | None" = None
    new_uuid: Callable[[], str] = ids.new_uuid
    random: Callable[[], float] = field(default=SystemRandom().random)

    def now(self) -> str:
        return clock.instant(self.utc())

    def later(self, seconds: float) -> str:
        return clock.instant(self.utc() + timedelta(seconds=seconds))

    def after_grace(self, delay_seconds: float = 0) -> str:
        """When to look for an item whose message is sent now, with a delay."""
        return self.later(delay_seconds + GRACE_SECONDS)

    def soon(self, item: models.SessionAgent) -> str:
        """The due time of an item whose message is sent now: the one it has, if that is soon.

        The same value again costs no write to the index. A due time in the past is never kept: a
        sweep may have moved it on since, by an unknown time.
        """
        return due_times.existing_or(
            item,
            self.after_grace(),
            earliest=self.now(),
            latest=self.later(2 * GRACE_SECONDS),
        )

    def send(self, *items: models.Session | models.SessionAgent, delay_seconds: float = 0) -> None:
        """A message for each item that something has to be done for."""
        if items:
            self.queue.send([message(item) for item in items], delay_seconds)


def message(item: models.Session | models.SessionAgent) -> SessionMessage | AgentMessage:
    """The message that lets a worker perform the outstanding work of an item."""
    if isinstance(item, models.Session):
        return SessionMessage(
            tenant=item.partition_key,
            coordination_uuid=item.coordination_uuid,
            session_uuid=item.session_uuid,
            iteration=int(item.iteration_count),
        )
    return AgentMessage(
        tenant=item.partition_key,
        session_uuid=item.session_uuid,
        session_agent_uuid=item.session_agent_uuid,
        iteration=int(item.iteration),
        lane=lanes.lane_of(item),
    )
