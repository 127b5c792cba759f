"""Sessions that are created, changed and deleted before anything starts them."""

import re
from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    change,
    create,
    data,
    new_coordination,
    new_session,
    new_task,
)
from tests.support.stored import refused, stored

# Asked over HTTP, as the development server asks: see tests/support/fixtures.py.
LONG_WAY = True

pytestmark = pytest.mark.usefixtures("tables")

CHANGEABLE = (
    "userId taskQuery inputFiles { name uri mediaType } subtaskQueries { agentUuid subtaskQuery }"
)
SESSION = f"""
    coordinationUuid sessionUuid partitionKey taskUuid scheduleUuid {CHANGEABLE}
    status iterationCount logs {{ message }} version updatedBy createdAt updatedAt
    startedAt finishedAt
"""
ONE = f"""query ($c: ID!, $s: ID!) {{
    session(coordinationUuid: $c, sessionUuid: $s) {{ {SESSION} }}
}}"""
WORK: dict[str, Any] = {
    "userId": "bob",
    "taskQuery": '{"what": "lamps"}',
    "inputFiles": [
        {"name": "offer.pdf", "uri": "s3://files/offer.pdf", "mediaType": "application/pdf"},
        {"name": "notes", "uri": "https://example.com/notes", "mediaType": None},
    ],
    "subtaskQueries": [
        {"agentUuid": "rag", "subtaskQuery": "Find {what}"},
        {"agentUuid": "rag", "subtaskQuery": ""},
    ],
}
NOTHING: dict[str, Any] = {
    "userId": None,
    "taskQuery": None,
    "inputFiles": [],
    "subtaskQueries": [],
}


def read(coordination: str, session: str) -> dict[str, Any]:
    return dict(data(ONE, {"c": coordination, "s": session})["session"])


def count_of_sessions(coordination: str) -> int:
    return int(stored(models.ChildCounts, coordination, "tenant").session_count)


def test_a_session_is_created_as_it_was_given() -> None:
    coordination = new_coordination()
    task = new_task(coordination)

    given = {"coordinationUuid": coordination, "taskUuid": task, **WORK}
    made = create("createSession", given, SESSION)

    created_at = made["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", created_at)
    assert made == {
        "id": made["id"],
        "coordinationUuid": coordination,
        "sessionUuid": made["sessionUuid"],
        "partitionKey": "acme#sales",
        "taskUuid": task,
        "scheduleUuid": None,
        **WORK,
        "status": "INITIAL",
        "iterationCount": 0,
        "logs": [],
        "version": 1,
        "updatedBy": "u-17",
        "createdAt": created_at,
        "updatedAt": created_at,
        "startedAt": None,
        "finishedAt": None,
    }
    assert read(coordination, made["sessionUuid"]) == {k: v for k, v in made.items() if k != "id"}
    assert count_of_sessions(coordination) == 1


def test_a_session_needs_neither_a_task_nor_work() -> None:
    coordination = new_coordination()

    given = {"coordinationUuid": coordination, "inputFiles": None, "subtaskQueries": None}
    made = create("createSession", given, f"taskUuid task {{ taskUuid }} {CHANGEABLE}")

    assert {**NOTHING, "taskUuid": None, "task": None}.items() <= made.items()


@pytest.mark.parametrize("whose", ["another coordination's", "a deleted one", "another tenant's"])
def test_a_session_is_refused_a_task_that_is(whose: str) -> None:
    coordination = new_coordination()
    if whose == "another coordination's":
        task = new_task(new_coordination())
    elif whose == "a deleted one":
        task = new_task(coordination)
        change("deleteTask", {"coordinationUuid": coordination, "taskUuid": task}, "deletedId")
    else:
        task = new_task(new_coordination(RIVAL), RIVAL)

    told = refused("createSession", {"coordinationUuid": coordination, "taskUuid": task})

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", "taskUuid"]}
    assert count_of_sessions(coordination) == 0


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"coordinationUuid": "x"}, ["coordinationUuid"]),
        ({"taskUuid": ""}, ["taskUuid"]),
        ({"userId": ""}, ["userId"]),
        ({"userId": "u" * 257}, ["userId"]),
        ({"inputFiles": [{"name": " ", "uri": "s3://a/b"}]}, ["inputFiles", 0, "name"]),
        ({"inputFiles": [{"name": "a", "uri": ""}]}, ["inputFiles", 0, "uri"]),
        ({"inputFiles": [{"name": "a", "uri": "s3://a/b\nc"}]}, ["inputFiles", 0, "uri"]),
        ({"inputFiles": [{"name": "a", "uri": "javascript:x"}]}, ["inputFiles", 0, "uri"]),
        ({"inputFiles": [{"name": "a\u202e", "uri": "s3://a/b"}]}, ["inputFiles", 0, "name"]),
        (
            {"inputFiles": [{"name": "a", "uri": "s3://a/b", "mediaType": ""}]},
            ["inputFiles", 0, "mediaType"],
        ),
        (
            {"subtaskQueries": [WORK["subtaskQueries"][0], {"agentUuid": "?", "subtaskQuery": ""}]},
            ["subtaskQueries", 1, "agentUuid"],
        ),
    ],
)
def test_a_session_is_refused_what_is_malformed(wrong: dict[str, Any], place: list[Any]) -> None:
    coordination = new_coordination()

    told = refused("createSession", {"coordinationUuid": coordination, **wrong})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *place]}


def test_an_update_before_the_start_changes_what_is_given_alone() -> None:
    coordination = new_coordination()
    session = new_session(coordination, **WORK)
    before = read(coordination, session)
    key = {"coordinationUuid": coordination, "sessionUuid": session}

    answer = change("updateSession", {**key, "taskQuery": "Lamps"}, f"session {{ {SESSION} }}")

    updated = answer["session"]
    assert updated["updatedAt"] > before["updatedAt"]
    changed = {"taskQuery": "Lamps", "version": 2, "updatedAt": updated["updatedAt"]}
    assert updated == {**before, **changed}
    assert read(coordination, session) == updated


def test_an_explicit_null_clears_what_an_update_names() -> None:
    coordination = new_coordination()
    session = new_session(coordination, **WORK)
    key = {"coordinationUuid": coordination, "sessionUuid": session}

    cleared = change("updateSession", {**key, **dict.fromkeys(WORK)}, f"session {{ {CHANGEABLE} }}")

    assert cleared["session"] == NOTHING
    assert NOTHING.items() <= read(coordination, session).items()


def test_an_update_with_an_older_version_is_a_conflict() -> None:
    coordination = new_coordination()
    session = new_session(coordination)
    key = {"coordinationUuid": coordination, "sessionUuid": session}
    change("updateSession", {**key, "userId": "bob", "expectedVersion": 1}, "session { version }")

    told = refused("updateSession", {**key, "userId": "eve", "expectedVersion": 1})

    assert told == {"code": "CONFLICT", "currentVersion": 2}
    assert read(coordination, session)["userId"] == "bob"


def test_an_update_with_what_is_malformed_is_refused_as_a_whole() -> None:
    coordination = new_coordination()
    key = {"coordinationUuid": coordination, "sessionUuid": new_session(coordination)}
    files = [{"name": "a", "uri": "s3://a/b"}, {"name": "", "uri": "s3://a/b"}]

    told = refused("updateSession", {**key, "taskQuery": "Lamps", "inputFiles": files})

    path = ["input", "inputFiles", 1, "name"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": path}


@pytest.mark.parametrize("name", ["updateSession", "deleteSession"])
def test_what_is_not_there_is_neither_changed_nor_deleted(name: str) -> None:
    coordination, elsewhere = new_coordination(), new_coordination()
    session = new_session(coordination)
    key = {"coordinationUuid": coordination, "sessionUuid": session}

    for wrong in ({"sessionUuid": NOBODY}, {"coordinationUuid": elsewhere}):
        assert refused(name, {**key, **wrong}) == {"code": "NOT_FOUND"}
    assert refused(name, key, RIVAL) == {"code": "NOT_FOUND"}


def test_a_deleted_session_is_gone_and_no_longer_counted() -> None:
    coordination = new_coordination()
    made = create("createSession", {"coordinationUuid": coordination})
    new_session(coordination)
    key = {"coordinationUuid": coordination, "sessionUuid": made["sessionUuid"]}

    answer = change("deleteSession", key, "deletedId")

    assert answer == {"deletedId": made["id"]}
    assert data(ONE, {"c": coordination, "s": made["sessionUuid"]}) == {"session": None}
    assert count_of_sessions(coordination) == 1
    assert refused("deleteSession", key) == {"code": "NOT_FOUND"}
