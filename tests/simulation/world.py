"""A whole engine on a virtual clock: its queue, its agents, and what may go wrong with them."""

import heapq
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.services.execution import sweeping, working
from ai_coordination.services.execution.engine import (
    Accepted,
    Answer,
    Call,
    Engine,
    Message,
    RunFailed,
)

START = datetime(2026, 11, 23, tzinfo=UTC)
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")


class Died(BaseException):
    """The process is gone: nothing catches this."""


class World:
    """One table set, one clock, one queue; engines come and go."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.clock = START
        self.caller = Caller("acme", "sales", "u-17", "sim", math.inf)
        self._queue: list[tuple[datetime, int, Message]] = []
        self._sent = 0
        self._uuids = 0
        self.calls: list[tuple[str, int]] = []
        self.answers: Callable[[Call], Answer | Accepted] = lambda call: Answer(
            f"{call.agent.agent_uuid} says so"
        )
        self.seam: Callable[[str], None] = lambda point: None
        self.lose = 0.0
        self.double = 0.0

    def engine(self) -> Engine:
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

    # the queue

    def send(self, messages: list[Message], delay_seconds: float = 0) -> None:
        self.seam("send")
        for message in messages:
            copies = 0 if self.random.random() < self.lose else 1
            copies += self.random.random() < self.double
            for _ in range(copies):
                late = self.random.random() * 5 if self.double else 0.0
                self._push(message, delay_seconds + late)
        self.seam("sent")

    def _push(self, message: Message, delay_seconds: float) -> None:
        self._sent += 1
        at = self.clock + timedelta(seconds=delay_seconds)
        heapq.heappush(self._queue, (at, self._sent, message))

    # the runtime

    def invoke(self, call: Call) -> Answer | Accepted:
        self.calls.append((call.run_uuid, int(call.agent.ordinal)))
        return self.answers(call)

    # time

    def run(self, seconds: float = 7200) -> None:
        """Works off the queue, and sweeps each minute, until nothing is due any more."""
        end = self.clock + timedelta(seconds=seconds)
        swept = self.clock
        while self.clock < end:
            if self._queue and self._queue[0][0] <= swept + timedelta(minutes=1):
                at, _, message = heapq.heappop(self._queue)
                self.clock = max(self.clock, at)
                self._as_a_worker(lambda: working.work(self.engine(), message), message)
                continue
            self.clock = swept = swept + timedelta(minutes=1)
            self._as_a_worker(lambda: sweeping.sweep(self.engine()))
            if not self._queue and self.at_rest():
                return
        raise AssertionError("it does not come to rest")

    def _as_a_worker(self, work: Callable[[], Any], message: Message | None = None) -> None:
        try:
            work()
        except Died:
            if message is not None:
                # The queue gives it to somebody else, after its visibility timeout.
                self._push(message, 90)

    def at_rest(self) -> bool:
        return not any(item.due_at for item in self.everything())

    def everything(self) -> list[Any]:
        return [*models.Session.scan(consistent_read=True), *models.SessionAgent.scan(consistent_read=True)]

    def session(self, session: models.Session) -> models.Session:
        found = reads.get(
            models.Session, session.coordination_uuid, session.session_uuid, session.partition_key
        )
        assert found is not None
        return found

    def agents(self, session: models.Session) -> list[models.SessionAgent]:
        return reads.everything(models.SessionAgent, session.session_uuid, session.partition_key)
