"""Coordinations: created, read, changed and deleted."""

import re
from typing import Any

import pytest

from ai_coordination.caller import Caller
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
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

AGENTS = "agents { agentUuid agentName agentDescription runtime { kind target parameters } }"
COORDINATION = f"""
    partitionKey coordinationUuid endpointId partId coordinationName coordinationDescription
    {AGENTS} version updatedBy createdAt updatedAt
"""
ONE = f"query ($c: ID!) {{ coordination(coordinationUuid: $c) {{ id {COORDINATION} }} }}"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
UUID_7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

# Not in the order of their uuids, and with everything that JSON knows.
MEMBERS: list[dict[str, Any]] = [
    {
        "agentUuid": "zh",
        "agentName": "Übersetzer 中文 🦊",
        "agentDescription": "Translates.\nInto Chinese.",
        "runtime": {"kind": "LAMBDA", "target": "agent-zh:live", "parameters": None},
    },
    {
        "agentUuid": "Rag_1.x-2",
        "agentName": "Retrieval",
        "agentDescription": None,
        "runtime": {
            "kind": "ECHO",
            "target": None,
            "parameters": {"seconds": 1.5, "n": [1, -2.5e-7, True, None, {}, []], "ü": '"\\'},
        },
    },
    {
        "agentUuid": "person",
        "agentName": "p",
        "agentDescription": "",
        "runtime": {"kind": "EXTERNAL", "target": None, "parameters": "x"},
    },
]
WHOLE: dict[str, Any] = {
    "coordinationName": "Offers",
    "coordinationDescription": "From a request to an offer",
    "agents": MEMBERS,
}


def read(coordination: str) -> Any:
    return data(ONE, {"c": coordination})["coordination"]


def update(coordination: str, **changes: Any) -> dict[str, Any]:
    given = {"coordinationUuid": coordination, **changes}
    answer = change("updateCoordination", given, f"coordination {{ id {COORDINATION} }}")
    return dict(answer["coordination"])


def test_a_coordination_is_created_as_it_was_given() -> None:
    made = create("createCoordination", WHOLE, COORDINATION)

    assert re.fullmatch(UUID_7, made["coordinationUuid"])
    assert re.fullmatch(INSTANT, made["createdAt"])
    assert made == {
        "id": made["id"],
        "partitionKey": "acme#sales",
        "coordinationUuid": made["coordinationUuid"],
        "endpointId": "acme",
        "partId": "sales",
        **WHOLE,
        "version": 1,
        "updatedBy": "u-17",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert read(made["coordinationUuid"]) == made


@pytest.mark.parametrize("nothing", [{}, {"coordinationDescription": None, "agents": None}])
def test_a_coordination_needs_a_name_alone(nothing: dict[str, None]) -> None:
    made = create("createCoordination", {"coordinationName": "Offers", **nothing}, COORDINATION)

    assert {
        "coordinationName": "Offers",
        "coordinationDescription": None,
        "agents": [],
    }.items() <= (made.items())


def test_a_name_is_kept_as_it_was_written() -> None:
    name = " Ánfrage, Ş " + "n" * 244

    made = create("createCoordination", {"coordinationName": name}, "coordinationName")

    assert (len(name), made["coordinationName"]) == (256, name)


def test_an_agent_without_a_uuid_is_given_one_of_its_own() -> None:
    nameless = {"agentName": "A", "runtime": {"kind": "ECHO"}}
    agents = [nameless, {**nameless, "agentUuid": None}, {**nameless, "agentUuid": "rag"}]

    made = create("createCoordination", {"coordinationName": "Offers", "agents": agents}, AGENTS)

    first, second, third = (agent["agentUuid"] for agent in made["agents"])
    assert re.fullmatch(UUID_7, first)
    assert re.fullmatch(UUID_7, second)
    assert first != second
    assert third == "rag"


@pytest.mark.parametrize(
    "changed",
    [
        {"coordinationName": "Orders"},
        {"coordinationDescription": "Other"},
        {"coordinationDescription": ""},
        {"agents": MEMBERS[::-1]},
        {"agents": []},
        {},
    ],
    ids=str,
)
def test_an_update_changes_what_is_given_alone(changed: dict[str, Any]) -> None:
    coordination = new_coordination(**WHOLE)
    before = read(coordination)

    updated = update(coordination, **changed)

    assert updated["updatedAt"] > before["updatedAt"]
    assert updated == {**before, **changed, "version": 2, "updatedAt": updated["updatedAt"]}
    assert read(coordination) == updated


def test_an_explicit_null_clears_what_may_be_empty() -> None:
    coordination = new_coordination(**WHOLE)

    updated = update(coordination, coordinationDescription=None, agents=None)

    assert (updated["coordinationDescription"], updated["agents"]) == (None, [])
    assert (updated["coordinationName"], updated["version"]) == ("Offers", 2)
    assert read(coordination) == updated


def test_a_coordination_says_who_changed_it_last() -> None:
    coordination = new_coordination()
    given = {"coordinationUuid": coordination, "coordinationName": "Orders"}

    said = [
        change(
            "updateCoordination", given, "coordination { updatedBy }", Caller("acme", "sales", user)
        )
        for user in ("u-18", None, "u-19")
    ]

    assert [one["coordination"]["updatedBy"] for one in said] == ["u-18", None, "u-19"]


def test_a_deleted_coordination_is_gone() -> None:
    made = create("createCoordination", WHOLE)
    other = new_coordination()
    key = {"coordinationUuid": made["coordinationUuid"]}

    answer = change("deleteCoordination", key, "deletedId")

    assert answer == {"deletedId": made["id"]}
    assert read(made["coordinationUuid"]) is None
    assert read(other) is not None
    assert refused("deleteCoordination", key) == {"code": "NOT_FOUND"}
    assert refused("updateCoordination", key) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize(("tasks", "sessions"), [(1, 0), (0, 1), (2, 3)])
def test_a_coordination_with_children_is_not_deleted(tasks: int, sessions: int) -> None:
    coordination = new_coordination()
    key = {"coordinationUuid": coordination}
    its_tasks = [new_task(coordination) for _ in range(tasks)]
    its_sessions = [new_session(coordination) for _ in range(sessions)]

    told = refused("deleteCoordination", key)
    for task in its_tasks:
        change("deleteTask", {**key, "taskUuid": task}, "deletedId")
    for session in its_sessions:
        change("deleteSession", {**key, "sessionUuid": session}, "deletedId")
    change("deleteCoordination", key, "deletedId")

    counts = {"tasks": tasks, "sessions": sessions}
    held = {kind: count for kind, count in counts.items() if count}
    assert told == {"code": "HAS_CHILDREN", "children": held}
    assert read(coordination) is None


@pytest.mark.parametrize("name", ["updateCoordination", "deleteCoordination"])
def test_what_is_not_there_is_neither_changed_nor_deleted(name: str) -> None:
    coordination = new_coordination()

    assert refused(name, {"coordinationUuid": NOBODY}) == {"code": "NOT_FOUND"}
    assert refused(name, {"coordinationUuid": coordination}, RIVAL) == {"code": "NOT_FOUND"}
