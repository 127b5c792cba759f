"""A worker dies before and after each write and each message of a session, which ends right."""

from collections.abc import Callable, Collection
from typing import Any

import pytest

from ai_coordination.services import texts
from ai_coordination.services.execution import lifecycle, reports
from ai_coordination.services.execution.engine import Answer, Call, RunFailed
from ai_coordination.states import SessionAgentState, UserInTheLoop
from tests.simulation import invariants
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.people import insist
from tests.simulation.seen import Seen
from tests.simulation.watch import Watch
from tests.simulation.world import CALLER, Died, World, survives

NAMES = ["first", "left", "flaky", "last"]
FLAKY = 2
ATTEMPTS = [1, 1, 2, 1]
MOST_STEPS = 100
POINTS = 86
BLUEPRINT = Blueprint(
    members=[member(name) for name in NAMES],
    actions=[
        {"agent_uuid": "first"},
        {"agent_uuid": "left", "predecessors": ["first"]},
        {"agent_uuid": "flaky", "predecessors": ["first"], "retry": {"max_attempts": 2}},
        {
            "agent_uuid": "last",
            "predecessors": ["left", "flaky"],
            "user_in_the_loop": UserInTheLoop.APPROVAL,
        },
    ],
    queries=[],
)


class Case:
    """A diamond of which one arm fails at first, and whose end is approved; its texts are large."""

    def __init__(self, dies_at: Collection[int] = (), spoilt: str | None = None) -> None:
        self.world = World()
        self.world.answers = self._answer
        self.world.seam = self._seam
        self.world.landed = self._look
        self.world.spoils = self._spoil
        self.watch = Watch(self.world)
        self.points = self.writes = 0
        self._dies_at = dies_at
        self._spoilt = spoilt

    def _look(self) -> None:
        self.watch.look()

    def _seam(self, point: str) -> None:
        self.points += 1
        if self.points in self._dies_at and not self._spoilt:
            raise Died(point)

    def _spoil(self, operation: str, request: Any) -> str | None:
        self.writes += 1
        return self._spoilt if self.writes in self._dies_at else None

    def _answer(self, call: Call) -> Answer:
        if call.agent.ordinal == FLAKY and call.attempt == 1:
            raise RunFailed("Not yet")
        return Answer(texts.keep(texts.Owner.of(call.agent), said(call)))

    def run(self) -> Seen:
        """Until nothing is due, and the last agent has been approved."""
        with self.world.running():
            task = insist(BLUEPRINT.make)
            self.points = self.writes = 0
            insist(
                lambda: lifecycle.start(
                    self.world.engine(),
                    CALLER,
                    coordination_uuid=task.coordination_uuid,
                    task_uuid=task.task_uuid,
                    task_query=LARGE,
                    idempotency_key="once",
                )
            )
            for _ in range(MOST_STEPS):
                self.world.step()
                survives(self._approve)
                now = self.watch.look()
                if now and now.is_at_rest() and not self.world.queue:
                    self._ends_right(now)
                    return now
        raise AssertionError("it does not come to rest")

    def _approve(self) -> None:
        now = self.watch.look()
        for agent in now.agents if now else ():
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                reports.answer(
                    self.world.engine(),
                    CALLER,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    approved=True,
                )

    def _ends_right(self, now: Seen) -> None:
        self.watch.rest(now)
        assert now.session.status == "completed"
        assert [agent.state for agent in now.agents] == ["completed"] * len(NAMES)
        answers = [texts.read(CALLER.partition_key, agent.agent_output) for agent in now.agents]
        assert answers == [f"{name} has answered: {LARGE}" for name in NAMES]
        assert [int(agent.attempt) for agent in now.agents] == ATTEMPTS
        assert len(now.runs) == sum(ATTEMPTS)


class Lost(Case):
    """All texts that the bucket has at a moment are lost then."""

    def __init__(self, lost_at: int) -> None:
        super().__init__()
        self._lost_at = lost_at

    def _seam(self, point: str) -> None:
        self.points += 1
        if self.points == self._lost_at:
            self.world.bucket.texts.clear()

    def _ends_right(self, now: Seen) -> None:
        """Nothing is due, and who needed a text that is lost has failed, not tried again."""
        invariants.at_rest(now)
        failed = [agent for agent in now.agents if agent.state == SessionAgentState.FAILED]
        assert now.session.status == ("failed" if failed else "completed")
        assert {agent.notes for agent in failed} <= {"lost"}
        assert all(agent.attempt <= most for agent, most in zip(now.agents, ATTEMPTS, strict=True))


def said(call: Call) -> str:
    return f"{call.agent.agent_uuid} has answered: {LARGE}"


def _without_faults() -> Case:
    case = Case()
    case.run()
    return case


def _ends_right_with(case: Case, where: object) -> None:
    try:
        case.run()
    except Exception as error:
        error.add_note(f"where it went wrong: {where}")
        raise


def test_a_session_ends_right_wherever_its_worker_dies() -> None:
    points = _without_faults().points
    # Before and after each write of a row or a text, and each sending.
    assert points == POINTS

    for point in range(1, points + 1):
        _ends_right_with(Case([point]), f"the worker died at point {point}")


def test_a_session_ends_whenever_its_texts_are_lost() -> None:
    ends = set()
    for point in range(1, _without_faults().points + 1):
        case = Lost(point)
        _ends_right_with(case, f"the texts were lost at point {point}")
        ends.add(case.watch.look().session.status)  # type: ignore[union-attr]
    assert ends == {"completed", "failed"}


@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_session_ends_right_whichever_write_is_spoilt(spoilt: str) -> None:
    for write in range(1, _without_faults().writes + 1):
        _ends_right_with(Case([write], spoilt), f"{spoilt} at write {write}")


@pytest.mark.stress
def test_a_session_ends_right_wherever_two_workers_die(tell: Callable[[str], None]) -> None:
    points = _without_faults().points

    for point in range(1, points + 1):
        for later in (1, 2, 3, 5, 8, 13, 21):
            at = [point, point + later]
            _ends_right_with(Case(at), f"workers died at points {at}")

    tell(f"crash matrix: {points} points before and after writes and messages")
