"""An ended session keeps the names of what it was started from, and how its agents ended."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import after, blueprint, echo, external, start, started, work_off
from tests.api.growing import mapped
from tests.api.retrying import ONCE, address, complete, fail, retry
from tests.support.graph_api import (
    Place,
    change,
    data,
    new_agent,
    new_coordination,
    new_session,
    new_task,
)
from tests.support.recording import recorded_calls
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

PROGRESS = (
    "progress { total initial inProgress waitingForInput completed failed skipped cancelled }"
)
SESSION = f"""query ($c: ID!, $s: ID!) {{ session(coordinationUuid: $c, sessionUuid: $s) {{
    status coordinationName taskName {PROGRESS}
}} }}"""
ROW = f"coordinationName taskName status {PROGRESS}"
ZEROS = dict.fromkeys(
    ("total", "initial", "inProgress", "waitingForInput", "completed", "failed", "skipped"), 0
)


def counts(**some: int) -> dict[str, int]:
    return {**ZEROS, "cancelled": 0, **some}


def told(place: Place) -> dict[str, Any]:
    return dict(data(SESSION, {"c": place.coordination, "s": place.session})["session"])


def kept(place: Place) -> dict[str, Any] | None:
    """The counts as the session stores them. They equal those of the agents."""
    found = stored(models.Session, *place).final_progress
    shown = told(place)["progress"]
    if found is not None:
        put_state(models.Session, *place, final_progress=None)
        assert told(place)["progress"] == shown
        put_state(models.Session, *place, final_progress=found)
    return None if found is None else dict(found.attribute_values)


def test_each_end_stores_how_many_agents_ended_in_which_state() -> None:
    one = started([echo("a")])
    skipping = started(
        [echo(name) for name in "abcd"],
        [after("a"), after("b", "a", when="`false`"), after("c", "b"), after("d", "a")],
    )
    failing = started(
        [echo("a", fail="No"), echo("b"), external("c")],
        [after("a", retry=ONCE), after("b", "a"), after("c")],
    )
    continuing = started(
        [echo("a", fail="No"), echo("b"), echo("c")],
        [
            after("a", retry=ONCE, onFailure="CONTINUE"),
            after("b", "a"),
            after("c", "a", "b"),
        ],
    )
    under_way = started([echo("a"), external("b"), echo("c")], [after("b", "a"), after("c", "b")])
    assert kept(under_way) is None
    assert told(under_way)["progress"] == counts(total=3, completed=1, inProgress=1, initial=1)

    change("cancelSession", under_way.key, "session { status }")

    assert kept(one) == {"total": 1, "completed": 1}
    assert kept(skipping) == {"total": 4, "completed": 2, "skipped": 2}
    assert kept(failing) == {"total": 3, "failed": 1, "cancelled": 2}
    assert kept(continuing) == {"total": 3, "completed": 2, "failed": 1}
    assert kept(under_way) == {"total": 3, "completed": 1, "cancelled": 2}
    assert told(failing)["progress"] == counts(total=3, failed=1, cancelled=2)


def test_a_session_of_added_agents_counts_those_that_are_part_of_it() -> None:
    place = mapped("[1, 2, 3]", members=[echo("a"), echo("b"), external("c")])
    fail(place, "c")
    assert kept(place) == {"total": 6, "completed": 5, "failed": 1}

    # The list is read again, so other agents replace its elements.
    retry(place, sessionAgentUuids=[address(place, "a")])
    assert kept(place) is None
    complete(place, "c", "Done")

    assert kept(place) == {"total": 6, "completed": 6}
    assert stored(models.Session, *place).agent_count == 9


def test_a_retry_forgets_the_counts_and_so_does_the_deletion_of_an_agent() -> None:
    place = started([echo("a"), external("b")], [after("b", "a", retry=ONCE)])
    fail(place, "b")
    assert kept(place) == {"total": 2, "completed": 1, "failed": 1}

    retry(place)
    assert kept(place) is None
    assert told(place)["progress"] == counts(total=2, completed=1, inProgress=1)

    change("cancelSession", place.key, "session { status }")
    assert kept(place) == {"total": 2, "completed": 1, "cancelled": 1}

    _delete_agent(place, "a")
    assert kept(place) is None
    assert told(place)["progress"] == counts(total=1, cancelled=1)


def _delete_agent(place: Place, name: str) -> None:
    agent, session = address(place, name), place.session
    runs = data(
        "query ($s: ID!, $f: SessionRunFilter) { sessionRuns(sessionUuid: $s, filter: $f) "
        "{ nodes { runUuid } } }",
        {"s": session, "f": {"sessionAgentUuid": agent}},
    )["sessionRuns"]["nodes"]
    for run in runs:
        change("deleteSessionRun", {"sessionUuid": session, **run}, "deletedId")
    change("deleteSessionAgent", {"sessionUuid": session, "sessionAgentUuid": agent}, "deletedId")


def test_a_session_keeps_the_names_that_coordination_and_task_had_at_its_start() -> None:
    key = blueprint([echo("rag")], taskName="Search")
    place = start(key, taskQuery="A")
    coordination, task = place.coordination, key["taskUuid"]
    by_hand = Place(coordination, new_session(coordination, taskUuid=task, taskQuery="A"))
    without_task = Place(coordination, new_session(coordination, taskQuery="A"))
    empty = Place(coordination, new_session(coordination, taskUuid=task))
    for each in (by_hand, without_task):
        new_agent(*each)
        assert _names(each) == (None, None)
        change("dispatchSession", each.key, "session { status }")
    change("updateTask", {**key, "taskName": "Find"}, "task { version }")
    work_off()

    assert _names(place) == _names(by_hand) == ("Offers", "Search")
    assert _names(without_task) == ("Offers", None)
    assert _names(empty) == (None, None)


def _names(place: Place) -> tuple[str | None, str | None]:
    found = told(place)
    return found["coordinationName"], found["taskName"]


def test_a_page_of_25_ended_sessions_with_names_and_progress_is_one_query() -> None:
    coordination = new_coordination(agents=[echo("a")])
    task = new_task(coordination, taskName="Search")
    key = {"coordinationUuid": coordination, "taskUuid": task}
    for _ in range(25):
        start(key, taskQuery="A", userId="bob")
    work_off()
    row = {
        "coordinationName": "Offers",
        "taskName": "Search",
        "status": "COMPLETED",
        "progress": counts(total=1, completed=1),
    }

    for where in (
        "",
        f'(coordinationUuid: "{coordination}")',
        f'(filter: {{taskUuid: "{task}"}})',
        '(filter: {userId: "bob", status: [COMPLETED]})',
    ):
        with recorded_calls() as calls:
            page = data(f"{{ sessions{where} {{ nodes {{ {ROW} }} }} }}")["sessions"]["nodes"]
        assert page == [row] * 25
        assert [call.operation for call in calls if call.service == "dynamodb"] == ["Query"]
