"""An operation's mark that arrives late is no second operation, and none of another session."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models, services
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.engine.session import dispatch, retry, start
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.messages import SessionMessage
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.by_hand import ByHand
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

ONE: list[dict[str, Any]] = [{"agent_uuid": "one", "retry": {"max_attempts": 1}}]


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


@pytest.fixture
def failed(world: Simulator) -> SlowRequest:
    """A session that has failed."""
    slow = SlowRequest(world, ONE)
    slow.fail_all()
    return slow


def begins(slow: SlowRequest | ByHand, operation: Any, mutation: Callable[[], Any]) -> None:
    """Another operation is marked, and its worker dies."""

    def die(*given: Any) -> None:
        raise Died("after the mark")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operation, "resume", die)
        assert not survives(mutation)


def begin_to_purge(slow: SlowRequest) -> None:
    slow.ask(session_commands.purge)


def begin_to_retry(slow: SlowRequest) -> None:
    begins(slow, retry, lambda: slow.ask(session_commands.retry))


def retry_and_fail(slow: SlowRequest) -> None:
    slow.ask(session_commands.retry)
    slow.work_off()
    slow.fail_all()


def retry_alone(slow: SlowRequest) -> None:
    slow.ask(session_commands.retry)


@pytest.mark.parametrize(
    ("others", "iteration", "operation"),
    [(begin_to_purge, 1, "purge"), (retry_and_fail, 2, None)],
    ids=["purged", "retried"],
)
def test_a_session_is_not_retried_that_meanwhile_was(
    failed: SlowRequest,
    others: Callable[[SlowRequest], None],
    iteration: int,
    operation: str | None,
) -> None:
    late = LateWrite(failed.world, lambda: others(failed), "doing_token", "retry-plan")
    with pytest.raises(InvalidState):
        failed.ask(session_commands.retry)

    assert late.landed is False
    session = failed.now().session
    assert (session.iteration_count, session.operation) == (iteration, operation)


@pytest.mark.parametrize(
    ("others", "operation"),
    [(retry_alone, None), (begin_to_retry, "retry-plan")],
    ids=["retried", "about to be retried"],
)
def test_a_session_is_not_purged_that_meanwhile_is(
    failed: SlowRequest, others: Callable[[SlowRequest], None], operation: str | None
) -> None:
    late = LateWrite(failed.world, lambda: others(failed), "doing_token", "purge")
    with pytest.raises(InvalidState):
        failed.ask(session_commands.purge)

    assert late.landed is False
    assert failed.now().session.operation == operation


def cancel_by_hand(by_hand: ByHand) -> None:
    session_commands.cancel(by_hand.world.engine(), by_hand.world.caller, **by_hand.key)


def empty(by_hand: ByHand) -> None:
    services.session_agent.delete(by_hand.world.caller, by_hand.key["session_uuid"], by_hand.wrong)


@pytest.mark.parametrize(
    ("others", "refused"),
    [(cancel_by_hand, InvalidState), (empty, BadUserInput)],
    ids=["cancelled", "emptied"],
)
def test_a_session_is_not_dispatched_that_meanwhile_was(
    world: Simulator, others: Callable[[ByHand], None], refused: type[Exception]
) -> None:
    by_hand = ByHand(world)
    status = "cancelled" if others is cancel_by_hand else "initial"

    late = LateWrite(world, lambda: others(by_hand), "doing_token", "dispatch")
    with pytest.raises(refused):
        by_hand.dispatch()

    assert late.landed is False
    session = by_hand.now().session
    assert session.status == status
    assert not session.operation


def test_a_session_is_dispatched_under_one_mark(world: Simulator) -> None:
    by_hand = ByHand(world)
    by_hand.correct()

    def others() -> None:
        begins(by_hand, dispatch, by_hand.dispatch)

    late = LateWrite(world, others, "doing_token", "dispatch")
    started = by_hand.dispatch()

    assert late.landed is False
    assert started.status == "in_progress"


def with_seconds(world: Simulator, seconds: int) -> SlowRequest:
    """A session in progress whose budget has so many seconds more than it began with: 100."""
    slow = SlowRequest(world, ONE, budget={"seconds": 100})
    give(slow, seconds)
    world.clock += timedelta(seconds=101)
    world.sweep()
    return slow


def give(slow: SlowRequest, seconds: int) -> None:
    session = slow.session
    given = {"budget": {"seconds": seconds}}
    services.session.update(
        slow.world.caller, session.coordination_uuid, session.session_uuid, given
    )


def test_a_session_that_gets_more_time_meanwhile_is_not_failed(world: Simulator) -> None:
    slow = with_seconds(world, 100)

    late = LateWrite(world, lambda: give(slow, 1_000), "doing_token", "fail")
    slow.work_off()

    assert late.landed is False
    assert slow.now().session.status == "in_progress"


def test_a_session_that_gets_less_time_meanwhile_is_due_then(world: Simulator) -> None:
    slow = with_seconds(world, 1_000)
    due_at = slow.now().session.due_at

    late = LateWrite(world, lambda: give(slow, 200), "due_at")
    slow.work_off()

    assert late.landed is False
    assert slow.now().session.due_at == due_at


def test_an_agent_is_made_ready_once(world: Simulator) -> None:
    by_hand = ByHand(world)
    by_hand.correct()

    def others() -> None:
        def die() -> None:
            raise Died("before the start")

        LateWrite(world, die, "started_at")
        assert not survives(by_hand.dispatch)

    late = LateWrite(world, others, "thread_from")
    started = by_hand.dispatch()

    assert late.landed is False
    assert started.status == "in_progress"


def test_a_look_for_one_dispatch_is_not_counted_for_the_next_one(world: Simulator) -> None:
    """The clock stands still, so the session is due at the same moment."""
    by_hand = ByHand(world)
    begins(by_hand, dispatch, by_hand.dispatch)
    found = services.session.get(world.caller, *by_hand.key.values())
    assert found is not None
    sent = message(found)
    assert isinstance(sent, SessionMessage)

    def others() -> None:
        message_handler.work(world.engine(), sent)
        assert not by_hand.now().session.operation
        by_hand.correct()
        begins(by_hand, dispatch, by_hand.dispatch)
        assert by_hand.now().session.due_at == found.due_at

    late = LateWrite(world, others, "looks", without="doing")
    message_handler.work(world.engine(), replace(sent, due_at=found.due_at))

    assert late.landed is False
    assert by_hand.now().session.looks is None


def test_a_session_that_loses_an_agent_meanwhile_is_not_retried(failed: SlowRequest) -> None:
    (agent,) = failed.now().agents

    def others() -> None:
        failed.world.landed = lambda: None
        caller, session_uuid = failed.world.caller, agent.session_uuid
        services.session_run.delete(caller, session_uuid, agent.current_run_uuid)
        services.session_agent.delete(caller, session_uuid, agent.session_agent_uuid)

    late = LateWrite(failed.world, others, "doing_token", "retry-plan")
    with pytest.raises(InvalidState):
        failed.ask(session_commands.retry)

    assert late.landed is False


def test_a_sweep_makes_nothing_due_that_is_done_meanwhile(world: Simulator) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        slow = SlowRequest(world, ONE, AgentRuntimeKind.ECHO)
    world.clock += timedelta(minutes=2)

    late = LateWrite(world, slow.work_off, "due_at", "due_count")
    world.sweep()

    assert late.landed is False
    assert slow.states() == [("completed", 1)]
    assert slow.now().agents[0].due_at is None


def cancel_what_is_there(world: Simulator) -> None:
    (session,) = models.Session.scan()
    session_commands.cancel(
        world.engine(),
        world.caller,
        coordination_uuid=session.coordination_uuid,
        session_uuid=session.session_uuid,
    )


@pytest.mark.parametrize(
    ("words", "agents"),
    [(("Put", "agent_count"), []), (("waiting_on", "started_at"), [("cancelled", 1)])],
    ids=["agents", "the session"],
)
def test_nothing_is_started_late_in_a_session_that_was_cancelled_and_it_cannot_be_retried(
    world: Simulator, words: tuple[str, str], agents: list[tuple[str, int]]
) -> None:
    with patch.object(start, "MOST_AT_ONCE", 0), patch.object(start, "CHUNK", 1):
        late = LateWrite(world, lambda: cancel_what_is_there(world), *words, without="graph_size")
        slow = SlowRequest(world, ONE, AgentRuntimeKind.ECHO)
    with pytest.raises(InvalidState):
        slow.ask(session_commands.retry)

    assert late.landed is False
    assert slow.now().session.status == "cancelled"
    assert slow.states() == agents
