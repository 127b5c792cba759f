"""Agents that speak A2A: a worker dies, and another one continues its run."""

from typing import Any

import pytest

from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.agent import accept, lease
from tests.api.execution import (
    a2a_agent,
    agents,
    blueprint,
    start,
    work_off,
)
from tests.support.a2a_agent import A2aAgent, task
from tests.support.contexts import SYSTEM
from tests.support.faults import Died

pytestmark = pytest.mark.usefixtures("worked_queue")


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
