"""Agents elsewhere that report the work which they delegate: by the mutation, and by callbacks."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import delegation
from ai_coordination.engine.agent.growth import grow
from tests.api.asking import LONG_AGO, bad, invalid
from tests.api.calling_back import call_back
from tests.api.delegating import BOSS, all_agents, begin, boss, events, runs, shown, work
from tests.api.execution import (
    agents,
    external,
    function,
    http_agent,
    listed,
    report,
    session,
    tell,
    work_off,
)
from tests.support.chat_server import ChatServer
from tests.support.graph_api import (
    Place,
    ask,
    change,
    mutation,
    new_agent,
    new_coordination,
    new_place,
    refusal,
)
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.stored import put_state, refused

pytestmark = pytest.mark.usefixtures("worked_queue")

DELEGATE = "delegateSessionAgent"
TEAM = [external("boss"), external("b"), external("c")]
GIVEN = [{"agentUuid": "b", "subtaskQuery": "Do it"}]


def begun(**rules: Any) -> tuple[Place, dict[str, str]]:
    """A session whose boss is an external worker; and the key of its run."""
    place = begin(TEAM, boss("b", **rules))
    return place, report(place, "boss")


def do(place: Place, output: str = "Found") -> None:
    """Complete all open work, but that of the boss."""
    for one in listed("IN_PROGRESS"):
        if one["agentUuid"] != "boss":
            key = {"sessionUuid": place.session, "sessionAgentUuid": one["sessionAgentUuid"]}
            run = one["currentRun"]["runUuid"]
            tell("completeSessionAgent", {**key, "runUuid": run, "agentOutput": output})


def test_an_external_worker_delegates_and_finds_the_results_in_its_input() -> None:
    place, key = begun()
    usage = {"inputTokens": 5, "outputTokens": 2}
    given = {**key, "work": GIVEN, "notes": "Too much for me", "resume": [1], "usage": usage}

    told = tell(DELEGATE, given)
    repeated = tell(DELEGATE, {**given, "notes": None})
    do(place)
    later = tell(DELEGATE, given)

    assert told == repeated == {**later, "state": "INITIAL", "attempt": 0}
    assert (later["state"], later["attempt"]) == ("IN_PROGRESS", 1)
    assert [agent.agent_uuid for agent in all_agents(place)] == ["boss", "b"]
    (now,) = listed("IN_PROGRESS")
    assert now["agentInput"].endswith("Work 1, which you have just delegated to agent B\nFound")
    tell("completeSessionAgent", {**report(place, "boss"), "agentOutput": "Done"})
    assert session(place)["status"] == "COMPLETED"
    first, _ = session(place)["sessionRuns"]["nodes"][0], None
    assert (first["outcome"], first["notes"]) == ("DELEGATED", "Too much for me")
    assert runs(place)[0][3] == [work("b")]


@pytest.mark.parametrize(
    ("other", "path"),
    [
        ([{**GIVEN[0], "subtaskQuery": "Do it at once"}], None),
        ([*GIVEN, *GIVEN], None),
        ([{**GIVEN[0], "agentUuid": "c"}], ("work", 0, "agentUuid")),
        ([{**GIVEN[0], "agentUuid": "boss"}], ("work", 0, "agentUuid")),
        ([{**GIVEN[0], "subtaskQuery": " "}], ("work", 0, "subtaskQuery")),
        ([{**GIVEN[0], "after": [0]}], ("work", 0, "after", 0)),
        ([], ("work",)),
        (GIVEN * 101, ("work",)),
    ],
)
def test_other_work_is_refused_before_and_after_the_run_has_ended(other: Any, path: Any) -> None:
    place, key = begun()
    if path is not None:
        assert refused(DELEGATE, {**key, "work": other}) == bad(*path)
    tell(DELEGATE, {**key, "work": GIVEN})

    found = refused(DELEGATE, {**key, "work": other})

    assert found == (bad(*path) if path else invalid("INITIAL"))
    assert len(all_agents(place)) == 2


def test_a_run_that_ended_otherwise_delegates_nothing() -> None:
    place, key = begun()
    tell("failSessionAgent", {**key, "notes": "Busy"})

    found = refusal(DELEGATE, {**key, "work": GIVEN})

    assert found == invalid(agents(place)["boss"]["state"])
    assert refusal("completeSessionAgent", {**key, "agentOutput": "x"})["code"] == "INVALID_STATE"
    assert len(all_agents(place)) == 1


def test_a_run_that_has_delegated_takes_no_other_report() -> None:
    _, key = begun()
    tell(DELEGATE, {**key, "work": GIVEN})

    for name, given in {
        "completeSessionAgent": {"agentOutput": "x"},
        "failSessionAgent": {"notes": "x"},
        "askSessionAgent": {"question": "x"},
        "heartbeatSessionAgent": {},
    }.items():
        assert refused(name, {**key, **given}) == invalid("INITIAL")


def test_a_delegation_that_comes_too_late_is_refused() -> None:
    place, key = begun()
    put_state(models.SessionAgent, place.session, key["sessionAgentUuid"], deadline_at=LONG_AGO)

    assert refused(DELEGATE, {**key, "work": GIVEN}) == invalid("IN_PROGRESS")


def test_a_delegation_that_others_always_precede_is_tried_again_by_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, key = begun()
    with monkeypatch.context() as patch:
        patch.setattr(grow, "MOST_TRIES", 0)
        busy = refusal(DELEGATE, {**key, "work": GIVEN})

    assert (busy["code"], len(all_agents(place))) == ("THROTTLED", 1)
    assert tell(DELEGATE, {**key, "work": GIVEN})["state"] == "INITIAL"


def test_a_delegation_in_a_session_that_is_being_ended_is_refused() -> None:
    place, key = begun()
    put_state(models.Session, *place, operation="fail")

    assert refused(DELEGATE, {**key, "work": GIVEN}) == invalid("IN_PROGRESS")
    assert len(all_agents(place)) == 1


def test_a_delegation_in_the_last_turn_fails_the_agent() -> None:
    place, key = begun(maxTurns=1)

    found = change_refused(key)

    assert found == (delegation.LAST_TURN.format(1), "FAILED")
    assert shown(place) == [("boss", "failed", delegation.LAST_TURN.format(1))]


def change_refused(key: Mapping[str, str]) -> tuple[str, str]:
    document = mutation(DELEGATE, "DelegateSessionAgentInput", "__typename")
    (error,) = ask(document, {"input": {**key, "work": GIVEN}})["errors"]
    return error["message"], error["extensions"]["state"]


def test_an_agent_of_a_session_that_was_built_by_hand_cannot_delegate() -> None:
    coordination = new_coordination(agents=TEAM)
    place = new_place(coordination)
    new_agent(*place, agentUuid="boss")
    change("dispatchSession", place.key, "session { status }")
    work_off()

    found = refused(DELEGATE, {**report(place, "boss"), "work": GIVEN})

    assert found == bad("work")


def test_a_function_that_reports_later_delegates_by_the_mutation(functions: LambdaService) -> None:
    functions.deploy(BOSS, returning(None))
    place = begin([function("boss", BOSS), external("b")], boss("b"))

    tell(DELEGATE, {**report(place, "boss"), "work": GIVEN})
    do(place)

    first, second = events(functions)
    assert [one["agentOutput"] for one in second["delegated"]] == ["Found"]
    assert first["runUuid"] != second["runUuid"]


def test_a_server_delegates_in_its_answer_and_in_a_callback(agent_server: ChatServer) -> None:
    at_once = Reply(b'{"delegate": [{"agentUuid": "b", "subtaskQuery": "Do it"}], "resume": 7}')
    at_once.headers["content-type"] = "application/json"
    done = Reply(b"Done", headers={"content-type": "text/plain"})
    agent_server.answers(at_once, Reply(b"", 202), done)
    place = begin([http_agent(agent_server.url, "boss"), external("b")], boss("b"))
    do(place)
    callback = agent_server.requests[-1].body["callback"]

    wrong = call_back(callback, {"delegate": [{"agentUuid": "c", "subtaskQuery": "x"}]})
    told = call_back(callback, {"delegate": GIVEN})
    again = call_back(callback, {"delegate": GIVEN})
    do(place, "More")

    (error,) = wrong[1]["errors"]
    assert (wrong[0], error["extensions"]["inputPath"]) == (400, ["delegate", 0, "agentUuid"])
    assert told[0] == again[0] == 200
    bodies = [request.body for request in agent_server.requests]
    assert [body["resume"] for body in bodies] == [None, 7, None]
    assert [[one["agentOutput"] for one in body["delegated"]] for body in bodies] == [
        [],
        ["Found"],
        ["More"],
    ]
    assert agents(place)["boss"]["state"] == "COMPLETED"
