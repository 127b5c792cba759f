"""Sessions are found by their labels, by the time of their creation, and by their UUIDs alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.engine.session import start as starting
from benchmarks.units import kept
from tests.api.execution import blueprint, echo, start, work_off
from tests.support.contexts import At
from tests.support.graph_api import (
    CALLER,
    NOBODY,
    RIVAL,
    change,
    data,
    error,
    new_agent,
    new_coordination,
    new_session,
    new_task,
    refusal,
)
from tests.support.ids import short
from tests.support.recording import recorded_calls
from tests.support.stored import everything_stored, put_state

pytestmark = pytest.mark.usefixtures("worked_queue")

QUERY, BATCH, GET, WRITE = "Query", "BatchGetItem", "GetItem", "TransactWriteItems"
LIST = """query ($f: SessionFilter, $c: ID, $first: Int, $after: String, $n: Boolean) {
    sessions(filter: $f, coordinationUuid: $c, first: $first, after: $after, newestFirst: $n) {
        nodes { sessionUuid } totalCount pageInfo { hasNextPage endCursor }
    }
}"""
ALONE = """query ($s: ID!) {
    session(sessionUuid: $s) { coordinationUuid labels { key value } logs { message } }
}"""
ACME = {"key": "customer", "value": "ACME"}
OTHER = {"key": "customer", "value": "Other"}
URGENT = {"key": "urgent", "value": ""}


def labels_stored() -> list[Any]:
    return everything_stored()["ai-coordination-session_labels"]


def found(wanted: dict[str, Any], **more: Any) -> list[str]:
    page = data(LIST, {"f": wanted, **more})["sessions"]
    assert page["totalCount"] is None
    return [row["sessionUuid"] for row in page["nodes"]]


def calls_of(query: str, given: dict[str, Any]) -> list[str]:
    with recorded_calls() as calls:
        data(query, given)
    return [call.operation for call in calls if call.service == "dynamodb"]


def paged(wanted: dict[str, Any], first: int, *, newest_first: bool) -> list[list[str]]:
    pages, after, more = [], None, True
    while more:
        given = {"f": wanted, "first": first, "after": after, "n": newest_first}
        page = data(LIST, given)["sessions"]
        pages.append([row["sessionUuid"] for row in page["nodes"]])
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return pages


def test_sessions_are_found_by_a_label_and_what_else_is_asked_for() -> None:
    a, b = new_coordination(), new_coordination()
    task = new_task(a)
    first = new_session(a, labels=[ACME, URGENT], userId="bob")
    second = new_session(b, labels=[ACME], userId="eve")
    third = new_session(a, labels=[OTHER, URGENT], taskUuid=task)
    new_session(a)
    new_session(new_coordination(RIVAL), RIVAL, labels=[ACME])

    assert found({"label": ACME}) == [second, first]
    assert found({"label": ACME}, n=False) == [first, second]
    assert found({"label": URGENT}) == [third, first]
    assert found({"label": {"key": "urgent", "value": "x"}}) == []
    assert found({"label": ACME}, c=a) == found({"label": ACME, "userId": "bob"}) == [first]
    assert found({"label": URGENT, "taskUuid": task, "status": ["INITIAL"]}) == [third]
    assert found({"label": URGENT, "status": ["FAILED"]}) == []
    put_state(models.Session, a, first, schedule_uuid=NOBODY)
    assert found({"scheduleUuid": NOBODY}) == [first]
    assert found({"scheduleUuid": NOBODY, "label": URGENT}) == [first]
    assert found({"scheduleUuid": NOBODY, "taskUuid": task}) == []
    assert data(ALONE, {"s": third})["session"]["labels"] == [OTHER, URGENT]
    assert calls_of(LIST, {"f": {"label": ACME}}) == [QUERY, BATCH]
    assert calls_of(LIST, {"f": {"label": ACME, "userId": "bob"}}) == [QUERY, BATCH]


def test_a_page_by_label_and_filter_continues_where_it_ended() -> None:
    coordination = new_coordination()
    users = ["bob" if number % 3 == 0 else "eve" for number in range(14)]
    made = [new_session(coordination, labels=[ACME], userId=user) for user in users]
    bobs = [uuid for uuid, user in zip(made, users, strict=True) if user == "bob"]

    assert paged({"label": ACME}, 5, newest_first=False) == [made[:5], made[5:10], made[10:]]
    assert paged({"label": ACME, "userId": "bob"}, 2, newest_first=False) == [
        bobs[:2],
        bobs[2:4],
        bobs[4:],
    ]
    # Behind the second page there is none that matches, and all labels were read for it.
    by_four = paged({"label": ACME, "userId": "eve"}, 4, newest_first=True)
    assert [uuid for page in by_four for uuid in page] == [
        uuid for uuid in reversed(made) if uuid not in bobs
    ]


@pytest.mark.parametrize(
    ("labels", "path"),
    [
        ([{"key": "a", "value": str(number)} for number in range(2)], ["labels", 1, "key"]),
        ([{"key": f"k{number}", "value": "a"} for number in range(11)], ["labels"]),
        ([{"key": "", "value": "a"}], ["labels", 0, "key"]),
        ([{"key": "k" * 65, "value": "a"}], ["labels", 0, "key"]),
        ([{"key": "a b", "value": "a"}], ["labels", 0, "key"]),
        ([ACME, {"key": "ü", "value": "a"}], ["labels", 1, "key"]),
        ([{"key": "a\n", "value": "a"}], ["labels", 0, "key"]),
        ([{"key": "a", "value": "v" * 257}], ["labels", 0, "value"]),
        ([{"key": "a", "value": "two\nlines"}], ["labels", 0, "value"]),
        ([{"key": "a", "value": "\u202eACME"}], ["labels", 0, "value"]),
    ],
    ids=short,
)
def test_a_label_that_cannot_be_is_refused_where_it_is(
    labels: list[dict[str, str]], path: list[str | int]
) -> None:
    key = blueprint([echo("a")])
    before = everything_stored()

    for name, given in (
        ("createSession", {"coordinationUuid": key["coordinationUuid"]}),
        ("startSession", key),
    ):
        told = refusal(name, {**given, "labels": labels})
        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}

    assert everything_stored() == before
    if path[-1] in ("key", "value") and len(labels) == 1:
        refused = error(LIST, {"f": {"label": labels[0]}})
        expected = ["filter", "label", path[-1]]
        assert refused == {"code": "BAD_USER_INPUT", "inputPath": expected}


def test_labels_are_written_with_a_session_and_deleted_with_it() -> None:
    key = blueprint([echo("a")])
    longest = [{"key": f"{'k' * 63}{number}", "value": "🦊" * 256} for number in range(10)]
    place = start(key, taskQuery="A", labels=longest)
    with patch.object(starting, "MOST_AT_ONCE", 0):
        in_chunks = start(key, taskQuery="A", labels=[ACME], idempotencyKey="once")
    work_off()
    coordination = place.coordination
    plain, by_hand = new_session(coordination), new_session(coordination, labels=[ACME, OTHER][:1])
    agent = new_agent(coordination, by_hand)
    assert len(labels_stored()) == 12
    assert found({"label": longest[9]}) == [place.session]
    assert found({"label": ACME}) == [by_hand, in_chunks.session]

    def delete(session: str) -> list[str]:
        given = {"coordinationUuid": coordination, "sessionUuid": session}
        document = "mutation ($i: DeleteSessionInput!) { deleteSession(input: $i) { deletedId } }"
        return calls_of(document, {"i": given})

    gone = {"coordinationUuid": coordination, "sessionUuid": by_hand}
    assert refusal("deleteSession", gone) == {"code": "HAS_CHILDREN", "children": {"agents": 1}}
    change("deleteSessionAgent", {"sessionUuid": by_hand, "sessionAgentUuid": agent}, "deletedId")
    assert delete(plain) == [WRITE]
    assert delete(by_hand) == [WRITE, WRITE]
    assert refusal("deleteSession", gone) == {"code": "NOT_FOUND"}
    assert found({"label": ACME}) == [in_chunks.session]
    assert len(labels_stored()) == 11


def test_a_start_is_the_same_only_with_the_same_labels() -> None:
    key = {**blueprint([echo("a")]), "taskQuery": "A", "idempotencyKey": "once"}
    place = start(key, labels=[ACME])

    assert start(key, labels=[ACME]) == place
    for labels in ([OTHER], [], [ACME, URGENT]):
        assert refusal("startSession", {**key, "labels": labels})["code"] == "CONFLICT"
    assert len(labels_stored()) == 1


def test_a_session_is_found_by_its_uuid_alone() -> None:
    coordination = new_coordination()
    session = new_session(coordination, taskQuery="A")

    found = data(ALONE, {"s": session})["session"]
    assert found == {"coordinationUuid": coordination, "labels": [], "logs": []}
    assert calls_of(ALONE, {"s": session}) == [QUERY, GET]
    assert data(ALONE, {"s": session}, RIVAL)["session"] is None
    assert data(ALONE, {"s": NOBODY})["session"] is None
    assert calls_of(ALONE, {"s": NOBODY}) == [QUERY]
    assert error(ALONE, {"s": "x"}) == {"code": "BAD_USER_INPUT", "inputPath": ["sessionUuid"]}


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> Caller:
    """A caller whose clock shows this time after noon."""
    return replace(CALLER, context=At(moment=NOON + timedelta(seconds=seconds)))


def since(after: float | None, before: float | None) -> dict[str, str]:
    times = {"createdAfter": after, "createdBefore": before}
    return {
        name: (NOON + timedelta(seconds=seconds)).isoformat()
        for name, seconds in times.items()
        if seconds is not None
    }


def test_a_period_is_read_and_nothing_else() -> None:
    coordination = new_coordination()
    task = new_task(coordination)
    more = {"taskUuid": task, "userId": "bob", "labels": [ACME]}
    made = [new_session(coordination, at(second), **more) for second in range(60)]
    times = [None, 0.0, 0.5, 7.0, 7.001, 40.0, 60.0, None]

    of_periods = [found(since(*period), n=False, first=100) for period in pairwise(times)]

    # Each session is in one of the periods that follow each other.
    assert [uuid for each in of_periods for uuid in each] == made
    assert of_periods[:4] == [[], made[:1], made[1:7], made[7:8]]
    lists: tuple[dict[str, Any], ...] = (
        {},
        {"taskUuid": task},
        {"userId": "bob"},
        {"label": ACME},
        {"status": ["INITIAL"]},
    )
    for wanted in lists:
        period = {**wanted, **since(10, 12)}
        with kept() as ledger:
            assert found(period, c=coordination) == made[10:12][::-1]
        of_label = 2 if "label" in wanted else 0
        assert sum(read.units for read in ledger.reads) == 0.5 + of_label
    for newest_first in (True, False):
        pages = paged(since(3, 10), 3, newest_first=newest_first)
        expected = made[3:10][::-1] if newest_first else made[3:10]
        assert pages == [expected[:3], expected[3:6], expected[6:]]


def test_a_period_ends_after_it_begins() -> None:
    for after, before in ((1, 1), (2, 1)):
        assert error(LIST, {"f": since(after, before)}) == {
            "code": "BAD_USER_INPUT",
            "inputPath": ["filter", "createdBefore"],
        }
