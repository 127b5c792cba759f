"""Conversations: the runs of a thread, from all sessions of a tenant."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import after, blueprint, echo, external, report, start, tell, work_off
from tests.support.graph_api import (
    CALLER,
    RIVAL,
    change,
    data,
    error,
    new_coordination,
    new_place,
    new_run,
    new_session,
)
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("tables", "worked_queue")

THREAD = """query ($t: ID!, $first: Int, $after: String) {
    threadRuns(threadUuid: $t, first: $first, after: $after) {
        totalCount
        nodes { runUuid threadUuid partitionKey outcome attempt usage { inputTokens } }
        pageInfo { hasNextPage endCursor }
    }
}"""


def runs(connection: dict[str, Any]) -> list[str]:
    return [row["runUuid"] for row in connection["nodes"]]


def test_a_thread_goes_through_sessions_and_coordinations_oldest_first() -> None:
    first, second = new_place(), new_place()
    usage = {"inputTokens": 3, "outputTokens": 5}
    expected = [
        new_run(*second, threadUuid="t", outcome="FAILED", usage=usage),
        new_run(*first, threadUuid="t"),
        new_run(*second, threadUuid="t"),
    ]
    new_run(*first, threadUuid="t2")
    new_run(*first)

    thread = data(THREAD, {"t": "t"})["threadRuns"]

    assert runs(thread) == expected
    assert thread["totalCount"] is None
    assert thread["nodes"][0] == {
        "runUuid": expected[0],
        "threadUuid": "t",
        "partitionKey": "acme#sales",
        "outcome": "FAILED",
        "attempt": 1,
        "usage": {"inputTokens": 3},
    }


def test_a_thread_is_paged_to_its_end() -> None:
    place = new_place()
    expected = [new_run(*place, threadUuid="t") for _ in range(5)]

    seen: list[list[str]] = []
    after, more = None, True
    while more:
        page = data(THREAD, {"t": "t", "first": 2, "after": after})["threadRuns"]
        seen.append(runs(page))
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seen == [expected[:2], expected[2:4], expected[4:]]


def test_a_thread_s_name_is_the_tenant_s_own() -> None:
    own = new_run(*new_place(), threadUuid="sales#t")
    coordination = new_coordination(RIVAL)
    rivals = new_run(coordination, new_session(coordination, RIVAL), RIVAL, threadUuid="sales#t")

    assert runs(data(THREAD, {"t": "sales#t"})["threadRuns"]) == [own]
    assert runs(data(THREAD, {"t": "sales#t"}, RIVAL)["threadRuns"]) == [rivals]
    assert runs(data(THREAD, {"t": "t"})["threadRuns"]) == []


def test_a_deleted_run_leaves_its_thread() -> None:
    place = new_place()
    first, second = (new_run(*place, threadUuid="t") for _ in range(2))

    change("deleteSessionRun", {"sessionUuid": place.session, "runUuid": first}, "deletedId")

    assert runs(data(THREAD, {"t": "t"})["threadRuns"]) == [second]


def test_a_thread_without_a_name_is_refused() -> None:
    for name in ("", "t" * 257):
        told = error(THREAD, {"t": name})

        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["threadUuid"]}


def key_of(session: str, run: str) -> str | None:
    """Under which key the run is in the index."""
    return stored(models.SessionRun, session, run).tenant_thread


def test_a_run_that_began_its_thread_is_listed_under_the_name_that_its_agent_gives() -> None:
    place = start(blueprint([external("a")]), taskQuery="Go")
    work_off()
    given = report(place, "a")
    own = stored(models.SessionRun, place.session, given["runUuid"]).thread_uuid
    before = key_of(place.session, given["runUuid"])

    tell("acceptSessionAgent", {**given, "threadUuid": "t"})
    named = key_of(place.session, given["runUuid"])
    tell("completeSessionAgent", {**given, "agentOutput": "Done"})

    assert before is None
    assert named == key_of(place.session, given["runUuid"]) == f"{CALLER.partition_key}#t"
    assert runs(data(THREAD, {"t": "t"})["threadRuns"]) == [given["runUuid"]]
    assert runs(data(THREAD, {"t": own})["threadRuns"]) == []


def test_a_run_that_began_its_thread_and_names_no_other_is_listed_once_it_has_ended() -> None:
    actions = [after("a"), after("b", "a")]
    place = start(blueprint([external("a"), echo("b")], actions), taskQuery="Go")
    work_off()
    given = report(place, "a")
    own = stored(models.SessionRun, place.session, given["runUuid"]).thread_uuid
    working = runs(data(THREAD, {"t": own})["threadRuns"])

    tell("completeSessionAgent", {**given, "agentOutput": "Done"})

    successor = report(place, "b")["runUuid"]
    assert working == []
    assert runs(data(THREAD, {"t": own})["threadRuns"]) == [given["runUuid"], successor]
    assert key_of(place.session, successor) == f"{CALLER.partition_key}#{own}"
