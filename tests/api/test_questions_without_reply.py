"""Work elsewhere that waits for a person's reply is cancelled there if there will be none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ai_coordination.runtimes.base import Accepted, Answer, Call, Question, RunFailed, Usage
from ai_coordination.testing import Session
from tests.api.asking import agent
from tests.api.execution import a2a_agent, after, report, started, tell, work_off
from tests.api.test_cancelled_work import ANSWER, RETRY, TWICE, cancel, key
from tests.support.a2a_agent import A2aAgent, task
from tests.support.graph_api import Place, change
from tests.support.polled import Elsewhere, Result, elsewhere

REMOTE = {"task": "t-1"}
ASKS = Question("Which?", {"page": 1}, remote=REMOTE)
MUCH = {"task": "x" * 2_048}


def ask(call: Call) -> Result:
    return ASKS if call.turn == 1 else Answer("Done")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    with elsewhere(monkeypatch, ask, ask) as told:
        yield told


def asked(told: Elsewhere, **action: Any) -> Session:
    """A session whose agent asks, and nobody has replied yet."""
    session = told.prepare(**action)
    told.engine.run(seconds=15)
    assert told.read(session)["agent"]["state"] == "WAITING_FOR_INPUT"
    return session


def say(told: Elsewhere, session: Session, **said: Any) -> None:
    told.engine.graphql(ANSWER, {"input": {**told.key(session), **said}})


def refuse(told: Elsewhere, session: Session) -> None:
    say(told, session, approved=False)


def wait(told: Elsewhere, session: Session) -> None:
    told.engine.run(seconds=7_200)


ENDS: dict[str, tuple[Callable[[Elsewhere, Session], None], str]] = {
    "its session is cancelled": (cancel, "CANCELLED"),
    "a person refuses to answer": (refuse, "FAILED"),
    "nobody answers in time": (wait, "FAILED"),
}


@pytest.mark.parametrize("is_polled", [False, True], ids=["invoked", "polled"])
@pytest.mark.parametrize("end", ENDS)
def test_the_work_of_a_question_without_reply_is_cancelled_once(
    told: Elsewhere, end: str, is_polled: bool
) -> None:
    if is_polled:
        told.invoke = lambda call: Accepted({"task": "other"}, 10)
    session = asked(told, answerTimeoutSeconds=3_600)
    run_uuid = told.invoked[0].run_uuid
    act, state = ENDS[end]

    act(told, session)
    told.engine.run()

    assert told.read(session)["agent"]["state"] == state
    assert [(call.run_uuid, call.remote) for call in told.cancelled] == [(run_uuid, REMOTE)]


def test_the_work_of_a_question_that_is_answered_is_not_cancelled(told: Elsewhere) -> None:
    session = asked(told)

    say(told, session, userInput="The red one")
    told.engine.run()

    assert session.status == "COMPLETED"
    assert (told.invoked[-1].resume, told.invoked[-1].remote) == ({"page": 1}, None)
    assert told.cancelled == []


def test_what_a_reply_continues_is_not_cancelled_with_its_failed_attempt(told: Elsewhere) -> None:
    def invoke(call: Call) -> Result:
        if call.turn == 2 and call.attempt == 1:
            raise RunFailed("Busy")
        return ask(call)

    told.invoke = invoke
    session = asked(told, **TWICE)
    say(told, session, userInput="The red one")
    told.engine.run()

    assert session.status == "COMPLETED"
    assert told.cancelled == []


def test_a_question_without_a_remote_leaves_nothing_to_cancel(told: Elsewhere) -> None:
    told.invoke = lambda call: Accepted(REMOTE, 10)
    told.poll = lambda call: Question("Which?")
    session = asked(told)

    cancel(told, session)
    told.engine.run()

    assert told.cancelled == []


def test_the_work_of_a_question_that_cannot_be_asked_is_cancelled(told: Elsewhere) -> None:
    session = told.start(maxTurns=1)
    told.invoke = lambda call: Question(" ", remote=REMOTE)
    told.start()

    assert told.read(session)["agent"]["notes"].startswith("The agent has asked again")
    assert [call.remote for call in told.cancelled] == [REMOTE, REMOTE]


def test_the_work_of_a_question_that_comes_after_the_end_is_cancelled(told: Elsewhere) -> None:
    def invoke(call: Call) -> Result:
        cancel(told, session)
        told.engine.graphql(RETRY, {"input": key(session)})
        told.invoke = lambda call: Answer("Done")
        return ASKS

    told.invoke = invoke
    session = told.prepare()
    told.engine.run()

    assert session.status == "COMPLETED"
    assert [call.remote for call in told.cancelled] == [REMOTE]
    assert told.cancelled[0].run_uuid == told.invoked[0].run_uuid


def test_more_than_2_kb_are_not_kept_of_work_that_asks(told: Elsewhere) -> None:
    used = Usage(input_tokens=3, output_tokens=4)
    told.invoke = lambda call: Question("Which?", remote=MUCH, usage=used)

    session = told.start()

    read = told.read(session)
    assert read["agent"]["notes"] == "What this agent's runtime keeps exceeds 2048 bytes"
    assert read["agent"]["attempt"] == 1
    assert told.cancelled == []


def reply_with(place: Place, **said: Any) -> None:
    tell("answerSessionAgent", {**report(place, "a"), **said})


@pytest.mark.usefixtures("worked_queue")
@pytest.mark.parametrize("is_refused", [False, True], ids=["cancelled", "refused"])
def test_a_task_of_an_a2a_agent_that_gets_no_reply_is_cancelled(
    desk: A2aAgent, is_refused: bool
) -> None:
    desk.answers("SendMessage", {"task": task("INPUT_REQUIRED", "Which colour?")})
    desk.answers("CancelTask", task("CANCELED"))
    place = started([a2a_agent(desk.url)], [after("a")])
    assert agent(place)["state"] == "WAITING_FOR_INPUT"
    assert desk.sent("CancelTask") == []

    if is_refused:
        reply_with(place, approved=False, userInput="Ask somebody else")
    else:
        change("cancelSession", place.key, "session { status }")
        work_off()

    assert desk.methods() == ["CARD", "SendMessage", "CancelTask"]
    assert [sent["id"] for sent in desk.sent("CancelTask")] == ["task-1"]


@pytest.mark.usefixtures("worked_queue")
def test_a_task_of_an_a2a_agent_that_gets_its_reply_is_not_cancelled(desk: A2aAgent) -> None:
    asks, done = task("INPUT_REQUIRED", "Which colour?"), task("COMPLETED", output="5 kg")
    desk.answers("SendMessage", {"task": asks}, {"task": done})
    place = started([a2a_agent(desk.url)], [after("a")])

    reply_with(place, userInput="green")

    assert agent(place)["agentOutput"] == "5 kg"
    assert desk.methods() == ["CARD", "SendMessage", "SendMessage"]
