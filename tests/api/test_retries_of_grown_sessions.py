"""Retries of sessions whose graphs have grown: what is done again, and what is replaced."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.execution import after, agents, echo, external, session, start, started, work_off
from tests.api.growing import ONCE, by_parent, mapped, rows, stored_session
from tests.api.retrying import complete, fail, retry
from tests.support.graph_api import Place, change, new_coordination, new_task
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("worked_queue")
BROKEN = "It is broken"


def elements(place: Place) -> list[tuple[str, int, int]]:
    """The elements of the map: state, iteration, and how often each has run."""
    return [(one.state, int(one.iteration), int(one.run_count)) for one in by_parent(place)["b"]]


def members(place: Place, *given: Mapping[str, Any]) -> None:
    """The coordination has these members from now on."""
    key = {"coordinationUuid": place.coordination}
    change("updateCoordination", {**key, "agents": list(given)}, "coordination { version }")


def three_of_which_one_fails() -> Place:
    """The external elements of a list; the second has failed, and the others have completed."""
    place = mapped(
        "[1, 2, 3]",
        each={"toleratedFailures": 0},
        members=[echo("a"), external("b"), echo("c")],
        retry=ONCE,
    )
    for element in by_parent(place)["b"]:
        report_of(place, element.session_agent_uuid, fails=element.item_index == 1)
    return place


def report_of(place: Place, uuid: str, *, fails: bool) -> None:
    one = next(row for row in rows(place) if row.session_agent_uuid == uuid)
    key = {"sessionUuid": place.session, "sessionAgentUuid": uuid, "runUuid": one.current_run_uuid}
    if fails:
        change(
            "failSessionAgent", {**key, "notes": "No", "retryable": False}, "sessionAgent { state }"
        )
    else:
        given = {**key, "agentOutput": f"{one.item_index:.0f}"}
        change("completeSessionAgent", given, "sessionAgent { state }")
    work_off()


def test_only_the_elements_that_failed_are_done_again() -> None:
    place = three_of_which_one_fails()
    assert session(place)["status"] == "FAILED"

    retry(place)
    again = by_parent(place)["b"][1]
    assert (rows(place)[1].state, again.state) == ("initial", "in_progress")
    report_of(place, again.session_agent_uuid, fails=False)

    assert session(place)["status"] == "COMPLETED"
    assert elements(place) == [("completed", 1, 1), ("completed", 2, 2), ("completed", 1, 1)]
    assert json.loads(str(rows(place)[1].agent_output)) == ["0", "1", "2"]


def test_a_list_that_may_be_another_one_is_made_anew_and_its_elements_are_replaced() -> None:
    place = started(
        [external("a"), echo("b"), echo("c")],
        [
            after("a", onFailure="CONTINUE", retry=ONCE),
            after("b", "a", forEach={"items": "outputs.a || `[0]`"}),
            after("c", "b"),
        ],
        subtaskQueries=[{"agentUuid": "c", "subtaskQuery": "Join"}],
    )
    fail(place, "a")
    assert session(place)["status"] == "COMPLETED"
    assert elements(place) == [("completed", 1, 1)]
    replaced = by_parent(place)["b"][0].session_agent_uuid

    retry(place)
    complete(place, "a", "[5, 6]")

    assert session(place)["status"] == "COMPLETED"
    first, *others = by_parent(place)["b"]
    assert [(one.superseded, int(one.ordinal)) for one in (first, *others)] == [
        (True, 3),
        (None, 4),
        (None, 5),
    ]
    stored = stored_session(place)
    assert (stored.graph_size, stored.agent_count, stored.superseded_count) == (6, 6, 1)
    told = refused("retrySession", {**place.key, "sessionAgentUuids": [replaced]})
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "sessionAgentUuids", 0]}


def test_what_is_added_after_a_retry_with_current_members_is_done_by_them() -> None:
    coordination = new_coordination(agents=[external("a"), echo("b"), echo("d", fail=BROKEN)])
    inner = new_task(coordination, agentActions=[after("d", retry=ONCE)])
    outer = new_task(
        coordination, agentActions=[after("a", retry=ONCE), after("b", "a", taskUuid=inner)]
    )
    place = start({"coordinationUuid": coordination, "taskUuid": outer}, taskQuery="Hello")
    work_off()
    fail(place, "a")
    members(place, external("a"), echo("b"), echo("d"))

    retry(place, withCurrentMembers=True)
    complete(place, "a", "Yes")

    assert session(place)["status"] == "COMPLETED"
    assert [one.state for one in by_parent(place)["b"]] == ["completed"]


def test_work_of_a_supervisor_that_begins_anew_cannot_be_named_and_is_replaced() -> None:
    place = started(
        [external("a"), echo("b")],
        [
            after("a", delegatesTo=["b"], retry=ONCE),
        ],
    )
    report = {
        "sessionUuid": place.session,
        "sessionAgentUuid": agents(place)["a"]["sessionAgentUuid"],
        "runUuid": agents(place)["a"]["currentRun"]["runUuid"],
    }
    work = [{"agentUuid": "b", "subtaskQuery": "Do it"}]
    change("delegateSessionAgent", {**report, "work": work}, "sessionAgent { state }")
    work_off()
    child = next(row for row in rows(place) if row.parent_ordinal == 0)
    fail(place, "a")
    named = {**place.key, "sessionAgentUuids": [child.session_agent_uuid]}
    told = refused("retrySession", named)
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "sessionAgentUuids", 0]}

    retry(place)
    assert rows(place)[0].turn is None
    complete(place, "a", "Done alone")

    assert session(place)["status"] == "COMPLETED"
    assert [one.superseded for one in rows(place)] == [None, True]
