"""What a worker has decided on a run arrives late: others have worked on it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import services
from ai_coordination.engine import agent_commands, claim_commands, looks
from ai_coordination.errors import InvalidState
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question, RunFailed
from tests.simulation.late_write import LateWrite
from tests.simulation.one_run import (
    accept_by_report,
    agent_of,
    ask_by_report,
    begin_the_next_attempt,
    begin_the_next_attempt_and_accept,
    cancel,
    die,
    key,
    look,
    report,
    started,
    state_of,
    take_over,
    unworked,
)
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest

TAKEOVER = ("lease_owner", "takeovers", "UpdateExpression")


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


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


# A report is looked at again when it is refused, so the answer says what it has found then.
@pytest.mark.parametrize("others", [cancel, begin_the_next_attempt_and_accept])
@pytest.mark.parametrize(
    ("said", "word"),
    [
        (agent_commands.heartbeat, "alive_at"),
        (agent_commands.accept, "takeovers"),
        (partial(agent_commands.complete, agent_output="done"), "agent_output"),
    ],
    ids=["heartbeat", "acceptance", "answer"],
)
def test_what_is_reported_of_a_run_that_is_over_meanwhile_changes_nothing(
    world: Simulator, others: Callable[[SlowRequest], None], said: Callable[..., Any], word: str
) -> None:
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=3_000)
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(state_of(slow))

    late = LateWrite(world, work, word)
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


@pytest.mark.parametrize("others", [ask_by_report, begin_the_next_attempt, take_over])
def test_nothing_is_reserved_for_a_run_that_its_worker_has_not_any_longer(
    world: Simulator, others: Callable[[SlowRequest], None]
) -> None:
    late: list[LateWrite] = []
    before: list[dict[str, Any]] = []

    def work() -> None:
        others(slow)
        before.append(state_of(slow))

    def answer(call: Call) -> Answer:
        late.append(LateWrite(world, work, "reserved_tokens"))
        call.reserve(20, 30)
        return Answer("too late")

    slow = unworked(world, answer)
    world.step()

    assert late[0].landed is False
    assert state_of(slow) == before[0]
    assert not slow.now().session.committed_tokens


def test_a_run_gets_the_name_of_a_thread_once(world: Simulator) -> None:
    slow = started(world, lambda call: Accepted())

    accept_by_report(slow, thread_uuid="a")
    accept_by_report(slow, thread_uuid="a")
    with pytest.raises(InvalidState):
        accept_by_report(slow, thread_uuid="b")

    assert slow.now().runs[0].thread_uuid == "a"


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


def reply(slow: SlowRequest, text: str) -> None:
    slow.world.replied[str(agent_of(slow).current_run_uuid)].append(text)
    agent_commands.answer(slow.world.engine(), slow.world.caller, **key(slow), user_input=text)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (lambda slow: reply(slow, "Second"), "answer_mark"),
        (
            lambda slow: claim_commands.claim(slow.world.engine(), slow.world.caller, **key(slow)),
            "claimed_by",
        ),
    ],
    ids=["answer", "claim"],
)
def test_what_a_person_says_to_one_question_is_not_of_the_next_one(
    world: Simulator, said: Callable[[SlowRequest], None], word: str
) -> None:
    slow = started(world, lambda call: Question(f"Which in turn {call.turn}?"))

    def others() -> None:
        reply(slow, "First")
        slow.work_off()

    late = LateWrite(world, others, word)
    with pytest.raises(InvalidState):
        said(slow)

    assert late.landed is False
    assert agent_of(slow).question == "Which in turn 2?"
    assert agent_of(slow).claimed_by is None


def reserve_more(slow: SlowRequest) -> None:
    """Another worker has the run, reserves for its call, and waits for the answer."""

    def answer(call: Call) -> Answer:
        call.reserve(1, 2)
        raise Died("in its call")

    slow.world.answers = answer
    slow.world.clock += timedelta(seconds=120)
    look(slow)


def ask(call: Call) -> Question:
    return Question("Which?")


def fail(call: Call) -> Answer:
    raise RunFailed("No")


@pytest.mark.parametrize(
    ("then", "others"), [(ask, reserve_more), (fail, take_over)], ids=["question", "failure"]
)
def test_what_a_run_has_reserved_is_given_back_by_the_worker_that_knows_it(
    world: Simulator,
    then: Callable[[Call], Answer | Question],
    others: Callable[[SlowRequest], None],
) -> None:
    late: list[LateWrite] = []

    def answer(call: Call) -> Answer | Question:
        call.reserve(20, 30)
        late.append(LateWrite(world, lambda: others(slow), "reserved_tokens"))
        return then(call)

    slow = unworked(world, answer)
    world.step()

    assert late[0].landed is False
    agent = agent_of(slow)
    assert (agent.state, agent.takeovers) == ("in_progress", 1)
    assert slow.now().session.committed_tokens == agent.reserved_tokens


def test_nothing_is_reserved_of_a_budget_that_has_become_another(world: Simulator) -> None:
    late: list[LateWrite] = []

    def less() -> None:
        session = slow.session
        address = session.coordination_uuid, session.session_uuid
        services.session.update(world.caller, *address, {"budget": {"tokens": 40}})

    def answer(call: Call) -> Answer:
        late.append(LateWrite(world, less, "reserved_tokens"))
        call.reserve(20, 30)
        return Answer("within the budget that was")

    slow = unworked(world, answer)
    world.step()

    assert late[0].landed is False
    assert agent_of(slow).agent_output is None
