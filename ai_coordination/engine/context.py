"""What the engine runs on: passed in, so that a simulation can replace it."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from ai_coordination import models
from ai_coordination.clients import Event
from ai_coordination.context import InvocationContext
from ai_coordination.engine import lanes
from ai_coordination.engine.read_ahead import ReadAhead
from ai_coordination.messages import AgentMessage, Lane, Message, SessionMessage
from ai_coordination.models import due_times
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import Call, Result

# How long a message may take before it counts as lost.
GRACE_SECONDS = 60.0


class Queue(Protocol):
    """The queue of messages. A message may arrive twice, late, in any order, or never."""

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        """Send messages that a sweep replaces if they are lost. Raises nothing."""

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        """Send a message that nothing would replace. Raises Throttled."""

    def is_behind(self, lane: Lane) -> bool:
        """Whether so many messages of a lane wait that workers will not handle new ones soon."""


class EventBus(Protocol):
    """Where events are sent. An event may be sent twice."""

    def send(self, events: Sequence[Event]) -> list[bool]:
        """Send events, and return for each of them whether it was accepted. Raises nothing."""


Observer = Callable[[models.SessionAgent], None]


class HandedOver(NamedTuple):
    """An agent that a worker has claimed in the write that completed the agent before it.

    The worker invokes it next: see `agent.handover`. `waits` is that of the worker's engine.
    """

    session: models.Session
    agent: models.SessionAgent
    predecessors: Sequence[models.SessionAgent]
    waits: bool


class Engine(NamedTuple):
    """What a worker or a mutation executes sessions on.

    `works_until` is the worker's own end: no call of an agent lasts longer. With `enough_seconds`
    left, it may wait for any agent. `waits` is set if it waits for agents: see `lanes`. If
    `gathered` is a list, ended agents are added to it, and the maker of the engine releases their
    successors together. If `onward` is a queue, agents that it hands over are added to it, and the
    maker of the engine invokes them. `ahead` has agents that were read for a whole batch. `observe`
    gets each agent whose state this engine has changed, after the change. It raises nothing.
    `events` is where events are sent; None: they are off. An engine that does not send them itself
    (`sends_events`) lets a worker do it.
    """

    queue: Queue
    context: InvocationContext
    works_until: datetime | None = None
    enough_seconds: float = math.inf
    invoke: Callable[[Call], Result] = registry.invoke
    poll: Callable[[Call], Result] = registry.poll
    cancel: Callable[[Call], None] = registry.cancel
    waits: bool = False
    gathered: list[models.SessionAgent] | None = None
    onward: deque[HandedOver] | None = None
    ahead: ReadAhead | None = None
    observe: "Observer | None" = None
    events: EventBus | None = None
    sends_events: bool = True

    def now(self) -> str:
        return self.context.now()

    def later(self, seconds: float) -> str:
        return self.context.later(seconds)

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
            self.later(GRACE_SECONDS),
            earliest=self.now(),
            latest=self.later(2 * GRACE_SECONDS),
        )

    def send(self, *items: models.Session | models.SessionAgent, delay_seconds: float = 0) -> None:
        """Send a message for each item with outstanding work."""
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
