"""A worker dies before and after each write and message of a session, which ends correctly."""

from collections.abc import Callable

import pytest

from ai_coordination import texts
from ai_coordination.runtimes.base import Answer, Call, RunFailed, Usage
from ai_coordination.states import AgentRuntimeKind, SessionAgentState, UserInTheLoop
from tests.simulation import invariants
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    ends_right_with,
    is_spoilt_at_each_write,
    kept,
    sampled,
    spoilt_by,
    two_die,
)
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

NAMES = ["first", "left", "flaky", "last"]
FLAKY = 2
ATTEMPTS = [1, 1, 2, 1]
THROTTLED = 1
POINTS = 96
MODEL = "left"
BLUEPRINT = Blueprint(
    members=[
        member(name, AgentRuntimeKind.OPENAI if name == MODEL else AgentRuntimeKind.ECHO)
        for name in NAMES
    ],
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
    budget={"tokens": 200_000, "dollars": 1.5, "seconds": 100_000},
)


class Diamond(Started):
    """One arm is throttled, and then fails at first; the other is a model, and called twice in its
    run. The end is approved; the texts are large; there is a budget.
    """

    blueprint = BLUEPRINT
    query = LARGE

    def answer(self, call: Call) -> Answer:
        if call.agent.ordinal == FLAKY and call.attempt == 1:
            used = Usage(input_tokens=5, output_tokens=0, model="nova")
            raise RunFailed("Not yet", throttled=not call.agent.throttles, usage=used)
        if call.agent.agent_uuid == MODEL:
            call.reserve(70, 30)
        return kept(call, said(call))

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert [agent.state for agent in now.agents] == ["completed"] * len(NAMES)
        answers = [texts.read(TENANT, agent.agent_output) for agent in now.agents]
        assert answers == [f"{name} has answered: {LARGE}" for name in NAMES]
        assert [int(agent.attempt) for agent in now.agents] == ATTEMPTS
        assert len(now.runs) == sum(ATTEMPTS) + THROTTLED
        assert (now.session.used_input_tokens, now.session.used_output_tokens) == (410, 40)


class Lost(Diamond):
    """All texts that the bucket has at a moment are lost then."""

    def __init__(self, lost_at: int) -> None:
        super().__init__()
        self._lost_at = lost_at

    def meets(self, point: str) -> None:
        if self.points == self._lost_at:
            self.world.bucket.texts.clear()

    def ends_right(self, now: Snapshot) -> None:
        """Nothing is due, and who needed a text that is lost has failed, not tried again."""
        invariants.at_rest(now)
        failed = [agent for agent in now.agents if agent.state == SessionAgentState.FAILED]
        assert now.session.status == ("failed" if failed else "completed")
        assert {agent.notes for agent in failed} <= {"lost"}
        assert all(agent.attempt <= most for agent, most in zip(now.agents, ATTEMPTS, strict=True))


def said(call: Call) -> str:
    return f"{call.agent.agent_uuid} has answered: {LARGE}"


@sampled(17)
def test_a_session_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Diamond, POINTS, every=every)


@sampled(17)
def test_a_session_ends_whenever_its_texts_are_lost(every: int) -> None:
    ends = set()
    for point in range(1, POINTS + 1, every):
        case = Lost(point)
        ends_right_with(case, f"the texts were lost at point {point}")
        ends.add(case.monitor.look().session.status)  # type: ignore[union-attr]
    assert ends == {"completed", "failed"}


@spoilt_by("conflict", every=7)
def test_a_session_ends_right_whichever_write_is_spoilt(spoilt: str, every: int) -> None:
    is_spoilt_at_each_write(Diamond, spoilt, every)


@pytest.mark.stress
def test_a_session_ends_right_wherever_two_workers_die(write_line: Callable[[str], None]) -> None:
    points = two_die(Diamond, (1, 2, 3, 5, 8, 13, 21))

    write_line(f"crash matrix: {points} points before and after writes and messages")
