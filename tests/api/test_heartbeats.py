"""Runs that are silent for too long have failed, and those that show signs of life have not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.runtimes.base import Accepted, Answer, Call
from ai_coordination.testing import Engine, Refused, Session
from ai_coordination.testing.errors import WorkerDied
from tests.api.execution import after, external, report, started
from tests.support.graph_api import RIVAL, change
from tests.support.polled import Elsewhere, Result, elsewhere
from tests.support.recording import recorded_calls
from tests.support.stored import refused, stored

HEARTBEAT = """mutation ($input: HeartbeatSessionAgentInput!) {
    heartbeatSessionAgent(input: $input) { sessionAgent { heartbeat { at note percent } } } }"""
ACCEPT = """mutation ($input: AcceptSessionAgentInput!) {
    acceptSessionAgent(input: $input) { sessionAgent { state } } }"""
COMPLETE = """mutation ($input: CompleteSessionAgentInput!) {
    completeSessionAgent(input: $input) { sessionAgent { state } } }"""
OPEN = "{ openSessionAgents(state: IN_PROGRESS) { nodes { heartbeat { at note percent } } } }"
ONCE = {"retry": {"maxAttempts": 1}, "heartbeatSeconds": 30}
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}, "heartbeatSeconds": 30}
SILENT = "No sign of life for 30 s"
LONG = {"timeoutSeconds": 3_600}


def accept(call: Call) -> Result:
    return Accepted()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    with elsewhere(monkeypatch, accept, accept) as told:
        yield told


def beat(told: Elsewhere, session: Session, **said: Any) -> dict[str, Any]:
    answer = told.engine.graphql(HEARTBEAT, {"input": {**told.key(session), **said}})
    shown: dict[str, Any] = answer["heartbeatSessionAgent"]["sessionAgent"]["heartbeat"]
    return shown


def beats(told: Elsewhere, session: Session, times: int, every_seconds: float = 20) -> None:
    for _ in range(times):
        beat(told, session)
        told.engine.run(seconds=every_seconds)


def seconds(told: Elsewhere) -> float:
    assert told.started_at is not None
    return (told.engine.now - told.started_at).total_seconds()


def test_an_accepted_run_that_is_silent_has_failed_and_the_agent_is_tried_again(
    told: Elsewhere,
) -> None:
    session = told.start(**LONG, **TWICE)

    assert seconds(told) <= 180
    assert len(told.invoked) == 2
    runs = told.read(session)["sessionRuns"]["nodes"]
    assert [(run["outcome"], run["notes"]) for run in runs] == [("TIMED_OUT", SILENT)] * 2
    assert told.read(session)["agent"]["notes"] == SILENT


def test_a_run_that_shows_signs_of_life_is_left_alone_until_it_is_silent(told: Elsewhere) -> None:
    session = told.prepare(**LONG, **ONCE)
    told.engine.run(seconds=1)

    beats(told, session, times=30)
    assert told.read(session)["agent"]["state"] == "IN_PROGRESS"

    told.engine.run()
    assert told.read(session)["agent"]["notes"] == SILENT
    assert 601 + 10 <= seconds(told) <= 601 + 10 + 120


def test_it_can_be_completed_after_all_heartbeats(told: Elsewhere) -> None:
    session = told.prepare(**LONG, **ONCE)
    told.engine.run(seconds=1)
    beats(told, session, times=9)

    told.engine.graphql(COMPLETE, {"input": {**told.key(session), "agentOutput": "Done"}})
    told.engine.run()

    assert told.read(session)["status"] == "COMPLETED"


def test_the_deadline_holds_whatever_the_heartbeats_say(told: Elsewhere) -> None:
    session = told.prepare(timeoutSeconds=100, **ONCE)
    told.engine.run(seconds=1)
    beats(told, session, times=5)
    told.engine.run()

    assert told.read(session)["agent"]["notes"] == "No answer within 100 s"


def test_without_heartbeat_seconds_silence_does_not_count(told: Elsewhere) -> None:
    session = told.prepare(**LONG, retry={"maxAttempts": 1})
    told.engine.run(seconds=1)
    beat(told, session)
    told.engine.run()

    assert told.read(session)["agent"]["notes"] == "No answer within 3600 s"


@pytest.mark.parametrize("first", ["acceptSessionAgent", "heartbeatSessionAgent"])
def test_an_external_run_counts_from_its_first_sign_of_life(told: Elsewhere, first: str) -> None:
    session = told.prepare("EXTERNAL", **ONCE)
    told.engine.run(seconds=3_600)
    assert told.read(session)["agent"]["state"] == "IN_PROGRESS"

    mutation = ACCEPT if first == "acceptSessionAgent" else HEARTBEAT
    told.engine.graphql(mutation, {"input": told.key(session)})
    told.engine.run(seconds=20)
    assert told.read(session)["agent"]["state"] == "IN_PROGRESS"
    told.engine.run()

    assert told.read(session)["agent"]["notes"] == SILENT
    assert 3_630 <= seconds(told) <= 3_750


def test_each_poll_is_a_sign_of_life(told: Elsewhere) -> None:
    told.invoke = lambda call: Accepted(poll_seconds=100)
    told.poll = lambda call: Answer("Done") if len(told.polled) == 5 else told.invoke(call)

    session = told.start(**LONG, **ONCE)

    assert told.seconds() == [100, 200, 300, 400, 500]
    assert told.read(session)["status"] == "COMPLETED"


def test_a_run_that_is_not_polled_any_longer_is_silent_from_then_on(told: Elsewhere) -> None:
    told.invoke = lambda call: Accepted(poll_seconds=100)

    session = told.start(**LONG, **ONCE)

    assert told.seconds() == [100]
    assert 130 <= seconds(told) <= 250
    assert told.read(session)["agent"]["notes"] == SILENT


def test_the_silence_of_a_worker_that_has_died_is_not_the_run_s(told: Elsewhere) -> None:
    def invoke(call: Call) -> Result:
        if len(told.invoked) == 2:
            return Answer("Done")
        told.engine.graphql(HEARTBEAT, {"input": told.key(session)})
        raise WorkerDied

    told.invoke = invoke
    session = told.prepare(**LONG, retry={"maxAttempts": 1}, heartbeatSeconds=1)
    told.engine.run()

    assert told.read(session)["agent"]["agentOutput"] == "Done"


def test_the_last_sign_of_life_is_shown_until_the_next_attempt(told: Elsewhere) -> None:
    session = told.prepare("EXTERNAL", **TWICE)
    told.engine.run(seconds=1)
    before = told.read(session)["agent"]
    assert before["heartbeat"] is None

    said = beat(told, session, note="Page 3 of 7", percent=43)
    assert said == {"at": now(told.engine), "note": "Page 3 of 7", "percent": 43}
    assert told.engine.graphql(OPEN)["openSessionAgents"]["nodes"] == [{"heartbeat": said}]
    told.engine.run(seconds=10)
    assert beat(told, session) == {"at": now(told.engine), "note": None, "percent": None}
    after_it = told.read(session)["agent"]
    assert (after_it["version"], after_it["updatedAt"]) == (before["version"], before["updatedAt"])
    told.engine.run(until=lambda: told.read(session)["agent"]["attempt"] == 2)

    assert told.read(session)["agent"]["heartbeat"] is None


def now(engine: Engine) -> str:
    return datetime.isoformat(engine.now, timespec="microseconds")


def test_a_run_that_is_over_takes_no_heartbeat(told: Elsewhere) -> None:
    session = told.prepare("EXTERNAL", **TWICE, timeoutSeconds=290)
    told.engine.run(seconds=295)
    first = told.key(session)

    assert told.read(session)["agent"]["attempt"] == 1
    with pytest.raises(Refused, match="its deadline has passed"):
        told.engine.graphql(HEARTBEAT, {"input": first})
    told.engine.run(until=lambda: told.read(session)["agent"]["attempt"] == 2)
    with pytest.raises(Refused, match="not the agent's current one"):
        told.engine.graphql(HEARTBEAT, {"input": first})
    second = told.key(session)
    told.engine.graphql(COMPLETE, {"input": {**second, "agentOutput": "Done"}})
    with pytest.raises(Refused, match="not in progress"):
        told.engine.graphql(HEARTBEAT, {"input": second})


@pytest.mark.usefixtures("worked_queue")
def test_a_heartbeat_is_one_read_and_one_write_and_only_the_first_one_changes_the_due_time() -> (
    None
):
    place = started([external("a")], [after("a", heartbeatSeconds=60)])
    key = report(place, "a")
    due = [stored(models.SessionAgent, place.session, key["sessionAgentUuid"]).due_at]
    for _ in range(3):
        with recorded_calls() as calls:
            change("heartbeatSessionAgent", key, "sessionAgent { state }")
        assert [call.operation for call in calls] == ["GetItem", "UpdateItem"]
        due.append(stored(models.SessionAgent, place.session, key["sessionAgentUuid"]).due_at)

    assert due[0] > due[1] == due[2] == due[3]


@pytest.mark.usefixtures("worked_queue")
def test_a_heartbeat_is_refused_with_its_place() -> None:
    key = report(started([external("a")]), "a")

    for percent in (-1, 101):
        told = refused("heartbeatSessionAgent", {**key, "percent": percent})
        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "percent"]}
    assert refused("heartbeatSessionAgent", key, RIVAL)["code"] == "NOT_FOUND"
