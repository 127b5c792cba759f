"""A decision on data that has changed since has no effect."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, looks, session_commands
from ai_coordination.engine.session import dispatch as dispatching
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import reads, writes
from ai_coordination.runtimes.base import Accepted, Answer, Call, RunFailed
from ai_coordination.states import AgentRuntimeKind
from ai_coordination.timestamps import parse
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.by_hand import ByHand
from tests.simulation.monitor import Monitor
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest
from tests.simulation.snapshot import Snapshot

MONTH_SECONDS = 30 * 24 * 3600
LAST_TRY: dict[str, Any] = {
    "agent_uuid": "one",
    "retry": {"max_attempts": 1},
    "timeout_seconds": 3_600,
}


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def fail(call: Call) -> Answer:
    raise RunFailed("The connection is gone")


def throttle(call: Call) -> Answer:
    raise RunFailed("Too many calls", throttled=True)


def key(agent: models.SessionAgent) -> dict[str, Any]:
    return {
        "session_uuid": agent.session_uuid,
        "session_agent_uuid": agent.session_agent_uuid,
        "run_uuid": agent.current_run_uuid,
    }


def accept(world: Simulator, agent: models.SessionAgent) -> None:
    agent_commands.accept(world.engine(), world.caller, **key(agent))


@pytest.mark.parametrize("refuse", [fail, throttle])
def test_a_worker_that_was_stopped_does_not_fail_the_run_that_another_has_taken_over(
    world: Simulator, refuse: Callable[[Call], Answer]
) -> None:
    stopped: list[Call] = []

    def answer(call: Call) -> Answer:
        if not stopped:
            stopped.append(call)
            raise Died("it is stopped, for longer than its lease")
        world.answers = refuse
        world.wake(stopped[0])
        return Answer("Right")

    world.answers = answer
    slow = SlowRequest(world, [LAST_TRY], AgentRuntimeKind.ECHO)

    (agent,) = slow.now().agents
    assert (agent.state, agent.agent_output) == ("completed", "Right")
    assert not agent.notes
    assert [run.outcome for run in slow.now().runs] == ["completed"]
    assert slow.now().session.status == "completed"


def test_a_worker_that_was_stopped_does_not_fail_what_the_agent_has_accepted(
    world: Simulator,
) -> None:
    """The agent was invoked twice, by both workers, and accepts the second invocation."""
    stopped: list[Call] = []

    def answer(call: Call) -> Accepted:
        if not stopped:
            stopped.append(call)
            raise Died("it is stopped, for longer than its lease")
        return Accepted()

    world.answers = answer
    slow = SlowRequest(world, [LAST_TRY], AgentRuntimeKind.ECHO)
    world.answers = fail
    world.wake(stopped[0])

    (agent,) = slow.now().agents
    assert agent.state == "in_progress"
    assert not agent.lease_until
    world.said[str(agent.current_run_uuid)].append("Right")
    agent_commands.complete(world.engine(), world.caller, **key(agent), agent_output="Right")
    assert slow.states() == [("completed", 1)]


def test_a_worker_that_was_stopped_may_still_complete_its_run(world: Simulator) -> None:
    stopped: list[Call] = []

    def answer(call: Call) -> Answer:
        if not stopped:
            stopped.append(call)
            raise Died("it is stopped, for longer than its lease")
        world.answers = lambda call: Answer("Of the first")
        world.wake(stopped[0])
        return Answer("Of the second")

    world.answers = answer
    slow = SlowRequest(world, [LAST_TRY], AgentRuntimeKind.ECHO)

    (agent,) = slow.now().agents
    assert (agent.state, agent.agent_output) == ("completed", "Of the first")
    assert [run.outcome for run in slow.now().runs] == ["completed"]


def test_a_look_at_an_agent_that_has_moved_on_has_no_effect_even_if_it_is_due_at_the_same_moment(
    world: Simulator,
) -> None:
    kind = models.SessionAgent
    world.answers = lambda call: Accepted()
    slow = SlowRequest(world, [{"agent_uuid": "one"}], AgentRuntimeKind.ECHO)
    (agent,) = slow.now().agents
    address = agent.session_uuid, agent.session_agent_uuid
    in_progress = reads.get(kind, *address, tenant=agent.partition_key)
    assert in_progress is not None
    agent_commands.fail(world.engine(), world.caller, **key(agent), notes="No")
    due_at = in_progress.due_at
    writes.update_if(
        kind(*address), [kind.due_at.set(due_at)], kind.state == "initial", world.context
    )

    assert looks.count(world.engine(), in_progress, due_at) is None

    (now,) = slow.now().agents
    assert (now.state, now.due_at) == ("initial", due_at)
    assert now.looks is None


@pytest.mark.parametrize("write", [1, 2])
def test_that_all_workers_died_is_not_said_of_an_agent_that_has_just_accepted(
    world: Simulator, write: int
) -> None:
    def die(call: Call) -> Answer:
        raise Died("each worker that invokes it dies")

    world.answers = die
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SlowRequest, "work_off", lambda slow: None)
        slow = SlowRequest(world, [LAST_TRY], AgentRuntimeKind.ECHO)
    while slow.now().agents[0].takeovers != 3:
        world.step()
    world.stand_still(3, loses=True)
    world.sweep()
    (agent,) = slow.now().agents
    writes = count(1)

    def seam(point: str) -> None:
        if point == "before writing" and next(writes) == write:
            world.seam = lambda point: None
            accept(world, agent)

    world.seam = seam
    slow.work_off()

    (agent,) = slow.now().agents
    assert agent.state == "in_progress"
    assert not agent.lease_until
    assert not agent.notes
    assert agent.due_at == agent.deadline_at


def test_an_agent_that_accepts_and_answers_at_once_is_looked_for_soon(world: Simulator) -> None:
    waited_for = member("agent-one", AgentRuntimeKind.LAMBDA)
    waited_for["runtime"]["parameters"] = {"invocation": "RequestResponse"}
    of_the_function = {"agent_uuid": "agent-one", "timeout_seconds": MONTH_SECONDS}
    watch = Monitor(world)

    def now() -> Snapshot:
        seen = watch.look()
        assert seen is not None
        return seen

    def answer(call: Call) -> Answer:
        accept(world, now().agents[0])
        world.clock += timedelta(seconds=10)
        world.seam = die_when_completed
        return Answer("Done")

    def die_when_completed(point: str) -> None:
        if point == "after writing" and now().agents[0].state == "completed":
            world.seam = lambda point: None
            raise Died(point)

    world.answers = answer
    task = Blueprint([waited_for], [{**LAST_TRY, **of_the_function}], []).make(world.caller)
    session_commands.start(
        world.engine(),
        world.caller,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
    )
    world.step()

    (agent,) = now().agents
    assert agent.state == "completed"
    assert parse(agent.due_at) <= world.clock + timedelta(minutes=2)


# After the mark, and before and after it is taken away.
@pytest.mark.parametrize("at", [2, 3, 4])
def test_a_slow_dispatch_that_is_refused_takes_no_later_mark_away(
    world: Simulator, at: int
) -> None:
    by_hand = ByHand(world)

    def die(point: str) -> None:
        raise Died(point)

    def others() -> None:
        if by_hand.now().session.operation:
            with pytest.raises(BadUserInput):
                by_hand.dispatch()
        by_hand.correct()
        by_hand.world.seam = lambda point: die(point) if point == "after writing" else None
        assert not survives(by_hand.dispatch)
        by_hand.world.seam = lambda point: None
        assert by_hand.now().session.operation == "dispatch"

    refused = by_hand.slow_dispatch(at, others)

    assert isinstance(refused, BadUserInput | InvalidState)
    while world.queue or by_hand.now().session.status != "completed":
        world.step()
    assert [(one.state, one.iteration) for one in by_hand.now().agents] == [("completed", 1)]


def test_a_slow_dispatch_readies_no_agent_once_it_was_undone(world: Simulator) -> None:
    by_hand = ByHand(world)

    def others() -> None:
        with pytest.raises(BadUserInput):
            by_hand.dispatch()
        by_hand.correct()

    refused = by_hand.slow_dispatch(2, others)

    assert isinstance(refused, InvalidState)
    assert [(one.state, one.iteration) for one in by_hand.now().agents] == [("initial", 0)]
    assert by_hand.now().session.status == "initial"
    assert by_hand.dispatch().status == "in_progress"


def test_a_session_that_is_being_dispatched_can_be_cancelled(world: Simulator) -> None:
    by_hand = ByHand(world)
    by_hand.correct()

    def cancel() -> None:
        session_commands.cancel(world.engine(), world.caller, **by_hand.key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatching, "resume", lambda engine, session: None)
        by_hand.dispatch()
    assert by_hand.now().session.operation == "dispatch"
    cancel()

    session = by_hand.now().session
    assert session.status == "cancelled"
    assert not session.operation
    assert not session.operation_token
    assert [one.state for one in by_hand.now().agents] == ["cancelled"]


@pytest.mark.parametrize("at", range(2, 6))
def test_a_slow_dispatch_starts_nothing_that_was_cancelled_meanwhile(
    world: Simulator, at: int
) -> None:
    by_hand = ByHand(world)
    by_hand.correct()

    by_hand.slow_dispatch(
        at, lambda: session_commands.cancel(world.engine(), world.caller, **by_hand.key)
    )

    assert by_hand.now().session.status == "cancelled"
    assert [one.state for one in by_hand.now().agents] == ["cancelled"]
