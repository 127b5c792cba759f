"""What a worker has decided on an agent that may start arrives late: others have worked on it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.engine.agent import conditions
from ai_coordination.engine.context import message
from ai_coordination.errors import TextUnavailable
from ai_coordination.messages import AgentMessage
from ai_coordination.runtimes.base import Answer, Call, Question
from ai_coordination.states import AgentRuntimeKind
from ai_coordination.timestamps import parse
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest

CLAIM = ("Put", "ai-coordination-session_runs")


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def unworked(world: Simulator, **rules: Any) -> SlowRequest:
    """A session of one agent that has two messages, which wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SlowRequest, "work_off", lambda slow: None)
        slow = SlowRequest(world, [{"agent_uuid": "one", **rules}], AgentRuntimeKind.ECHO)
    world.send([world.queue[0][2]])
    return slow


def agent_of(slow: SlowRequest) -> models.SessionAgent:
    (agent,) = slow.now().agents
    return agent


def ask_in_the_first_turn(call: Call) -> Answer | Question:
    return Question("Which?") if call.turn == 1 else Answer("done")


def reply(slow: SlowRequest) -> None:
    agent = agent_of(slow)
    slow.world.replied[str(agent.current_run_uuid)].append("That")
    agent_commands.answer(
        slow.world.engine(),
        slow.world.caller,
        session_uuid=agent.session_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        run_uuid=agent.current_run_uuid,
        user_input="That",
    )


def test_the_first_turn_is_not_claimed_again_once_the_second_has_begun(world: Simulator) -> None:
    """The agent is as it was before its first claim, but for the run that has asked."""
    world.answers = ask_in_the_first_turn
    slow = unworked(world)

    def others() -> None:
        world.step()
        reply(slow)

    late = LateWrite(world, others, *CLAIM)
    world.step()

    assert late.landed is False
    slow.work_off()
    assert slow.states() == [("completed", 1)]
    assert [run.outcome for run in slow.now().runs] == ["input_required", "completed"]


def ask_and_reply(slow: SlowRequest) -> None:
    slow.world.step()
    reply(slow)


def grow(slow: SlowRequest) -> None:
    """The agent adds another one, which has ended since."""
    while not slow.now().by_ordinal[0].grown or slow.now().by_ordinal[0].waiting_on:
        slow.world.step()


@pytest.mark.parametrize(
    ("others", "rules"), [(ask_and_reply, {}), (grow, {"for_each": {"items": "`[1]`"}})]
)
def test_an_agent_is_not_given_up_that_another_worker_could_read(
    world: Simulator, others: Callable[[SlowRequest], None], rules: dict[str, Any]
) -> None:
    """A text could not be read for a moment."""
    world.answers = lambda call: Answer("done") if rules else ask_in_the_first_turn(call)
    slow = unworked(world, **rules)
    lost = patch.object(conditions, "why_skipped", side_effect=TextUnavailable("for a moment"))

    def work() -> None:
        lost.stop()
        others(slow)
        assert slow.now().by_ordinal[0].state == "initial"

    lost.start()
    late = LateWrite(world, work, "failed")
    world.step()

    assert late.landed is False
    slow.work_off()
    assert {state for state, _ in slow.states()} == {"completed"}


def test_an_agent_is_not_delayed_twice(world: Simulator) -> None:
    slow = unworked(world, delay_seconds=300)

    def others() -> None:
        world.clock += timedelta(seconds=2)
        world.step()

    late = LateWrite(world, others, "delayed")
    began = world.clock
    world.step()

    assert late.landed is False
    assert parse(agent_of(slow).not_before) == began + timedelta(seconds=302)


def cancel(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)


def cancel_and_retry(slow: SlowRequest) -> None:
    """The agent has never run, so it has no run that would tell the iterations apart."""
    slow.ask(session_commands.cancel)
    slow.ask(session_commands.retry)


@pytest.mark.parametrize("others", [cancel, cancel_and_retry])
@pytest.mark.parametrize("seconds", [0, 300], ids=["claim", "delay"])
def test_nothing_starts_that_meanwhile_was_cancelled(
    world: Simulator, others: Callable[[SlowRequest], None], seconds: float
) -> None:
    slow = unworked(world, delay_seconds=seconds)
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(dict(vars(agent_of(slow))))

    late = LateWrite(world, work, *(["delayed"] if seconds else CLAIM))
    world.step()

    assert late.landed is False
    assert dict(vars(agent_of(slow))) == before[0]


def claim(slow: SlowRequest) -> None:
    """Another worker claims the agent, dies, and leaves the due time as it is."""

    def die(call: Call) -> Answer:
        raise Died("in its call")

    due_at = agent_of(slow).due_at
    slow.world.answers = die
    slow.world.step()
    assert (agent_of(slow).state, agent_of(slow).due_at) == ("in_progress", due_at)


def delay(slow: SlowRequest) -> None:
    slow.world.step()
    assert agent_of(slow).delayed


def skip(slow: SlowRequest) -> None:
    """Another worker skips the agent, and dies before it releases: the due time stays."""
    due_at = agent_of(slow).due_at

    def die() -> None:
        raise Died("after the skip")

    LateWrite(slow.world, die, "waiting_on", "ai-coordination-sessions")
    slow.world.step()
    assert (agent_of(slow).state, agent_of(slow).due_at) == ("skipped", due_at)


@pytest.mark.parametrize(
    ("others", "rules"),
    [
        (claim, {}),
        (skip, {"when": "`false`"}),
        (delay, {"delay_seconds": 300}),
        # The clock stands still, so the agent is due at the same moment.
        (cancel_and_retry, {}),
    ],
)
def test_a_look_that_comes_late_is_not_counted_and_its_worker_decides_nothing(
    world: Simulator, others: Callable[[SlowRequest], None], rules: dict[str, Any]
) -> None:
    slow = unworked(world, **rules)
    sent = message(agent_of(slow))
    assert isinstance(sent, AgentMessage)
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(dict(vars(agent_of(slow))))

    late = LateWrite(world, work, "looks", "due_at")
    message_handler.work(world.engine(), replace(sent, due_at=agent_of(slow).due_at))

    assert late.landed is False
    assert dict(vars(agent_of(slow))) == before[0]
