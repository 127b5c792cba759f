"""A worker dies before and after each write and each message of a session, which ends right."""

from collections.abc import Callable
from itertools import groupby

import pytest

from ai_coordination import models
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.services.execution import answering, lifecycle
from ai_coordination.services.execution.engine import Answer, Call, RunFailed
from ai_coordination.states import SessionAgentState, UserInTheLoop
from tests.simulation import invariants
from tests.simulation.blueprints import blueprint
from tests.simulation.world import (
    CALLER,
    Died,
    World,
    agents_of,
    every_write_through,
    survives,
    whole,
)

NAMES = ["first", "left", "flaky", "last"]
FLAKY = 2
ATTEMPTS = [1, 1, 2, 1]
MOST_STEPS = 60
SAMPLE = 20


class Case:
    """A diamond of which one arm fails at first, and whose end is approved; one death."""

    def __init__(self, dies_at: int | None) -> None:
        self.world = World()
        self.world.answers = self._answer
        self.world.seam = self._seam
        self.points = 0
        self._dies_at = dies_at
        self._task = blueprint(
            NAMES,
            [
                {"agent_uuid": "first"},
                {"agent_uuid": "left", "predecessors": ["first"]},
                {"agent_uuid": "flaky", "predecessors": ["first"], "retry": {"max_attempts": 2}},
                {
                    "agent_uuid": "last",
                    "predecessors": ["left", "flaky"],
                    "user_in_the_loop": UserInTheLoop.APPROVAL,
                },
            ],
            [],
        )

    def _seam(self, point: str) -> None:
        self.points += 1
        if self.points == self._dies_at:
            raise Died(point)

    def _answer(self, call: Call) -> Answer:
        if call.agent.ordinal == FLAKY and call.attempt == 1:
            raise RunFailed("Not yet")
        return Answer(f"{call.agent.agent_uuid} has answered")

    def run(self) -> invariants.Seen:
        """Until nothing is due, and the last agent has been approved."""
        with every_write_through(self.world):
            session = self._start() or self._start()
            assert session is not None
            for _ in range(MOST_STEPS):
                self.world.step()
                survives(lambda: self._approve(session))
                now = invariants.seen(session)
                if now.is_at_rest() and not self.world.queue:
                    return now
        raise AssertionError("it does not come to rest")

    def _start(self) -> models.Session | None:
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
            return None

    def _approve(self, session: models.Session) -> None:
        for agent in agents_of(session):
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                answering.answer(
                    self.world.engine(),
                    whole(agent),
                    user_input="Yes",
                    approved=True,
                    updated_by="u-17",
                )


def _ends_right(dies_at: int | None) -> int:
    """Runs the session, and gives the number of points that it passed."""
    case = Case(dies_at)
    now = case.run()
    invariants.at_rest(now)
    assert now.session.status == "completed"
    assert [agent.state for agent in now.agents] == ["completed"] * len(NAMES)
    assert [agent.agent_output for agent in now.agents] == [
        f"{name} has answered" for name in NAMES
    ]
    assert [int(agent.attempt) for agent in now.agents] == ATTEMPTS
    assert len(now.runs) == sum(ATTEMPTS)
    by_attempt = sorted(set(case.world.calls))
    for _, calls in groupby(by_attempt, key=lambda call: call[:3]):
        assert len(list(calls)) == 1, "called again with another run"
    return case.points


def _number_of_points() -> int:
    points = _ends_right(None)
    assert points > 60
    return points


def _dies_at(points: range, embedded_aws: EmbeddedAws) -> None:
    for point in points:
        embedded_aws.reset()
        create_tables()
        try:
            _ends_right(point)
        except Exception as error:
            error.add_note(f"where the worker died at point {point}")
            raise


def test_a_session_ends_right_though_its_worker_died_at_some_points(
    tables: None, embedded_aws: EmbeddedAws
) -> None:
    _dies_at(range(1, _number_of_points() + 1, SAMPLE), embedded_aws)


@pytest.mark.stress
def test_a_session_ends_right_wherever_its_worker_dies(
    tables: None, embedded_aws: EmbeddedAws, tell: Callable[[str], None]
) -> None:
    points = _number_of_points()

    _dies_at(range(1, points + 1), embedded_aws)

    tell(f"crash matrix: {points} points before and after writes and messages")
