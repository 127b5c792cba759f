"""Agents that speak A2A: another worker continues a run, and work that is over is cancelled."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.agent import accept, lease
from ai_coordination.runtimes import a2a_place
from tests.api.asking import LONG_AGO
from tests.api.execution import (
    a2a_agent,
    after,
    agents,
    blueprint,
    outcomes,
    start,
    started,
    work_off,
)
from tests.support.a2a_agent import A2aAgent, Refusal, card, reply_of, task, task_03
from tests.support.contexts import SYSTEM
from tests.support.faults import Died
from tests.support.graph_api import data

pytestmark = pytest.mark.usefixtures("worked_queue")

AT_ONCE = {"maxAttempts": 2, "intervalSeconds": 0}


def dies(*given: Any) -> None:
    raise Died


def list_of(desk: A2aAgent, *, known: bool) -> Any:
    """A list of the conversation's tasks: the one that was begun is in it if it is `known`."""

    def listed(params: Any) -> dict[str, Any]:
        (sent,) = desk.sent("SendMessage")
        assert params["contextId"] == sent["message"]["contextId"]
        other = task("COMPLETED", history=[{"messageId": "another"}], id="task-0")
        own = task("WORKING", history=[{"messageId": sent["message"]["messageId"]}])
        return {"tasks": [7, other, own] if known else [other], "nextPageToken": ""}

    return listed


@pytest.mark.parametrize(
    ("listed", "parameters", "asked"),
    [
        (True, {}, ["ListTasks", "GetTask"]),
        (False, {}, ["ListTasks", "SendMessage", "GetTask"]),
        (None, {}, ["ListTasks", "SendMessage", "GetTask"]),
        (True, {"useContext": False}, ["SendMessage", "GetTask"]),
    ],
)
def test_another_worker_finds_the_task_that_one_that_died_has_begun(
    desk: A2aAgent,
    monkeypatch: pytest.MonkeyPatch,
    listed: bool | None,
    parameters: dict[str, Any],
    asked: list[str],
) -> None:
    monkeypatch.setattr(lease, "LEASE_AFTER_WORKER_SECONDS", -1_000.0)
    desk.answers("SendMessage", {"task": task("WORKING")})
    desk.answers("GetTask", task("COMPLETED", output="5 kg"))
    if listed is not None:
        desk.answers("ListTasks", list_of(desk, known=listed))
    place = start(blueprint([a2a_agent(desk.url, **parameters)]), taskQuery="Which?")
    with monkeypatch.context() as patch:
        patch.setattr(accept, "accept", dies)
        with pytest.raises(Died):
            work_off()

    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()

    agent = agents(place)["a"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "5 kg")
    assert desk.methods() == ["CARD", "SendMessage", *asked]
    assert {sent["message"]["messageId"] for sent in desk.sent("SendMessage")} == {
        agent["currentRun"]["runUuid"]
    }


CANCEL = """mutation ($input: CancelSessionInput!) {
    cancelSession(input: $input) { session { status } } }"""


@pytest.mark.parametrize("answer", [task("CANCELED"), Refusal(-32002), reply_of({}, 500)])
@pytest.mark.parametrize("version", ["1.0", "0.3"])
def test_the_task_of_a_cancelled_session_is_cancelled_once_whatever_the_agent_says(
    desk: A2aAgent,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    version: str,
    answer: Any,
) -> None:
    monkeypatch.setattr(a2a_place.Place, "wait", lambda place, parameters: 100.0)
    desk.card = card(f"{desk.url}/a2a", version)
    cancel = {"1.0": "CancelTask", "0.3": "tasks/cancel"}[version]
    desk.answers("SendMessage", {"task": task("WORKING")})
    desk.answers("message/send", task_03("WORKING"))
    desk.answers(cancel, answer)
    place = started([a2a_agent(desk.url)])

    data(CANCEL, {"input": place.key})
    work_off()

    assert agents(place)["a"]["state"] == "CANCELLED"
    assert desk.sent(cancel) == [{"id": "task-1"}]
    assert desk.methods()[-1] == cancel
    assert "Traceback" not in caplog.text


def test_a_task_that_is_over_time_is_cancelled_and_the_next_attempt_begins_another(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(a2a_place.Place, "wait", lambda place, parameters: 100.0)
    desk.answers("SendMessage", {"task": task("WORKING")}, {"task": task("COMPLETED")})
    place = started([a2a_agent(desk.url)], [after("a", retry=AT_ONCE)])
    kind = models.SessionAgent
    (agent,) = kind.query(place.session, consistent_read=True)
    agent.update([kind.deadline_at.set(LONG_AGO), kind.due_at.set(LONG_AGO)])

    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()

    assert outcomes(place) == [("a", 1, "TIMED_OUT"), ("a", 2, "COMPLETED")]
    assert sorted(desk.methods()[2:]) == ["CancelTask", "SendMessage"]
