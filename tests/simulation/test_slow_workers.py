"""A worker that is slow between two writes does not affect a session that has moved on."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.runtimes.base import Accepted, Answer, Call
from ai_coordination.states import AgentRuntimeKind, FailurePolicy
from tests.simulation.simulator import Simulator
from tests.simulation.slow_request import NAMES, SlowRequest

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}}
SIDE_BY_SIDE: list[dict[str, Any]] = [{"agent_uuid": name, **ONCE} for name in NAMES]
IN_A_ROW: list[dict[str, Any]] = [
    {"agent_uuid": "one", **ONCE, "on_failure": FailurePolicy.CONTINUE},
    {"agent_uuid": "other", "predecessors": ["one"]},
]


# After the first write, and before and after two more.
at_any_moment = pytest.mark.parametrize("moment", range(2, 7))


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


@pytest.fixture
def slow(world: Simulator) -> SlowRequest:
    return SlowRequest(world, SIDE_BY_SIDE)


@at_any_moment
def test_who_is_slow_at_ending_a_session_leaves_its_next_iteration_alone(
    slow: SlowRequest, moment: int
) -> None:
    def others() -> None:
        slow.ask(session_commands.cancel)
        slow.ask(session_commands.retry)
        slow.work_off()

    slow.while_slow_at(moment, others)
    slow.ask(session_commands.cancel)

    session = slow.now().session
    assert (session.status, session.iteration_count) == ("in_progress", 2)
    assert slow.states() == [("in_progress", 2), ("in_progress", 2)]


@at_any_moment
def test_who_is_slow_at_retrying_a_session_leaves_its_later_iterations_alone(
    slow: SlowRequest, moment: int
) -> None:
    slow.fail_all()

    def others() -> None:
        slow.ask(session_commands.retry)
        slow.work_off()
        slow.fail_all()
        slow.ask(session_commands.retry)
        slow.work_off()
        slow.fail_all()

    slow.while_slow_at(moment, others)
    slow.ask(session_commands.retry)
    slow.work_off()

    session = slow.now().session
    assert (session.status, session.iteration_count) == ("failed", 3)
    assert {iteration for _, iteration in slow.states()} == {3}


@pytest.mark.parametrize("moment", range(1, 5))
def test_who_is_slow_at_releasing_releases_nobody_of_the_next_iteration(
    world: Simulator, moment: int
) -> None:
    slow = SlowRequest(world, IN_A_ROW)

    def others() -> None:
        slow.ask(session_commands.cancel)
        slow.ask(session_commands.retry)
        slow.work_off()

    slow.fail_all(others_at=moment, others=others)

    assert slow.states() == [("in_progress", 2), ("initial", 2)]
    assert slow.now().agents[1].waiting_on == {0}


def test_an_answer_that_comes_after_the_next_attempt_has_begun_is_not_taken(
    world: Simulator,
) -> None:
    calls = count(1)

    def answer(call: Call) -> Answer | Accepted:
        if next(calls) == 2:
            return Accepted()
        world.clock += timedelta(seconds=120)
        world.sweep()
        while world.queue:
            world.step()
        return Answer("Too late")

    world.answers = answer
    action = {"agent_uuid": "one", "timeout_seconds": 30, "retry": {"interval_seconds": 0}}
    slow = SlowRequest(world, [action], AgentRuntimeKind.ECHO)

    (agent,) = slow.now().agents
    assert (agent.state, agent.attempt) == ("in_progress", 2)
    assert agent.agent_output is None
    assert [run.outcome for run in slow.now().runs] == ["timed_out", None]
