"""Work that was accepted elsewhere is cancelled there when its run is over."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.messages import Lane
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question, RunFailed
from ai_coordination.testing import Session, answer
from tests.support.polled import Elsewhere, Result, elsewhere

REMOTE = {"task": "t-1"}
ONCE = {"retry": {"maxAttempts": 1}}
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}
CANCEL = """mutation ($input: CancelSessionInput!) {
    cancelSession(input: $input) { session { status } } }"""
RETRY = """mutation ($input: RetrySessionInput!) {
    retrySession(input: $input) { session { status } } }"""
COMPLETE = """mutation ($input: CompleteSessionAgentInput!) {
    completeSessionAgent(input: $input) { sessionAgent { state } } }"""
ASK = """mutation ($input: AskSessionAgentInput!) {
    askSessionAgent(input: $input) { sessionAgent { state } } }"""
ANSWER = """mutation ($input: AnswerSessionAgentInput!) {
    answerSessionAgent(input: $input) { sessionAgent { state } } }"""
UPDATE = """mutation ($input: UpdateCoordinationInput!) {
    updateCoordination(input: $input) { coordination { version } } }"""


def accept(call: Call) -> Result:
    return Accepted({**REMOTE, "attempt": call.attempt}, 10)


def cancel_while_it_accepts(told: Elsewhere, task_id: str | None) -> Session:
    """Cancel a session during the call in which its agent accepts."""

    def invoke(call: Call) -> Result:
        cancel(told, session)
        return Accepted({"task": "late"}, 10, task_id)

    told.invoke = invoke
    session = told.prepare()
    told.engine.run()
    return session


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    with elsewhere(monkeypatch, accept, accept) as told:
        yield told


def key(session: Session) -> dict[str, str]:
    return {"coordinationUuid": session.coordination_uuid, "sessionUuid": session.session_uuid}


def cancel(told: Elsewhere, session: Session) -> None:
    told.engine.graphql(CANCEL, {"input": {**key(session), "reason": "Too dear"}})


def accepted(told: Elsewhere, **action: Any) -> Session:
    """A session whose agent has accepted, and was polled once."""
    session = told.prepare(**action)
    told.engine.run(seconds=15)
    assert len(told.polled) == 1
    return session


def test_the_work_of_a_cancelled_session_is_cancelled(told: Elsewhere) -> None:
    session = accepted(told)
    run_uuid = told.invoked[0].run_uuid

    cancel(told, session)
    assert told.cancelled == []
    assert session.status == "CANCELLED"
    told.engine.run()

    (call,) = told.cancelled
    assert (call.run_uuid, call.remote) == (run_uuid, {**REMOTE, "attempt": 1})
    assert 0 < call.seconds <= 30
    assert len(told.polled) == 1


@pytest.mark.parametrize("lane", Lane)
def test_it_is_cancelled_in_the_lane_of_its_runtime(
    monkeypatch: pytest.MonkeyPatch, lane: Lane
) -> None:
    with elsewhere(monkeypatch, accept, accept, lane=lane) as told:
        session = accepted(told)

        cancel(told, session)
        told.engine.run()

        assert [call.remote for call in told.cancelled] == [{**REMOTE, "attempt": 1}]


def test_the_work_of_an_attempt_that_was_not_answered_in_time_is_cancelled(
    told: Elsewhere,
) -> None:
    session = told.start(timeoutSeconds=25, **TWICE)

    assert [call.remote["attempt"] for call in told.cancelled] == [1, 2]
    runs = told.read(session)["sessionRuns"]["nodes"]
    assert {run["outcome"] for run in runs} == {"TIMED_OUT"}


def test_the_work_of_a_run_that_its_poll_has_failed_is_cancelled(told: Elsewhere) -> None:
    def poll(call: Call) -> Result:
        if call.attempt == 1:
            raise RunFailed("The connection is gone")
        return Answer("Done")

    told.poll = poll
    session = told.start(**TWICE)

    assert [call.remote["attempt"] for call in told.cancelled] == [1]
    assert told.read(session)["agent"]["agentOutput"] == "Done"


def test_work_that_has_an_answer_is_not_cancelled(told: Elsewhere) -> None:
    told.poll = lambda call: Answer("Done")
    told.start()
    told.poll = accept
    session = told.prepare()
    told.engine.run(seconds=5)
    told.engine.graphql(COMPLETE, {"input": {**told.key(session), "agentOutput": "Done"}})
    told.engine.run()

    assert told.cancelled == []


def test_without_a_remote_nothing_is_cancelled(told: Elsewhere) -> None:
    told.invoke = lambda call: Accepted(poll_seconds=10)
    told.poll = told.invoke
    session = accepted(told)

    cancel(told, session)
    told.engine.run()

    assert told.cancelled == []


@pytest.mark.parametrize("task_id", [None, "late"])
def test_what_is_accepted_after_its_session_was_cancelled_is_cancelled(
    told: Elsewhere, task_id: str | None
) -> None:
    session = cancel_while_it_accepts(told, task_id)

    assert [call.remote for call in told.cancelled] == [{"task": "late"}]
    assert told.polled == []
    assert told.read(session)["agent"]["currentRun"]["asyncTaskUuid"] is None


@pytest.mark.parametrize("error", [RunFailed("It is done already"), ValueError("a fault")])
def test_a_runtime_that_cannot_cancel_is_not_asked_again(told: Elsewhere, error: Exception) -> None:
    def refuse(call: Call) -> None:
        raise error

    told.cancel = refuse
    session = accepted(told)

    cancel(told, session)
    told.engine.run(seconds=3_600)

    assert len(told.cancelled) == 1
    assert session.status == "CANCELLED"


def test_a_run_that_was_retried_does_not_lose_its_new_work(told: Elsewhere) -> None:
    session = accepted(told)
    first = told.invoked[0].run_uuid

    cancel(told, session)
    told.engine.graphql(RETRY, {"input": key(session)})
    told.engine.run(seconds=5)

    assert [call.run_uuid for call in told.cancelled] == [first]
    told.poll = lambda call: Answer("Done")
    told.engine.run()
    assert session.status == "COMPLETED"
    assert len(told.cancelled) == 1


def test_work_of_a_member_that_has_another_kind_by_now_is_left_alone(told: Elsewhere) -> None:
    session = accepted(told)
    agents = [{"agentUuid": "a", "agentName": "A", "runtime": {"kind": "EXTERNAL"}}]

    cancel(told, session)
    given = {"coordinationUuid": session.coordination_uuid, "agents": agents}
    told.engine.graphql(UPDATE, {"input": given})
    told.engine.graphql(RETRY, {"input": {**key(session), "withCurrentMembers": True}})
    told.engine.run(seconds=60)

    assert told.cancelled == []


def test_work_that_asks_a_person_is_not_cancelled(told: Elsewhere) -> None:
    """It continues with the reply, also if it was accepted again after the question."""
    first: list[Call] = []

    def invoke(call: Call) -> Result:
        if call.turn == 2:
            return Answer(str(call.reply and call.reply.text))
        if not first:
            first.append(call)
            run = told.key(session)
            told.engine.graphql(ASK, {"input": {**run, "question": "Which?"}})
            told.engine.graphql(ANSWER, {"input": {**run, "userInput": "Green tea"}})
        return Accepted({"task": "late"}, 10)

    told.invoke = invoke
    session = told.prepare()
    told.engine.run()
    assert told.read(session)["agent"]["agentOutput"] == "Green tea"

    told.engine.person("A", answer("Green tea"))
    told.invoke = lambda call: accept(call) if call.turn == 1 else Answer("Done")
    told.poll = lambda call: Question("Which?", resume=call.remote)
    session = told.start()

    assert session.status == "COMPLETED"
    assert told.invoked[-1].resume == {**REMOTE, "attempt": 1}
    assert told.cancelled == []
