"""An engine on a virtual clock that records the moments of a scenario, or resumes from one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.clients import Timer
from ai_coordination.config import settings
from ai_coordination.engine import factory, schedule_trigger, sweeper
from ai_coordination.engine.lanes import waits
from ai_coordination.engine.session import start
from ai_coordination.messages import (
    CleanupMessage,
    Message,
    as_json,
    decode,
    decode_firing,
    encode,
)
from ai_coordination.models import due_times
from ai_coordination.models.base import Item, table_name
from ai_coordination.runtimes import lambda_payload, registry
from ai_coordination.runtimes.base import Accepted, Answer, Call, Delegation, Result, Usage
from ai_coordination.runtimes.delegations import Work
from ai_coordination.services import timers
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.simulator import Died, Simulator
from tests.simulation.snapshot import StoreReader
from tests.support.contexts import serving

SHARDS = due_times.SHARDS
Event = dict[str, Any]
SOON = timedelta(seconds=30)
# The agent that delegates in its first turn.
DELEGATES = "leads"


class Moment(NamedTuple):
    """What is there if everything stops now: by table its items, texts by key, and the queue."""

    utc: datetime
    items: dict[str, list[Item]]
    texts: dict[str, str]
    sent: list[tuple[datetime, dict[str, Any]]]


class Repeat(NamedTuple):
    """What a client has asked for, and may ask for again: a mutation with a key, and its uuid."""

    mutation: str
    given: dict[str, Any]
    gives: str


class Life(Simulator):
    """A world of one scenario. Its uuids are of its own `number`: no other scenario has them.

    While it is `recording`, it keeps the moment before each write. The write whose number is
    `dies_at` kills its worker. `found` counts what sweeps have found. Sessions that are larger than
    a transaction are started in chunks of `chunk` agents: here they may be small.
    """

    def __init__(self, number: int, chunk: int = start.CHUNK) -> None:
        super().__init__(number)
        self.chunk = chunk
        self.recording = False
        self.moments: list[Moment] = []
        self.writes = 0
        self.found = 0
        self.dies_at: int | None = None
        self.timers: list[Timer] = []
        self.events: list[Event] = []
        self.repeats: list[Repeat] = []
        self.answers = self.answer
        self.seam = self._seam
        self._held = StoreReader(self.store)
        self._number = number
        self._marks = count(1)
        self._hand: list[Message] = []
        # As they are: milliseconds and random bits.
        self._ordinals = count(1_000 << 16 | 7, 1 << 16)

    def new_uuid(self) -> str:
        return f"01900000-{self._number:04x}-7000-8000-{next(self._uuids):012x}"

    def token(self) -> str:
        return f"{next(self._marks):016x}"

    def _seam(self, point: str) -> None:
        if point != "before writing":
            return
        self.writes += 1
        if self.writes == self.dies_at:
            raise Died(point)
        if self.recording:
            self.keep()

    def keep(self) -> None:
        """This moment. A message that a worker has in its hand comes again."""
        prefix = settings().table_prefix
        held = self.store.items()
        items = {name.removeprefix(prefix): rows for name, rows in held.items()}
        sent = [(self.clock, as_json(message)) for message in self._hand]
        sent += [(at, as_json(message)) for at, _, message in sorted(self.queue, key=_in_order)]
        self.moments.append(Moment(self.clock, items, dict(self.bucket.texts), sent))

    def _work_off(self, batch: list[Message]) -> None:
        """The messages as they come out of a queue: as text, and perhaps from an older engine."""
        self._hand = batch
        super()._work_off([decode(encode(message)) for message in batch])
        self._hand = []

    def sweep(self) -> None:
        """Of the engine's shards those that hold anything: a sweep only moves rows on in them."""
        agents, sessions = self._held.all_of(models.SessionAgent), self._held.all_of(models.Session)
        owing: list[Any] = [*agents, *sessions]
        held = {one.due_shard for one in owing}
        shards = tuple(shard for shard in SHARDS if shard in held)
        with patch.object(due_times, "SHARDS", shards or SHARDS[:1]):
            self.found += sweeper.sweep(self.engine())

    def go_on_from(self, moment: Moment, *, without_messages: bool = False) -> None:
        """As another engine left it; perhaps all is lost that a sweep brings back."""
        self.clock = self._swept = moment.utc
        self.bucket.texts = dict(moment.texts)
        for name, items in moment.items.items():
            for item in items:
                self.store.call("PutItem", {"TableName": table_name(name), "Item": item})
        for at, message in moment.sent:
            if message["kind"] == CleanupMessage.kind or not without_messages:
                self._push(decode(json.dumps(message)), (at - moment.utc).total_seconds())

    def all_sessions(self) -> list[models.Session]:
        return StoreReader(self.store).all_of(models.Session)

    def idle(self) -> None:
        """Works off what is in the queue, until nothing more comes of it soon."""
        while self.queue and self.queue[0][0] <= self.clock + SOON:
            self.step()

    def answer(self, call: Call) -> Result:
        """What the agents do: each of them gets what there is to be got."""
        if call.agent.member.runtime.kind == AgentRuntimeKind.ECHO.value:
            return registry.invoke(call)
        json.dumps(lambda_payload.build_payload(call), default=vars)
        if call.agent.agent_uuid == DELEGATES and call.turn == 1:
            return Delegation([Work("b", "First"), Work("c", "Then", (0,))], {"so": "far"})
        if waits(call.agent):
            return Answer(
                f"{call.agent.agent_uuid} has answered", Usage(input_tokens=10, output_tokens=20)
            )
        return Accepted()

    def fire(self, event: Event) -> str:
        """A timer's firing comes to a worker; what came of it."""
        return schedule_trigger.fire(self.engine(), self, decode_firing(event))

    def create(self, timer: Timer) -> None:
        self.timers.append(timer)

    def delete(self, name: str) -> None:
        self.timers = [timer for timer in self.timers if timer.name != name]

    @contextmanager
    def running(self) -> Iterator[None]:
        with (
            super().running(),
            serving(self.context),
            patch.object(due_times, "SHARDS", SHARDS),
            patch.object(start, "CHUNK", self.chunk),
            patch.object(timers, "scheduler", lambda: self),
            patch.object(factory, "of_a_request", lambda context: self.engine()),
        ):
            yield


def _in_order(sent: tuple[datetime, int, Message]) -> tuple[datetime, int]:
    return sent[:2]
