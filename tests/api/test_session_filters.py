"""Sessions filtered by coordination, task, user and status."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    change,
    data,
    error,
    new_coordination,
    new_session,
    new_task,
)
from tests.support.ids import short
from tests.support.stored import put_state

LIST = """query ($c: ID, $n: Boolean, $f: SessionFilter, $first: Int, $after: String) {
    sessions(coordinationUuid: $c, newestFirst: $n, filter: $f, first: $first, after: $after) {
        totalCount nodes { sessionUuid status } pageInfo { hasNextPage endCursor }
    }
}"""
NESTED = """query ($c: ID!, $t: ID!, $f: SessionFilter, $n: Boolean) {
    coordination(coordinationUuid: $c) {
        sessions(filter: $f, newestFirst: $n) { totalCount nodes { sessionUuid status } }
    }
    task(coordinationUuid: $c, taskUuid: $t) {
        sessions(newestFirst: $n) { totalCount nodes { sessionUuid status } }
    }
}"""

# In the order of creation: the coordination, the task, the user, and what is stored of the status.
SESSIONS: dict[str, tuple[str, str | None, str | None, dict[str, Any]]] = {
    "new": ("A", "T1", "bob", {}),
    "done": ("A", "T2", "bob", {"status": "completed"}),
    "running": ("A", None, "eve", {"status": "in_progress"}),
    "asking": ("A", "T1", "eve", {"status": "in_progress", "awaiting_input": {7}}),
    "failed": ("B", "T3", "bob", {"status": "failed"}),
    "cancelled": ("B", None, None, {"status": "cancelled"}),
}


class Shop:
    """Two coordinations with three tasks and six sessions; and a rival with the same user."""

    def __init__(self) -> None:
        a, b = new_coordination(), new_coordination()
        tasks = {"T1": new_task(a), "T2": new_task(a), "T3": new_task(b)}
        self.uuids = {"A": a, "B": b, **tasks}
        new_session(new_coordination(RIVAL), RIVAL, userId="bob")
        for name, (where, task, user, state) in SESSIONS.items():
            coordination = self.uuids[where]
            session = new_session(coordination, taskUuid=self.uuids.get(task or ""), userId=user)
            self.uuids[name] = session
            if state:
                put_state(models.Session, coordination, session, **state)

    def filter(self, chosen: dict[str, Any]) -> dict[str, Any]:
        task = chosen.get("taskUuid")
        return {**chosen, "taskUuid": self.uuids[task]} if task else chosen

    def names(self, connection: dict[str, Any]) -> list[str]:
        by_uuid = {uuid: name for name, uuid in self.uuids.items()}
        return [by_uuid[row["sessionUuid"]] for row in connection["nodes"]]


@pytest.fixture
def shop(tables: None) -> Shop:
    return Shop()


EVERYTHING = ["cancelled", "failed", "asking", "running", "done", "new"]


@pytest.mark.parametrize(
    ("chosen", "of_the_tenant", "of_a"),
    [
        ({}, EVERYTHING, ["asking", "running", "done", "new"]),
        ({"status": [], "taskUuid": None, "userId": None}, EVERYTHING, EVERYTHING[2:]),
        ({"status": ["INITIAL"]}, ["new"], ["new"]),
        ({"status": ["IN_PROGRESS"]}, ["running"], ["running"]),
        ({"status": ["WAITING_FOR_INPUT"]}, ["asking"], ["asking"]),
        ({"status": ["COMPLETED"]}, ["done"], ["done"]),
        ({"status": ["FAILED"]}, ["failed"], []),
        ({"status": ["CANCELLED"]}, ["cancelled"], []),
        (
            {"status": ["WAITING_FOR_INPUT", "IN_PROGRESS", "FAILED", "FAILED"]},
            ["failed", "asking", "running"],
            ["asking", "running"],
        ),
        ({"userId": "bob"}, ["failed", "done", "new"], ["done", "new"]),
        ({"userId": "eve", "status": ["WAITING_FOR_INPUT"]}, ["asking"], ["asking"]),
        ({"userId": "eve", "status": ["INITIAL"]}, [], []),
        ({"userId": "bo"}, [], []),
        ({"taskUuid": "T1"}, ["asking", "new"], ["asking", "new"]),
        ({"taskUuid": "T3"}, ["failed"], []),
        ({"taskUuid": "T1", "userId": "bob"}, ["new"], ["new"]),
        ({"taskUuid": "T1", "status": ["WAITING_FOR_INPUT"]}, ["asking"], ["asking"]),
        ({"taskUuid": "T1", "userId": "eve", "status": ["IN_PROGRESS"]}, [], []),
        ({"taskUuid": "T3", "userId": "bob", "status": ["FAILED"]}, ["failed"], []),
    ],
    ids=short,
)
def test_a_list_holds_the_sessions_that_its_filter_names(
    shop: Shop, chosen: dict[str, Any], of_the_tenant: list[str], of_a: list[str]
) -> None:
    given = {"f": shop.filter(chosen)}

    tenant = data(LIST, given)["sessions"]
    coordination = data(LIST, {**given, "c": shop.uuids["A"]})["sessions"]
    oldest_first = data(LIST, {**given, "n": False})["sessions"]

    assert shop.names(tenant) == of_the_tenant
    assert shop.names(coordination) == of_a
    assert shop.names(oldest_first) == of_the_tenant[::-1]


def test_each_session_is_listed_in_the_status_that_it_shows(shop: Shop) -> None:
    given = {"c": shop.uuids["A"], "t": shop.uuids["T1"], "f": {"userId": "eve"}, "n": False}

    nested = data(NESTED, given)
    rows = [row["status"] for row in data(LIST)["sessions"]["nodes"]]

    asking = {"sessionUuid": shop.uuids["asking"], "status": "WAITING_FOR_INPUT"}
    running = {"sessionUuid": shop.uuids["running"], "status": "IN_PROGRESS"}
    new = {"sessionUuid": shop.uuids["new"], "status": "INITIAL"}
    assert nested["coordination"]["sessions"] == {"totalCount": None, "nodes": [running, asking]}
    assert nested["task"]["sessions"] == {"totalCount": None, "nodes": [new, asking]}
    assert rows == [
        "CANCELLED",
        "FAILED",
        "WAITING_FOR_INPUT",
        "IN_PROGRESS",
        "COMPLETED",
        "INITIAL",
    ]


def test_the_number_of_sessions_is_known_of_a_whole_coordination_alone(shop: Shop) -> None:
    a = {"c": shop.uuids["A"]}

    assert data(LIST, a)["sessions"]["totalCount"] == 4
    assert data(LIST, {**a, "f": {}})["sessions"]["totalCount"] == 4
    assert data(LIST, {**a, "f": {"userId": "bob"}})["sessions"]["totalCount"] is None
    assert data(LIST)["sessions"]["totalCount"] is None
    assert data(LIST, {"c": NOBODY})["sessions"]["totalCount"] is None


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("chosen", [{}, {"userId": "bob"}, {"status": ["FAILED", "INITIAL"]}])
def test_a_filtered_list_is_paged_to_its_end(
    shop: Shop, chosen: dict[str, Any], newest_first: bool
) -> None:
    given = {"f": chosen, "n": newest_first}
    whole = shop.names(data(LIST, given)["sessions"])

    seen, after, more = [], None, True
    while more:
        page = data(LIST, {**given, "first": 2, "after": after})["sessions"]
        seen.append(shop.names(page))
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seen == [whole[at : at + 2] for at in range(0, len(whole), 2)]


def test_a_user_s_name_may_hold_what_keys_are_made_with(tables: None) -> None:
    coordination = new_coordination()
    session = new_session(coordination, userId="sales#bob")
    new_session(coordination, userId="bob")

    found = data(LIST, {"f": {"userId": "sales#bob"}})["sessions"]

    assert found["nodes"] == [{"sessionUuid": session, "status": "INITIAL"}]


def test_a_user_to_filter_by_is_not_empty(tables: None) -> None:
    refusal = error(LIST, {"f": {"userId": ""}})

    assert refusal == {"code": "BAD_USER_INPUT", "inputPath": ["filter", "userId"]}


@pytest.mark.parametrize("started", [False, True], ids=["before the start", "after the start"])
def test_a_session_moves_from_one_user_s_list_to_another_s(shop: Shop, started: bool) -> None:
    key = {"coordinationUuid": shop.uuids["A"]}
    session = "done" if started else "new"
    rest = {"failed", "done", "new"} - {session}

    for user in ("eve", None, "bob"):
        given = {**key, "sessionUuid": shop.uuids[session], "userId": user}
        told = change("updateSession", given, "session { userId updatedBy }")["session"]

        assert told == {"userId": user, "updatedBy": "u-17"}
        bobs = shop.names(data(LIST, {"f": {"userId": "bob"}})["sessions"])
        eves = shop.names(data(LIST, {"f": {"userId": "eve"}})["sessions"])
        assert set(bobs) == rest | ({session} if user == "bob" else set())
        assert set(eves) == {"asking", "running"} | ({session} if user == "eve" else set())
