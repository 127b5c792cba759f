"""Whole sessions: cancelled, dispatched by hand, and changed while they run."""

from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.session import dispatch
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    listed,
    outcomes,
    report,
    session,
    started,
    states,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    Place,
    change,
    new_agent,
    new_coordination,
    new_session,
    refusal,
)
from tests.support.stored import everything_stored, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

STATUS = "session { sessionUuid status }"
NOT_FOUND = {"code": "NOT_FOUND", "inputPath": ["input", "sessionUuid"]}


def invalid(state: str) -> dict[str, str]:
    return {"code": "INVALID_STATE", "state": state}


def under_way() -> Place:
    """One agent has answered, one works, one waits."""
    agents = [echo("a"), external("b"), echo("c")]
    return started(agents, [after("a"), after("b", "a"), after("c", "b")])


def built_by_hand() -> Place:
    coordination = new_coordination(agents=[echo("a"), echo("b")])
    place = Place(coordination, new_session(coordination, taskQuery="Which?"))
    first = new_agent(*place, agentUuid="a")
    new_agent(*place, agentUuid="b", predecessors=[first])
    return place


def test_cancelling_ends_what_has_not_ended_and_seals_the_open_run() -> None:
    place = under_way()

    told = change("cancelSession", {**place.key, "reason": "Too late"}, STATUS)["session"]

    assert told["status"] == "CANCELLED"
    assert states(place) == {"a": "COMPLETED", "b": "CANCELLED", "c": "CANCELLED"}
    assert outcomes(place) == [("a", 1, "COMPLETED"), ("b", 1, "CANCELLED")]
    assert listed("IN_PROGRESS") == []
    assert [entry.message for entry in stored(models.Session, *place).logs][-1] == (
        "Cancelled: Too late"
    )


def test_cancelling_twice_is_cancelling_once() -> None:
    place = under_way()
    first = change("cancelSession", place.key, STATUS)
    before = everything_stored()

    assert change("cancelSession", place.key, STATUS) == first
    assert everything_stored() == before


def test_what_has_ended_is_not_cancelled() -> None:
    place = started([echo("a")])

    assert refused("cancelSession", place.key) == invalid("COMPLETED")
    assert refused("cancelSession", {**place.key, "sessionUuid": NOBODY}) == NOT_FOUND
    assert refused("cancelSession", place.key, RIVAL) == NOT_FOUND


def test_a_session_built_by_hand_is_dispatched_and_runs_to_its_end() -> None:
    place = built_by_hand()

    told = change("dispatchSession", place.key, STATUS)["session"]
    assert told["status"] == "IN_PROGRESS"
    work_off()

    assert session(place)["status"] == "COMPLETED"
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED"}
    found = agents(place)["b"]
    assert found["agentInput"] == input_of(found, "Which?", **{"Agent A": "Which?"})


def test_a_session_is_dispatched_once_and_with_agents() -> None:
    place = built_by_hand()
    change("dispatchSession", place.key, STATUS)
    empty = Place(place.coordination, new_session(place.coordination))

    assert refused("dispatchSession", place.key) == invalid("IN_PROGRESS")
    assert refused("dispatchSession", empty.key) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "sessionUuid"],
    }
    assert refused("dispatchSession", {**place.key, "sessionUuid": NOBODY}) == NOT_FOUND


def test_a_session_with_an_agent_that_was_lost_is_not_dispatched() -> None:
    place = built_by_hand()
    given = {"coordinationUuid": place.coordination, "agents": [echo("a")]}
    change("updateCoordination", given, "coordination { version }")

    assert refused("dispatchSession", place.key) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "sessionUuid"],
    }


def test_a_session_with_a_variable_that_nobody_knows_is_not_dispatched() -> None:
    coordination = new_coordination(agents=[echo("a"), echo("b")])
    place = Place(coordination, new_session(coordination, taskQuery='{"n": 3}'))
    new_agent(*place, agentUuid="a", subtaskQuery="{n} offers")
    new_agent(*place, agentUuid="b", subtaskQuery="{n} offers for {who}")

    assert refused("dispatchSession", place.key) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "sessionUuid"],
    }
    change("updateSession", {**place.key, "taskQuery": '{"n": 3, "who": "Ann"}'}, STATUS)
    assert change("dispatchSession", place.key, STATUS)["session"]["status"] == "IN_PROGRESS"
    work_off()
    assert agents(place)["b"]["agentOutput"] == "3 offers for Ann"


def test_a_session_whose_variables_make_a_text_too_large_is_not_dispatched() -> None:
    coordination = new_coordination(agents=[echo("a"), echo("b")])
    query = f'{{"x": "{"x" * 2_000}"}}'
    place = Place(coordination, new_session(coordination, taskQuery=query))
    new_agent(*place, agentUuid="a", subtaskQuery="{x}")
    new_agent(*place, agentUuid="b", subtaskQuery="{x}" * 2_000)

    assert refused("dispatchSession", place.key) == {
        "code": "PAYLOAD_TOO_LARGE",
        "inputPath": ["input", "sessionUuid"],
    }


def test_nothing_is_deleted_inside_a_session_that_runs() -> None:
    place = under_way()
    key = report(place, "b")
    run = {name: key[name] for name in ("sessionUuid", "runUuid")}
    waits = {**run, "sessionAgentUuid": agents(place)["c"]["sessionAgentUuid"]}
    del waits["runUuid"]
    works = {**waits, "sessionAgentUuid": key["sessionAgentUuid"]}

    assert refused("deleteSession", place.key) == {
        "code": "HAS_CHILDREN",
        "children": {"agents": 3},
    }
    assert refused("deleteSessionAgent", works) == {"code": "HAS_CHILDREN", "children": {"runs": 1}}
    assert refused("deleteSessionAgent", waits) == invalid("IN_PROGRESS")
    assert refused("deleteSessionRun", run) == invalid("IN_PROGRESS")


def test_a_dispatch_that_dies_goes_on_with_the_members_that_it_began_with() -> None:
    place = built_by_hand()
    with patch.object(dispatch, "_begin", side_effect=RuntimeError("died")):
        assert refusal("dispatchSession", place.key)["code"] == "INTERNAL"
    key = {"coordinationUuid": place.coordination}
    change("updateCoordination", {**key, "agents": []}, "__typename")

    sweep(place)

    found = session(place)
    assert found["status"] == "COMPLETED"
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED"}
    assert stored(models.Session, *place).graph is None


def sweep(place: Place) -> None:
    """As if so much time had passed that the session is looked for."""
    kind = models.Session
    kind(*place).update([kind.due_at.set("2026-01-01T00:00:00.000000+00:00")])
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
