"""Events that were sent are removed late: by then the item is due for something else.

The clock stands still, so a due time that was set meanwhile may be the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import services
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.engine.session import retry as retrying
from ai_coordination.messages import SessionMessage
from ai_coordination.runtimes.base import Answer, Call, Question
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.bus import Bus
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

REMOVAL = "unsent_events"
IN_A_ROW: list[dict[str, Any]] = [
    {"agent_uuid": "one"},
    {"agent_uuid": "other", "predecessors": ["one"]},
]


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        world.bus = Bus(world)
        yield world


def unworked(world: Simulator, actions: list[dict[str, Any]]) -> SlowRequest:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, actions, AgentRuntimeKind.ECHO)


def bus_of(world: Simulator) -> Bus:
    assert world.bus is not None
    return world.bus


def removed_late(world: Simulator, others: Callable[[], None]) -> LateWrite:
    """The removal adds no event, and changes no state."""
    return LateWrite(world, others, REMOVAL, without="updated_at")


def reply(slow: SlowRequest) -> None:
    agent = slow.now().agents[0]
    slow.world.replied[str(agent.current_run_uuid)].append("That")
    agent_commands.answer(
        slow.world.engine(),
        slow.world.caller,
        session_uuid=agent.session_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        run_uuid=agent.current_run_uuid,
        user_input="That",
    )


def refuse_and_ask_again(slow: SlowRequest) -> None:
    """The bus accepts nothing, so the next question is still to be told."""
    reply(slow)
    bus_of(slow.world).refused = 1.0
    slow.world.step()
    assert slow.now().agents[0].turn == 2


@pytest.mark.parametrize(
    ("others", "state"),
    [(reply, "initial"), (refuse_and_ask_again, "waiting_for_input")],
    ids=["replied", "asks again"],
)
def test_an_agent_stays_due_that_goes_on_while_the_event_of_its_question_is_removed(
    world: Simulator, others: Callable[[SlowRequest], None], state: str
) -> None:
    world.answers = lambda call: Question(f"Which in turn {call.turn}?")
    slow = unworked(world, [{"agent_uuid": "one"}])

    late = removed_late(world, lambda: others(slow))
    world.step()

    assert late.landed is False
    agent = slow.now().agents[0]
    assert agent.state == state
    assert agent.due_at


def test_a_session_that_a_sweep_has_found_meanwhile_is_looked_at_again(world: Simulator) -> None:
    slow = unworked(world, [{"agent_uuid": "one"}])

    def others() -> None:
        world.stand_still(2)
        world.sweep()

    late = removed_late(world, others)
    world.step()

    assert late.landed is False
    assert slow.now().session.due_at is None
    assert not slow.now().session.unsent_events


def retry(slow: SlowRequest) -> None:
    agent = slow.now().agents[0]
    slow.world.named.add(0)
    session_commands.retry(
        slow.world.engine(),
        slow.world.caller,
        coordination_uuid=slow.session.coordination_uuid,
        session_uuid=slow.session.session_uuid,
        session_agent_uuids=[agent.session_agent_uuid],
    )


def begin_to_retry(slow: SlowRequest) -> None:
    """The retry is marked, and its worker dies."""

    def die(*given: Any) -> None:
        raise Died("after the mark")

    with patch.object(retrying, "resume", die):
        assert not survives(lambda: retry(slow))


def look(slow: SlowRequest, *, is_swept: bool = False) -> None:
    """A worker looks at the session."""
    session = slow.session
    key = session.coordination_uuid, session.session_uuid
    found = services.session.get(slow.world.caller, *key)
    assert found is not None
    sent = message(found)
    assert isinstance(sent, SessionMessage)
    due_at = found.due_at if is_swept else None
    message_handler.work(slow.world.engine(), replace(sent, due_at=due_at))


def end_again(slow: SlowRequest) -> None:
    """The bus accepts nothing, so the next end is still to be told."""
    bus_of(slow.world).refused = 1.0
    if slow.now().session.status == "completed":
        retry(slow)
    while slow.now().session.status != "completed":
        slow.world.step()


@pytest.mark.parametrize(
    ("others", "iteration"), [(begin_to_retry, 1), (end_again, 2)], ids=["is retried", "ends again"]
)
def test_a_session_stays_due_that_goes_on_while_the_event_of_its_end_is_removed(
    world: Simulator, others: Callable[[SlowRequest], None], iteration: int
) -> None:
    slow = unworked(world, [{"agent_uuid": "one"}])

    late = removed_late(world, lambda: others(slow))
    world.step()

    assert late.landed is False
    assert slow.now().session.iteration_count == iteration
    assert slow.now().session.due_at


def test_a_session_stays_due_that_ends_while_the_event_of_an_earlier_end_is_removed(
    world: Simulator,
) -> None:
    slow = unworked(world, [{"agent_uuid": "one"}])
    bus_of(world).refused = 1.0
    world.step()
    retry(slow)
    bus_of(world).refused = 0.0

    late = removed_late(world, lambda: end_again(slow))
    look(slow)

    assert late.landed is False
    assert slow.now().session.status == "completed"
    assert slow.now().session.due_at


@pytest.mark.parametrize("is_in_progress", [False, True])
def test_a_look_for_the_event_of_an_end_is_not_counted_for_that_of_the_next_end(
    world: Simulator, *, is_in_progress: bool
) -> None:
    slow = unworked(world, [{"agent_uuid": "one"}])
    bus_of(world).refused = 1.0
    world.step()
    if is_in_progress:
        retry(slow)

    late = LateWrite(world, lambda: end_again(slow), "looks", without="updated_at")
    look(slow, is_swept=True)

    assert late.landed is False
    assert slow.now().session.iteration_count == 2
    assert slow.now().session.looks is None


def test_an_event_that_is_removed_late_makes_no_agent_of_a_session_that_was_purged(
    world: Simulator,
) -> None:
    world.answers = lambda call: Question("Which?") if call.turn == 1 else Answer("done")
    bus_of(world).refused = 1.0
    slow = unworked(world, [{"agent_uuid": "one"}])
    world.step()
    reply(slow)
    bus_of(world).refused = 0.0

    def others() -> None:
        while slow.now().session.status != "completed":
            world.step()
        world.landed = lambda: None
        slow.ask(session_commands.purge)
        while world.store.items()["ai-coordination-sessions"]:
            world.step()

    late = removed_late(world, others)
    message_handler.work(world.engine(), message(slow.now().agents[0]))

    assert late.landed is False
    assert not world.store.items()["ai-coordination-session_agents"]


def release(slow: SlowRequest) -> None:
    message_handler.work(slow.world.engine(), message(slow.now().agents[0]))


def cancel_and_retry(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)
    retry(slow)


@pytest.mark.parametrize("others", [release, cancel_and_retry])
def test_an_agent_that_is_released_or_reset_while_its_event_is_removed_stays_due(
    world: Simulator, others: Callable[[SlowRequest], None]
) -> None:
    """It had asked before the session was cancelled, and waits again for the one before it."""

    def answer(call: Call) -> Answer | Question:
        return Answer("done") if call.agent.agent_uuid == "one" else Question("Which?")

    world.answers = answer
    bus_of(world).refused = 1.0
    slow = unworked(world, IN_A_ROW)
    while slow.now().agents[1].state != "waiting_for_input":
        world.step()
    slow.ask(session_commands.cancel)
    retry(slow)
    assert slow.now().agents[1].unsent_events
    assert slow.now().agents[1].waiting_on
    bus_of(world).refused = 0.0

    late = removed_late(world, lambda: others(slow))
    message_handler.work(world.engine(), message(slow.now().agents[1]))

    assert late.landed is False
