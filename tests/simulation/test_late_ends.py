"""A session's end, or its mark, that arrives late changes nothing of what has come before it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, session_commands
from ai_coordination.engine.agent import claim
from ai_coordination.errors import InvalidState
from ai_coordination.models import reads
from ai_coordination.runtimes.base import Answer, Call, RunFailed, Usage
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

ONE: list[dict[str, Any]] = [{"agent_uuid": "one", "retry": {"max_attempts": 1}}]
COMPLETION = ("final_progress", "completed")
CANCELLATION = ("doing_token", "cancel")
FAILURE = ("doing_token", "fail")


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def unworked(world: Simulator, retry: dict[str, Any] = ONE[0]["retry"]) -> SlowRequest:
    """A session of one agent that answers at once, and whose message waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, [{**ONE[0], "retry": retry}], AgentRuntimeKind.ECHO)


def key(slow: SlowRequest) -> dict[str, Any]:
    (agent,) = slow.now().agents
    return {
        "session_uuid": agent.session_uuid,
        "session_agent_uuid": agent.session_agent_uuid,
        "run_uuid": agent.current_run_uuid,
    }


def retry(slow: SlowRequest) -> None:
    (agent,) = slow.now().agents
    slow.world.named.add(int(agent.ordinal))
    session_commands.retry(
        slow.world.engine(),
        slow.world.caller,
        coordination_uuid=slow.session.coordination_uuid,
        session_uuid=slow.session.session_uuid,
        session_agent_uuids=[agent.session_agent_uuid],
    )


def dies_at(world: Simulator, *words: str) -> LateWrite:
    """The worker of the next such write dies before it."""

    def die() -> None:
        raise Died("before the write")

    return LateWrite(world, die, *words)


def until_completed(slow: SlowRequest) -> None:
    while slow.now().session.status != "completed":
        slow.world.step()


def test_the_completion_of_one_iteration_does_not_complete_the_next_one(world: Simulator) -> None:
    slow = unworked(world)

    def others() -> None:
        until_completed(slow)
        retry(slow)
        dies_at(world, *COMPLETION)
        while slow.now().session.waiting_on:
            world.step()

    late = LateWrite(world, others, *COMPLETION)
    world.step()

    assert late.landed is False
    assert slow.now().session.iteration_count == 2
    until_completed(slow)
    assert slow.states() == [("completed", 2)]


def cancel(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)


def begin_to_cancel(slow: SlowRequest) -> None:
    """The session is marked to be cancelled, and its worker dies before it has ended it."""
    died = dies_at(slow.world, "final_progress", "cancelled")
    assert not survives(lambda: cancel(slow))
    assert died.landed is None
    assert slow.now().session.operation == "cancel"


@pytest.mark.parametrize("others", [cancel, begin_to_cancel])
def test_a_session_that_is_cancelled_meanwhile_is_not_completed(
    world: Simulator, others: Callable[[SlowRequest], None]
) -> None:
    slow = unworked(world)

    late = LateWrite(world, lambda: others(slow), *COMPLETION)
    world.step()

    assert late.landed is False
    while slow.now().session.operation:
        world.step()
    assert slow.now().session.status == "cancelled"


def complete(slow: SlowRequest) -> None:
    slow.world.said[str(key(slow)["run_uuid"])].append("Done")
    agent_commands.complete(
        slow.world.engine(), slow.world.caller, **key(slow), agent_output="Done"
    )
    slow.work_off()


def cancel_and_retry(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)
    slow.ask(session_commands.retry)
    slow.work_off()


def begin_to_fail(slow: SlowRequest) -> None:
    """The session is marked to fail, and its worker dies before it has ended it."""
    died = dies_at(slow.world, "final_progress", "failed")
    agent_commands.fail(slow.world.engine(), slow.world.caller, **key(slow), notes="No")
    slow.world.step()
    assert died.landed is None
    assert slow.now().session.operation == "fail"


@pytest.mark.parametrize(
    ("others", "status", "iteration"),
    [
        (complete, "completed", 1),
        (cancel_and_retry, "in_progress", 2),
        (begin_to_fail, "failed", 1),
    ],
    ids=["completed", "retried", "about to fail"],
)
def test_a_session_is_not_cancelled_that_meanwhile_was(
    world: Simulator, others: Callable[[SlowRequest], None], status: str, iteration: int
) -> None:
    slow = SlowRequest(world, ONE)

    late = LateWrite(world, lambda: others(slow), *CANCELLATION)
    with pytest.raises(InvalidState):
        slow.ask(session_commands.cancel)

    assert late.landed is False
    slow.work_off()
    session = slow.now().session
    assert (session.status, session.iteration_count) == (status, iteration)
    assert not session.operation


def fail_and_retry(slow: SlowRequest) -> None:
    slow.fail_all()
    slow.ask(session_commands.retry)
    slow.work_off()


@pytest.mark.parametrize(
    ("others", "status", "iteration"),
    [
        (SlowRequest.work_off, "failed", 1),
        (fail_and_retry, "in_progress", 2),
        (begin_to_cancel, "cancelled", 1),
    ],
    ids=["ended", "retried", "about to be cancelled"],
)
def test_a_session_is_not_failed_that_meanwhile_was(
    world: Simulator, others: Callable[[SlowRequest], None], status: str, iteration: int
) -> None:
    slow = SlowRequest(world, ONE)
    agent_commands.fail(world.engine(), world.caller, **key(slow), notes="No")
    world.send([world.queue[0][2]])

    late = LateWrite(world, lambda: others(slow), *FAILURE)
    slow.work_off()

    assert late.landed is False
    while slow.now().session.operation:
        world.step()
    session = slow.now().session
    assert (session.status, session.iteration_count) == (status, iteration)


def test_an_agent_that_has_run_meanwhile_is_cancelled_with_all_that_it_used(
    world: Simulator,
) -> None:
    """A worker had read the session before it was marked, so it claims the next attempt."""
    used = iter([10, 7])

    def fail(call: Call) -> Answer:
        raise RunFailed("No", usage=Usage(input_tokens=next(used), output_tokens=0))

    world.answers = fail
    slow = unworked(world, {"max_attempts": 3, "interval_seconds": 0})
    world.step()
    agent = slow.now().agents[0]
    address = agent.session_uuid, agent.session_agent_uuid
    read = reads.get(models.SessionAgent, *address, tenant=agent.partition_key)
    assert read is not None

    def others() -> None:
        claim.claim(world.engine(), slow.session, read, ())
        assert slow.now().agents[0].attempt == 2

    late = LateWrite(world, others, "cancelled", "ai-coordination-session_agents")
    slow.ask(session_commands.cancel)

    assert late.landed is False
    assert slow.states() == [("cancelled", 1)]
    assert slow.now().session.used_input_tokens == 17
