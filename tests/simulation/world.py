"""A whole engine on a virtual clock: its queue, its agents, and what may go wrong with them."""

import heapq
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import due, reads
from ai_coordination.models.base import SharedConnection
from ai_coordination.services.execution import sweeping, working
from ai_coordination.services.execution.engine import Accepted, Answer, Call, Engine, Message

START = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
VISIBILITY_SECONDS = 90.0
LATEST_SECONDS = 5.0
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")
OF_AN_AGENT = [
    "partition_key",
    "session_uuid",
    "session_agent_uuid",
    "ordinal",
    "iteration",
    "state",
    "attempt",
    "predecessors",
    "waiting_on",
    "run_count",
    "current_run_uuid",
    "agent_output",
    "lease_until",
    "due_at",
]
OF_A_RUN = ["partition_key", "run_uuid", "session_agent_uuid", "outcome"]
CALLER = Caller("acme", "sales", "u-17", "simulation", math.inf)


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Called(NamedTuple):
    """What an agent saw of its call."""

    ordinal: int
    iteration: int
    attempt: int
    run_uuid: str


class World:
    """One set of tables, one clock, one queue; engines come and go."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.clock = START
        self.queue: list[tuple[datetime, int, Message]] = []
        self.calls: list[Called] = []
        self.answers: Callable[[Call], Answer | Accepted] = lambda call: Answer("done")
        self.seam: Callable[[str], None] = lambda point: None
        self.lost = 0.0
        self.doubled = 0.0
        self._swept = START
        self._sent = 0
        self._uuids = 0

    def engine(self) -> Engine:
        """A new worker's, or a new request's."""
        return Engine(
            queue=self,
            runtimes={"echo": self, "lambda": self, "external": self},
            deadline=math.inf,
            utc=lambda: self.clock,
            new_uuid=self._new_uuid,
            random=self.random.random,
        )

    def _new_uuid(self) -> str:
        self._uuids += 1
        return f"01900000-0000-7000-8000-{self._uuids:012x}"

    def send(self, messages: list[Message], delay_seconds: float = 0) -> None:
        """The queue: what is doubled is also late, so it overtakes and is overtaken."""
        self.seam("before sending")
        for message in messages:
            copies = 0 if self.random.random() < self.lost else 1
            copies += self.random.random() < self.doubled
            for _ in range(copies):
                late = self.random.random() * LATEST_SECONDS if self.doubled else 0.0
                self._push(message, delay_seconds + late)
        self.seam("after sending")

    def _push(self, message: Message, delay_seconds: float) -> None:
        self._sent += 1
        at = self.clock + timedelta(seconds=delay_seconds)
        heapq.heappush(self.queue, (at, self._sent, message))

    def invoke(self, call: Call) -> Answer | Accepted:
        """The runtime of every agent."""
        iteration = int(call.agent.iteration)
        ordinal = int(call.agent.ordinal)
        self.calls.append(Called(ordinal, iteration, call.attempt, call.run_uuid))
        return self.answers(call)

    def step(self) -> None:
        """The next message, or the next minute's sweep where that comes first."""
        if self.queue and self.queue[0][0] <= self._swept + MINUTE:
            at, _, message = heapq.heappop(self.queue)
            self.clock = max(self.clock, at)
            if not survives(lambda: working.work(self.engine(), message)):
                self._push(message, VISIBILITY_SECONDS)
            return
        self.clock = self._swept = max(self.clock, self._swept + MINUTE)
        survives(self.sweep)

    def sweep(self) -> None:
        sweeping.sweep(self.engine())

    def work_any(self) -> None:
        """Another worker, with one of the messages, which stays in the queue as a second copy."""
        _, _, message = self.random.choice(self.queue)
        survives(lambda: working.work(self.engine(), message))


def survives(work: Callable[[], Any]) -> bool:
    """Whether whoever does it lives to its end."""
    try:
        work()
    except Died:
        return False
    return True


def agents_of(session: models.Session) -> list[models.SessionAgent]:
    """Without what the invariants do not ask for: embedded AWS spends its time on attributes."""
    key = session.session_uuid, session.partition_key
    return reads.everything(models.SessionAgent, *key, OF_AN_AGENT)


def runs_of(session: models.Session) -> list[models.SessionRun]:
    key = session.session_uuid, session.partition_key
    return reads.everything(models.SessionRun, *key, OF_A_RUN)


def whole(agent: models.SessionAgent) -> models.SessionAgent:
    """An agent as it is, with everything."""
    kind = models.SessionAgent
    found = reads.get(kind, agent.session_uuid, agent.session_agent_uuid, agent.partition_key)
    assert found is not None
    return found


def as_it_is(session: models.Session) -> models.Session:
    found = reads.get(
        models.Session, session.coordination_uuid, session.session_uuid, session.partition_key
    )
    assert found is not None
    return found


@contextmanager
def every_write_through(world: World) -> Iterator[None]:
    """Each write passes the world's seam before and after; what is due is in one shard."""
    attempt = SharedConnection.attempt

    def watched(connection: SharedConnection, operation: str, request: dict[str, Any]) -> Any:
        if operation not in WRITES:
            return attempt(connection, operation, request)
        world.seam("before writing")
        answer = attempt(connection, operation, request)
        world.seam("after writing")
        return answer

    with (
        patch.object(SharedConnection, "attempt", watched),
        patch.object(due, "SHARDS", due.SHARDS[:1]),
    ):
        yield
