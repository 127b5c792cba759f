"""A runtime that stores its progress in the middle of a call goes on from there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import resume
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest

PROGRESS = {"transcript": ["Hello", 1.5, None, "x" * 5_000]}
ACTION: dict[str, Any] = {"agent_uuid": "one", "retry": {"interval_seconds": 0}}


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def run(world: Simulator, first: Callable[[Call], Answer], action: Any = ACTION) -> list[Call]:
    """Run a session of one agent until it has ended. Its first call does what `first` says."""
    calls: list[Call] = []

    def answer(call: Call) -> Answer:
        calls.append(call)
        return first(call) if len(calls) == 1 else Answer("done")

    world.answers = answer
    slow = SlowRequest(world, [action], AgentRuntimeKind.ECHO)
    while slow.now().session.status == "in_progress":
        world.step()
    return calls


def agent_of(call: Call) -> models.SessionAgent:
    return models.SessionAgent.get(call.agent.session_uuid, call.agent.session_agent_uuid)


def seen(calls: list[Call]) -> list[tuple[int, Any, bool]]:
    return [(call.attempt, call.resume, call.is_takeover) for call in calls]


def test_the_next_attempt_goes_on_from_the_checkpoint(world: Simulator) -> None:
    def fail(call: Call) -> Answer:
        assert call.checkpoint("earlier")
        assert call.checkpoint(PROGRESS)
        raise RunFailed("No")

    calls = run(world, fail)

    assert seen(calls) == [(1, None, False), (2, PROGRESS, False)]
    assert agent_of(calls[0]).state == "completed"
    assert agent_of(calls[0]).resume is None


def test_a_worker_that_takes_the_run_over_goes_on_from_the_checkpoint(world: Simulator) -> None:
    def die(call: Call) -> Answer:
        assert call.checkpoint(PROGRESS)
        raise Died("in the call")

    calls = run(world, die)

    assert seen(calls) == [(1, None, False), (1, PROGRESS, True)]
    assert calls[0].run_uuid == calls[1].run_uuid


def test_a_worker_whose_run_was_taken_over_or_is_over_stores_no_checkpoint(
    world: Simulator,
) -> None:
    landed: list[bool] = []

    def take_over(call: Call) -> Answer:
        world.answers = lambda second: taken_over(call, second)
        while agent_of(call).state == "in_progress":
            world.step()
        landed.append(call.checkpoint("too late"))
        raise Died("in the call")

    def taken_over(first: Call, second: Call) -> Answer:
        landed.append(first.checkpoint("of a worker taken for dead"))
        landed.append(second.checkpoint("of the worker that has it"))
        assert resume.load(agent_of(second)) == "of the worker that has it"
        return Answer("done")

    calls = run(world, take_over)

    assert landed == [False, True, False]
    assert agent_of(calls[0]).resume is None


@pytest.mark.parametrize(
    ("progress", "reason"),
    [
        (object(), "it is not JSON"),
        (float("nan"), "This JSON value cannot be stored"),
        ("x" * 2**21, "A text has at most 2 MB of UTF-8"),
    ],
)
def test_a_checkpoint_that_cannot_be_kept_fails_the_agent_and_is_not_tried_again(
    world: Simulator, progress: Any, reason: str
) -> None:
    def answer(call: Call) -> Answer:
        call.checkpoint(progress)
        return Answer("done")

    (call,) = run(world, answer)

    agent = agent_of(call)
    assert (agent.state, agent.attempt) == ("failed", 1)
    assert agent.resume is None
    assert agent.notes == f"What the agent needs to continue cannot be kept: {reason}"
