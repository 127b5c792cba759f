"""One random session, with everything that may happen to it."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.errors import EngineError
from ai_coordination.services.execution import answering, lifecycle, reporting, starting
from ai_coordination.services.execution.engine import Accepted, Answer, Call, RunFailed
from ai_coordination.states import SessionAgentState
from tests.simulation import invariants
from tests.simulation.blueprints import random_blueprint
from tests.simulation.world import (
    CALLER,
    Died,
    World,
    agents_of,
    every_write_through,
    survives,
    whole,
)

DEATH = 0.08
RIVAL = 0.15
SWEEPS_OF_RIVALS = 0.2
# How many of the moments between two writes are looked at; all of those between two steps are.
LOOKS = 0.1
STEPS_WITH_FAULTS = 150
MOST_STEPS = 1_500


class RandomSession:
    """Everything follows from the seed: the blueprint, the faults, what people do."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._task = random_blueprint(self._draw)
        self.world = World(seed)
        self.world.lost = self._draw.choice([0, 0.2])
        self.world.doubled = self._draw.choice([0, 0.4])
        self.world.answers = self._answer
        self.world.seam = self._seam
        self.points: list[str] = []
        self._faults = True
        self._rival_works = False
        self._in_chunks = self._draw.random() < 0.3
        self._cancels = self._draw.random() < 0.2
        self._retries = self._draw.choice([0, 0, 1, 2])
        self._watch = invariants.Watch()
        self._session: models.Session | None = None

    def run(self) -> models.Session:
        """From its start to its rest; the session as it is then."""
        most, chunk = (0, 2) if self._in_chunks else (starting.MOST_AT_ONCE, starting.CHUNK)
        with (
            every_write_through(self.world),
            patch.object(starting, "MOST_AT_ONCE", most),
            patch.object(starting, "CHUNK", chunk),
        ):
            session = self._session = self._start()
            for step in range(MOST_STEPS):
                if step == STEPS_WITH_FAULTS:
                    self._faults = False
                    self.world.lost = 0.0
                self._step(session)
                now = invariants.seen(session)
                self._watch.look(now)
                if now.is_at_rest() and not self.world.queue:
                    invariants.at_rest(now)
                    return now.session
            raise AssertionError("it does not come to rest")

    def _start(self) -> models.Session:
        """The caller tries again with the same key, until it has an answer."""
        while True:
            try:
                return lifecycle.start(
                    self.world.engine(),
                    CALLER,
                    coordination_uuid=self._task.coordination_uuid,
                    task_uuid=self._task.task_uuid,
                    task_query="Which?",
                    idempotency_key="once",
                )
            except Died:
                self.world.clock += timedelta(seconds=1)

    def _step(self, session: models.Session) -> None:
        before = self.world.clock
        self.world.step()
        if self.world.clock > before:
            survives(lambda: self._people(session))
        if self._cancels and self.world.random.random() < 0.05:
            self._cancels = False
            self._ask(lifecycle.cancel, session)
        if self._retries and self.world.random.random() < 0.05:
            self._retries -= 1
            self._ask(lifecycle.retry, session)

    def _ask(self, mutation: Callable[..., object], session: models.Session) -> None:
        key = {
            "coordination_uuid": session.coordination_uuid,
            "session_uuid": session.session_uuid,
        }
        with suppress(EngineError):
            survives(lambda: mutation(self.world.engine(), CALLER, **key))

    def _people(self, session: models.Session) -> None:
        """Those who are asked, and the agents that have said that they will report."""
        for listed in agents_of(session):
            if listed.state not in invariants.OPEN or self.world.random.random() < 0.5:
                continue
            agent, engine = whole(listed), self.world.engine()
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                approved = self.world.random.random() < 0.8
                answering.answer(
                    engine, agent, user_input="Yes", approved=approved, updated_by="u-17"
                )
            elif agent.state == SessionAgentState.IN_PROGRESS and not agent.lease_until:
                reporting.complete(engine, agent, self._something())

    def _answer(self, call: Call) -> Answer | Accepted:
        fate = self.world.random.random()
        if fate < 0.2:
            raise RunFailed("no", retryable=self.world.random.random() < 0.8)
        if fate < 0.3:
            return Accepted()
        return self._something()

    def _something(self) -> Answer:
        """Never the same twice: a result that is taken twice is seen."""
        return Answer(f"{self.world.random.random()}", 1, 2)

    def _seam(self, point: str) -> None:
        self.points.append(point)
        if self._session is not None and self.world.random.random() < LOOKS:
            self._watch.look(invariants.seen(self._session))
        if not self._faults:
            return
        if self.world.random.random() < DEATH:
            raise Died(point)
        if not self._rival_works and self.world.random.random() < RIVAL:
            self._rival_works = True
            self._rival()
            self._rival_works = False

    def _rival(self) -> None:
        """Another worker is let run first."""
        if self.world.random.random() < SWEEPS_OF_RIVALS:
            survives(self.world.sweep)
        elif self.world.queue:
            self.world.work_any()
