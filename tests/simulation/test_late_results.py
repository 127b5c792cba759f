"""What a worker has decided on a run arrives late: others have worked on it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, looks, message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.errors import InvalidState
from ai_coordination.messages import AgentMessage, decode
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question, Result
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

ACTION: dict[str, Any] = {"agent_uuid": "one", "timeout_seconds": 600}
TAKEOVER = ("lease_owner", "takeovers", "UpdateExpression")


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def unworked(world: Simulator, answers: Callable[[Call], Result], **rules: Any) -> SlowRequest:
    """A session of one agent whose message waits."""
    world.answers = answers
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, [{**ACTION, **rules}], AgentRuntimeKind.ECHO)


def started(world: Simulator, answers: Callable[[Call], Result], **rules: Any) -> SlowRequest:
    """The same after a worker has handled its message."""
    slow = unworked(world, answers, **rules)
    world.step()
    return slow


def agent_of(slow: SlowRequest) -> models.SessionAgent:
    (agent,) = slow.now().agents
    return agent


def key(slow: SlowRequest) -> dict[str, Any]:
    agent = agent_of(slow)
    return {
        "session_uuid": agent.session_uuid,
        "session_agent_uuid": agent.session_agent_uuid,
        "run_uuid": agent.current_run_uuid,
    }


def state_of(slow: SlowRequest) -> dict[str, Any]:
    """Everything that is stored of the agent."""
    return dict(vars(agent_of(slow)))


def look(slow: SlowRequest, *, is_swept: bool = False) -> None:
    """Another worker looks at the agent."""
    agent = agent_of(slow)
    sent = message(agent)
    assert isinstance(sent, AgentMessage)
    if is_swept:
        sent = replace(sent, due_at=agent.due_at)
    survives(lambda: message_handler.work(slow.world.engine(), sent))


def die(call: Call) -> Answer:
    raise Died("in its call")


def report(slow: SlowRequest) -> None:
    slow.world.said[str(agent_of(slow).current_run_uuid)].append("Reported")
    agent_commands.complete(
        slow.world.engine(), slow.world.caller, **key(slow), agent_output="Reported"
    )


def begin_the_next_attempt(slow: SlowRequest) -> None:
    """The run times out. The next one has begun, and its worker waits for the answer."""
    slow.world.answers = die
    slow.world.clock += timedelta(seconds=700)
    look(slow)
    slow.world.clock += timedelta(seconds=60)
    look(slow)
    assert agent_of(slow).attempt == 2


@pytest.mark.parametrize("others", [report, begin_the_next_attempt])
@pytest.mark.parametrize("task_id", [None, "task"])
def test_an_acceptance_that_comes_after_the_run_is_over_changes_nothing(
    world: Simulator, others: Callable[[SlowRequest], None], task_id: str | None
) -> None:
    late: list[LateWrite] = []
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(state_of(slow))

    def accept(call: Call) -> Accepted:
        late.append(LateWrite(world, work, "poll_at"))
        return Accepted({"of": "the slow one"}, 5, task_id=task_id)

    slow = unworked(world, accept)
    world.step()

    assert late[0].landed is False
    assert state_of(slow) == before[0]


def accept_by_report(slow: SlowRequest) -> None:
    agent_commands.accept(slow.world.engine(), slow.world.caller, **key(slow))


def cancel(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)


# A report is looked at again when it is refused, so the answer says what it has found then.
@pytest.mark.parametrize("others", [cancel, begin_the_next_attempt])
@pytest.mark.parametrize(
    ("said", "word"),
    [(agent_commands.heartbeat, "alive_at"), (agent_commands.accept, "takeovers")],
    ids=["heartbeat", "acceptance"],
)
def test_what_is_reported_of_a_run_that_is_over_meanwhile_changes_nothing(
    world: Simulator, others: Callable[[SlowRequest], None], said: Callable[..., Any], word: str
) -> None:
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=3_000)
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(state_of(slow))

    late = LateWrite(world, work, word, "in_progress")
    with pytest.raises(InvalidState):
        said(world.engine(), world.caller, **key(slow))

    assert late.landed is False
    assert state_of(slow) == before[0]


def test_a_heartbeat_of_a_run_that_was_accepted_meanwhile_is_noted_of_the_accepted_one(
    world: Simulator,
) -> None:
    """It would be due when nobody looks: it knows nothing of the time at which it is silent."""
    slow = started(world, die, heartbeat_seconds=40)

    late = LateWrite(world, lambda: accept_by_report(slow), "alive_at")
    agent_commands.heartbeat(world.engine(), world.caller, **key(slow), note="Alive")

    assert late.landed is False
    assert agent_of(slow).heartbeat_note == "Alive"


def test_a_checkpoint_of_a_run_that_is_over_meanwhile_is_not_stored(world: Simulator) -> None:
    late: list[LateWrite] = []

    def answer(call: Call) -> Answer:
        late.append(LateWrite(world, lambda: begin_the_next_attempt(slow), "resume"))
        assert not call.checkpoint("late")
        raise Died("in its call")

    slow = unworked(world, answer)
    world.step()

    assert late[0].landed is False
    assert agent_of(slow).attempt == 2
    assert agent_of(slow).resume is None


def test_of_two_workers_one_takes_a_run_over(world: Simulator) -> None:
    slow = started(world, die)
    world.clock += timedelta(seconds=120)
    calls: list[Call] = []

    def others() -> None:
        look(slow)

    def answer(call: Call) -> Answer:
        calls.append(call)
        raise Died("in its call")

    world.answers = answer
    late = LateWrite(world, others, *TAKEOVER)
    look(slow)

    assert late.landed is False
    assert len(calls) == 1
    assert agent_of(slow).takeovers == 1


def test_an_agent_is_not_given_up_that_another_worker_has_taken_over(world: Simulator) -> None:
    slow = started(world, die)
    world.clock += timedelta(seconds=120)
    world.sweep()

    def others() -> None:
        with patch.object(looks, "MOST", 1):
            look(slow)

    with patch.object(looks, "MOST", 0):
        late = LateWrite(world, others, "failed")
        look(slow, is_swept=True)

    assert late.landed is False
    assert agent_of(slow).state == "in_progress"
    assert agent_of(slow).takeovers == 1


def test_a_run_is_not_silent_while_a_message_of_an_earlier_version_polls_it(
    world: Simulator,
) -> None:
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=40)
    world.polls = die
    agent = agent_of(slow)
    sent = {
        "kind": "echo",
        "tenant": agent.partition_key,
        "session": agent.session_uuid,
        "agent": agent.session_agent_uuid,
        "iteration": 1,
        "run": agent.current_run_uuid,
    }

    def others() -> None:
        earlier = decode(json.dumps(sent))
        assert not survives(lambda: message_handler.work(world.engine(), earlier))

    world.clock += timedelta(seconds=100)
    late = LateWrite(world, others, "timed_out")
    look(slow)

    assert late.landed is False
    assert agent_of(slow).state == "in_progress"


def test_an_answer_to_one_question_does_not_answer_the_next_one(world: Simulator) -> None:
    slow = started(world, lambda call: Question(f"Which in turn {call.turn}?"))

    def reply(text: str) -> None:
        world.replied[str(agent_of(slow).current_run_uuid)].append(text)
        agent_commands.answer(world.engine(), world.caller, **key(slow), user_input=text)

    def others() -> None:
        reply("First")
        slow.work_off()
        assert agent_of(slow).turn == 2

    late = LateWrite(world, others, "answer_mark")
    with pytest.raises(InvalidState):
        reply("Second")

    assert late.landed is False
    assert agent_of(slow).question == "Which in turn 2?"
