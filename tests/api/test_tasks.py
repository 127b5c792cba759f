"""Tasks: created, read, changed, drawn and deleted."""

from typing import Any

import pytest

from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    change,
    create,
    data,
    new_coordination,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

CHANGEABLE = """
    taskName taskDescription initialTaskQuery
    subtaskQueries { agentUuid subtaskQuery sessionAgentUuid }
    agentActions {
        agentUuid predecessors primaryPath userInTheLoop timeoutSeconds answerTimeoutSeconds
        retry { maxAttempts intervalSeconds backoffRate } onFailure
    }
"""
TASK = f"""
    coordinationUuid taskUuid partitionKey {CHANGEABLE} version updatedBy createdAt updatedAt
"""
ONE = f"""query ($c: ID!, $t: ID!) {{
    task(coordinationUuid: $c, taskUuid: $t) {{ id {TASK} }}
}}"""
MERMAID = """query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) { mermaid } }"""

DEFAULT_RETRY = {"maxAttempts": 3, "intervalSeconds": 1.0, "backoffRate": 2.0}
DEFAULT_ACTION: dict[str, Any] = {
    "predecessors": [],
    "primaryPath": True,
    "userInTheLoop": None,
    "timeoutSeconds": 300,
    "answerTimeoutSeconds": None,
    "retry": DEFAULT_RETRY,
    "onFailure": "FAIL_SESSION",
}
# Not in the order of their uuids; the second agent has two queries.
WHOLE: dict[str, Any] = {
    "taskName": "Translate",
    "taskDescription": "All of it",
    "initialTaskQuery": '{"what": "lamps"}',
    "subtaskQueries": [
        {"agentUuid": "rag", "subtaskQuery": "Find {what}"},
        {"agentUuid": "rag", "subtaskQuery": ""},
    ],
    "agentActions": [
        {
            "agentUuid": "zh",
            "predecessors": ["rag"],
            "primaryPath": False,
            "userInTheLoop": "APPROVAL",
            "timeoutSeconds": 31_536_000,
            "answerTimeoutSeconds": 1,
            "retry": {"maxAttempts": 100, "intervalSeconds": 0.25, "backoffRate": 1.5},
            "onFailure": "SKIP_SUCCESSORS",
        },
        {**DEFAULT_ACTION, "agentUuid": "rag", "userInTheLoop": "INPUT", "onFailure": "CONTINUE"},
    ],
}


def shown(given: dict[str, Any]) -> dict[str, Any]:
    """What was given as it is read: no agent of a session does a task's queries."""
    queries = given.get("subtaskQueries")
    if queries is None:
        return given
    return {**given, "subtaskQueries": [{**one, "sessionAgentUuid": None} for one in queries]}


def read(coordination: str, task: str) -> Any:
    return data(ONE, {"c": coordination, "t": task})["task"]


def test_a_task_is_created_as_it_was_given() -> None:
    coordination = new_coordination()

    made = create("createTask", {"coordinationUuid": coordination, **WHOLE}, TASK)

    assert made == {
        "id": made["id"],
        "coordinationUuid": coordination,
        "taskUuid": made["taskUuid"],
        "partitionKey": "acme#sales",
        **shown(WHOLE),
        "version": 1,
        "updatedBy": "u-17",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert read(coordination, made["taskUuid"]) == made


NOTHING: dict[str, Any] = {
    "taskDescription": None,
    "initialTaskQuery": None,
    "subtaskQueries": [],
    "agentActions": [],
}


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(NOTHING)])
def test_a_task_needs_a_name_alone(nothing: dict[str, None]) -> None:
    given = {"coordinationUuid": new_coordination(agents=[]), "taskName": "Translate", **nothing}

    made = create("createTask", given, CHANGEABLE)

    assert {"taskName": "Translate", **NOTHING}.items() <= made.items()


@pytest.mark.parametrize(
    "left_out",
    [
        {},
        dict.fromkeys(DEFAULT_ACTION),
        {"retry": {}},
        {"retry": dict.fromkeys(DEFAULT_RETRY)},
        {"retry": {"maxAttempts": None, "backoffRate": 2}},
    ],
    ids=str,
)
def test_a_rule_that_is_null_or_left_out_has_its_default(left_out: dict[str, Any]) -> None:
    coordination = new_coordination()
    action = {"agentUuid": "rag", **left_out}

    created = new_task(coordination, agentActions=[action])
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination)}
    change("updateTask", {**key, "agentActions": [action]}, "task { version }")

    expected = [{"agentUuid": "rag", **DEFAULT_ACTION}]
    assert read(coordination, created)["agentActions"] == expected
    assert read(coordination, key["taskUuid"])["agentActions"] == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"taskName": "Other"},
        {"taskDescription": ""},
        {"initialTaskQuery": "Lamps"},
        {"subtaskQueries": WHOLE["subtaskQueries"][::-1]},
        {"agentActions": WHOLE["agentActions"][::-1]},
        {"agentActions": []},
        {"subtaskQueries": []},
        {"taskName": "Other", "subtaskQueries": [], "agentActions": []},
        {},
    ],
    ids=str,
)
def test_an_update_changes_what_is_given_alone(changed: dict[str, Any]) -> None:
    coordination = new_coordination()
    task = new_task(coordination, **WHOLE)
    before = read(coordination, task)
    key = {"coordinationUuid": coordination, "taskUuid": task}

    updated = change("updateTask", {**key, **changed}, f"task {{ id {TASK} }}")["task"]

    assert updated["updatedAt"] > before["updatedAt"]
    shown_changes = {**shown(changed), "version": 2, "updatedAt": updated["updatedAt"]}
    assert updated == {**before, **shown_changes}
    assert read(coordination, task) == updated


def test_an_explicit_null_clears_what_may_be_empty() -> None:
    coordination = new_coordination()
    task = new_task(coordination, **WHOLE)
    key = {"coordinationUuid": coordination, "taskUuid": task}

    change("updateTask", {**key, **dict.fromkeys(NOTHING)}, "task { version }")

    cleared = read(coordination, task)
    assert {"taskName": "Translate", "version": 2, **NOTHING}.items() <= cleared.items()


def test_a_deleted_task_is_gone_and_its_sessions_stay() -> None:
    coordination = new_coordination()
    made = create("createTask", {"coordinationUuid": coordination, "taskName": "Translate"})
    key = {"coordinationUuid": coordination, "taskUuid": made["taskUuid"]}
    session = new_session(coordination, taskUuid=made["taskUuid"])

    answer = change("deleteTask", key, "deletedId")

    assert answer == {"deletedId": made["id"]}
    assert read(coordination, made["taskUuid"]) is None
    query = """query ($c: ID!, $s: ID!) {
        session(coordinationUuid: $c, sessionUuid: $s) { taskUuid task { id } }
    }"""
    left = data(query, {"c": coordination, "s": session})
    assert left == {"session": {"taskUuid": made["taskUuid"], "task": None}}
    assert refused("deleteTask", key) == {"code": "NOT_FOUND"}
    assert refused("updateTask", {**key, "agentActions": []}) == {"code": "NOT_FOUND"}


def test_a_task_with_schedules_is_not_deleted() -> None:
    coordination = new_coordination()
    task = new_task(coordination)
    schedules = [new_schedule(coordination, task), new_schedule(coordination, task)]
    key = {"coordinationUuid": coordination, "taskUuid": task}

    told = refused("deleteTask", key)
    for schedule in schedules:
        given = {"taskUuid": task, "scheduleUuid": schedule}
        change("deleteTaskSchedule", given, "deletedId")
    change("deleteTask", key, "deletedId")

    assert told == {"code": "HAS_CHILDREN", "children": {"schedules": 2}}
    assert read(coordination, task) is None


@pytest.mark.parametrize(
    ("name", "changes"),
    [("updateTask", {"taskName": "A"}), ("updateTask", {"agentActions": []}), ("deleteTask", {})],
)
def test_what_is_not_there_is_neither_changed_nor_deleted(
    name: str, changes: dict[str, Any]
) -> None:
    coordination, elsewhere = new_coordination(), new_coordination()
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination), **changes}

    for wrong in ({"taskUuid": NOBODY}, {"coordinationUuid": elsewhere}):
        assert refused(name, {**key, **wrong}) == {"code": "NOT_FOUND"}
    assert refused(name, key, RIVAL) == {"code": "NOT_FOUND"}


def test_a_task_is_drawn_with_the_names_of_its_agents() -> None:
    names = {"rag": 'Find "it" <b>', "zh": "中文; end", "idle": "Idle"}
    agents = [
        {"agentUuid": uuid, "agentName": name, "runtime": {"kind": "ECHO"}}
        for uuid, name in names.items()
    ]
    coordination = new_coordination(agents=agents)
    drawn = new_task(coordination, **WHOLE)
    of_everybody = new_task(coordination)

    one = data(MERMAID, {"c": coordination, "t": drawn})["task"]["mermaid"]
    all_of_them = data(MERMAID, {"c": coordination, "t": of_everybody})["task"]["mermaid"]

    assert one.splitlines()[1:] == [
        '    n0{{"中文#59; end #40;approval#41;"}}',
        '    n1{{"Find #34;it#34; #60;b#62; #40;input#41;"}}',
        "    n1 -.-> n0",
    ]
    assert all_of_them.splitlines()[1:] == [
        '    n0["Find #34;it#34; #60;b#62;"]',
        '    n1["中文#59; end"]',
        '    n2["Idle"]',
    ]
