"""What cannot change once a session has started, or while it is being started or ended."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import (
    Place,
    change,
    data,
    new_agent,
    new_coordination,
    new_place,
    new_run,
)
from tests.support.stored import put_state, refused, stored

RUNNING: dict[str, dict[str, Any]] = {
    "IN_PROGRESS": {"status": "in_progress"},
    "WAITING_FOR_INPUT": {"status": "in_progress", "awaiting_input": {1}},
}
ENDED: dict[str, dict[str, Any]] = {
    "COMPLETED": {"status": "completed"},
    "FAILED": {"status": "failed"},
    "CANCELLED": {"status": "cancelled"},
}
STARTED = {**RUNNING, **ENDED}
# Not yet started, no longer as it was built.
BUSY: dict[str, dict[str, Any]] = {"INITIAL": {"operation": "starting"}}

WORK = {
    "taskQuery": "Lamps",
    "inputFiles": [{"name": "a", "uri": "s3://a/b"}],
    "subtaskQueries": [{"agentUuid": "rag", "subtaskQuery": "Find"}],
}
STATUS = """query ($c: ID!, $s: ID!) {
    session(coordinationUuid: $c, sessionUuid: $s) { status iterationCount version }
}"""


def invalid(state: str) -> dict[str, str]:
    return {"code": "INVALID_STATE", "state": state}


def put_session(place: Place, **state: Any) -> None:
    put_state(models.Session, *place, **state)


def put_agent(place: Place, agent: str, **state: Any) -> None:
    put_state(models.SessionAgent, place.session, agent, **state)


def agent_key(place: Place, agent: str) -> dict[str, str]:
    return {"sessionUuid": place.session, "sessionAgentUuid": agent}


@pytest.mark.parametrize("status", [*STARTED, *BUSY])
def test_a_session_shows_its_status_and_no_update_reaches_it(place: Place, status: str) -> None:
    put_session(place, iteration_count=3, **{**STARTED, **BUSY}[status])

    change("updateSession", {**place.key, "userId": "eve"}, "session { version }")

    shown = data(STATUS, {"c": place.coordination, "s": place.session})["session"]
    assert shown == {"status": status, "iterationCount": 3, "version": 2}


@pytest.mark.parametrize("status", [*STARTED, *BUSY])
def test_what_a_session_works_on_stays_when_it_is(place: Place, status: str) -> None:
    put_session(place, **{**STARTED, **BUSY}[status])

    for field, value in WORK.items():
        assert refused("updateSession", {**place.key, field: value}) == invalid(status)
        assert refused("updateSession", {**place.key, field: None}) == invalid(status)
    mixed = {**place.key, "userId": "eve", "taskQuery": "Lamps"}
    assert refused("updateSession", mixed) == invalid(status)


def test_of_a_wrong_version_and_a_wrong_state_the_version_is_told(place: Place) -> None:
    put_session(place, status="completed")

    told = refused("updateSession", {**place.key, "taskQuery": "Lamps", "expectedVersion": 2})

    assert told == {"code": "CONFLICT", "currentVersion": 1}


@pytest.mark.parametrize("status", [*STARTED, *BUSY])
def test_no_agent_is_added_to_a_session_that_is(place: Place, status: str) -> None:
    first = new_agent(*place)
    put_session(place, **{**STARTED, **BUSY}[status])

    given = {**place.key, "agentUuid": "rag", "predecessors": [first]}
    told = refused("createSessionAgent", given)

    assert told == invalid(status)


@pytest.mark.parametrize("state", ["initial", "in_progress", "waiting_for_input", "completed"])
def test_what_an_agent_works_on_stays_after_the_start_but_not_its_notes(
    place: Place, state: str
) -> None:
    agent = new_agent(*place, agentInput="lamps", userInput="soon")
    put_agent(place, agent, state=state, iteration=1)
    key = agent_key(place, agent)

    for change_of in (
        {"agentInput": "sofas"},
        {"userInput": None},
        {"userInput": "x", "notes": ""},
    ):
        assert refused("updateSessionAgent", {**key, **change_of}) == invalid(state.upper())
    selection = "sessionAgent { notes agentInput userInput state version }"
    noted = change("updateSessionAgent", {**key, "notes": "seen"}, selection)

    assert noted["sessionAgent"] == {
        "notes": "seen",
        "agentInput": "lamps",
        "userInput": "soon",
        "state": state.upper(),
        "version": 2,
    }


def test_an_agent_that_was_cancelled_before_the_start_keeps_its_input(place: Place) -> None:
    agent = new_agent(*place, agentInput="lamps")
    put_session(place, status="cancelled")
    put_agent(place, agent, state="cancelled")

    told = refused("updateSessionAgent", {**agent_key(place, agent), "agentInput": "sofas"})

    assert told == invalid("CANCELLED")


@pytest.mark.parametrize("status", [*RUNNING, *BUSY])
def test_no_agent_is_deleted_in_a_session_that_is(place: Place, status: str) -> None:
    agent = new_agent(*place)
    put_session(place, **{**STARTED, **BUSY}[status])

    assert refused("deleteSessionAgent", agent_key(place, agent)) == invalid(status)
    put_agent(place, agent, state="completed", iteration=1)
    assert refused("deleteSessionAgent", agent_key(place, agent)) == invalid(status)


@pytest.mark.parametrize("status", ENDED)
def test_no_agent_is_deleted_while_an_ended_session_does_something(
    place: Place, status: str
) -> None:
    agent = new_agent(*place)
    put_session(place, operation="retrying", **ENDED[status])
    put_agent(place, agent, state="completed", iteration=1)

    assert refused("deleteSessionAgent", agent_key(place, agent)) == invalid(status)


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("iteration", [0, 2], ids=["never started", "started"])
def test_the_agents_of_an_ended_session_are_deleted_in_any_order(
    place: Place, status: str, iteration: int
) -> None:
    first = new_agent(*place)
    second = new_agent(*place, predecessors=[first])
    put_session(place, **ENDED[status])
    for agent in (first, second):
        put_agent(place, agent, state="cancelled", iteration=iteration)

    change("deleteSessionAgent", agent_key(place, first), "deletedId")

    assert stored(models.Session, *place).agent_count == 1
    document = """query ($s: ID!, $a: ID!) { sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
        predecessorUuids predecessors { nodes { sessionAgentUuid } }
    } }"""
    left = data(document, {"s": place.session, "a": second})["sessionAgent"]
    assert left == {"predecessorUuids": [first], "predecessors": {"nodes": []}}

    change("deleteSessionAgent", agent_key(place, second), "deletedId")
    change("deleteSession", place.key, "deletedId")


def test_an_agent_of_an_ended_session_is_not_deleted_before_its_runs(place: Place) -> None:
    agent = new_agent(*place)
    run = new_run(*place, sessionAgentUuid=agent, outcome="COMPLETED")
    put_session(place, status="completed")
    put_agent(place, agent, state="completed", iteration=1, current_run_uuid=run)
    key = agent_key(place, agent)

    told = refused("deleteSessionAgent", key)
    change("deleteSessionRun", {"sessionUuid": place.session, "runUuid": run}, "deletedId")
    change("deleteSessionAgent", key, "deletedId")

    assert told == {"code": "HAS_CHILDREN", "children": {"runs": 1}}
    assert stored(models.Session, *place).agent_count == 0


def test_the_user_of_an_ended_session_may_be_another(tables: None) -> None:
    place = new_place(new_coordination())
    put_session(place, status="failed", iteration_count=1)

    changed = change("updateSession", {**place.key, "userId": "eve"}, "session { userId status }")

    assert changed["session"] == {"userId": "eve", "status": "FAILED"}
