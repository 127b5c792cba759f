"""A worker dies, or loses a write, at each moment of a chain whose agents are handed over."""

from collections.abc import Callable
from unittest.mock import patch

import pytest

from ai_coordination import texts
from ai_coordination.engine import metrics, session_commands
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.states import AgentRuntimeKind, SessionAgentState
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    ends_right_with,
    is_spoilt_at_each_write,
    kept,
    two_die,
)
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

KINDS = {
    "first": AgentRuntimeKind.ECHO,
    "second": AgentRuntimeKind.ECHO,
    "draft": AgentRuntimeKind.OPENAI,
    "review": AgentRuntimeKind.OPENAI,
    "flaky": AgentRuntimeKind.ECHO,
    "last": AgentRuntimeKind.ECHO,
}
NAMES = list(KINDS)
ATTEMPTS = [1, 1, 1, 1, 2, 1]
# Not from `second` to `draft`: the worker of steps waits for no model.
HANDED_OVER = ["first", "draft", "review", "flaky"]
POINTS = 72
BLUEPRINT = Blueprint(
    members=[member(name, kind) for name, kind in KINDS.items()],
    actions=[
        {
            "agent_uuid": name,
            "predecessors": NAMES[max(place - 1, 0) : place],
            "retry": {"max_attempts": ATTEMPTS[place], "interval_seconds": 0},
        }
        for place, name in enumerate(NAMES)
    ],
    queries=[],
)


class Chain(Started):
    """Two steps, two models and two steps. One of them fails at first. Their texts are large."""

    blueprint = BLUEPRINT
    query = LARGE

    def answer(self, call: Call) -> Answer:
        if call.agent.agent_uuid == "flaky" and call.attempt == 1:
            raise RunFailed("Not yet")
        said = f"{call.agent.agent_uuid} has answered: {LARGE}"
        return Answer(said) if call.agent.agent_uuid == "first" else kept(call, said)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert [agent.state for agent in now.agents] == ["completed"] * len(NAMES)
        answers = [texts.read(TENANT, agent.agent_output) for agent in now.agents]
        assert answers == [f"{name} has answered: {LARGE}" for name in NAMES]
        assert [int(agent.attempt) for agent in now.agents] == ATTEMPTS
        assert len(now.runs) == sum(ATTEMPTS)
        assert (now.session.used_input_tokens, now.session.used_output_tokens) == (500, 50)


class Cancelled(Chain):
    """A caller cancels the session at a moment."""

    def __init__(self, cancelled_at: int) -> None:
        super().__init__()
        self._cancelled_at = cancelled_at

    def meets(self, point: str) -> None:
        if self.points == self._cancelled_at:
            now = self.monitor.look()
            # At the last points, the session has ended: such a cancel is refused.
            if now is not None and now.session.status != "completed":
                session_commands.cancel(
                    self.world.request(),
                    self.world.caller,
                    coordination_uuid=now.session.coordination_uuid,
                    session_uuid=now.session.session_uuid,
                )

    def ends_right(self, now: Snapshot) -> None:
        self.monitor.rest(now)
        states = [agent.state for agent in now.agents]
        ended = states.count(SessionAgentState.COMPLETED)
        # It may be cancelled after the last agent has ended.
        assert now.session.status == "cancelled" or ended == len(NAMES)
        assert states == ["completed"] * ended + ["cancelled"] * (len(NAMES) - ended)


def handed_over(case: Chain) -> list[str]:
    names: list[str] = []
    with patch.object(metrics, "handed_over", lambda: names.append(case.world.calls[-1].run_uuid)):
        case.run()
    now = case.monitor.look()
    assert now is not None
    by_run = {run.run_uuid: str(run.agent_uuid) for run in now.runs}
    return [by_run[run_uuid] for run_uuid in names]


def test_a_chain_is_handed_over_wherever_one_worker_can_go_on() -> None:
    assert handed_over(Chain()) == HANDED_OVER


def test_workers_of_an_earlier_version_finish_what_was_handed_over() -> None:
    for hands_over in (0.0, 0.5):
        chain = Chain()
        chain.world.hands_over = hands_over
        assert len(handed_over(chain)) < len(HANDED_OVER)


@pytest.mark.parametrize("every", [15, pytest.param(1, marks=pytest.mark.stress)])
def test_a_chain_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Chain, POINTS, every=every)


@pytest.mark.stress
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_chain_ends_right_whichever_write_is_spoilt(spoilt: str) -> None:
    is_spoilt_at_each_write(Chain, spoilt)


@pytest.mark.stress
def test_a_chain_that_is_cancelled_at_any_moment_ends_right() -> None:
    for point in range(3, POINTS + 1):
        ends_right_with(Cancelled(point), f"cancelled at point {point}")


@pytest.mark.stress
def test_a_chain_ends_right_wherever_two_workers_die(write_line: Callable[[str], None]) -> None:
    points = two_die(Chain, (1, 2, 3, 5, 8, 13, 21))

    write_line(f"crash matrix of handovers: {points} points before and after writes and messages")
