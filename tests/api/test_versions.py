"""Versions count updates only, and a version that is out of date is a conflict."""

from typing import Any

import pytest

from tests.support.graph_api import NOBODY, RIVAL, ask, change, mutation
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import ARGUMENTS, TYPES, World, field

# An update of each entity that has one; a task has two: only one of them reads its graph.
UPDATES: list[Any] = [
    pytest.param("coordination", {"coordinationName": "B"}, id="coordination"),
    pytest.param("task", {"taskName": "B"}, id="task"),
    pytest.param("task", {"agentActions": [{"agentUuid": "zh"}]}, id="graph of a task"),
    pytest.param("schedule", {"status": "PAUSED"}, id="schedule"),
    pytest.param("session", {"taskQuery": "B"}, id="session"),
    pytest.param("session", {"userId": "eve"}, id="user of a session"),
    pytest.param("agent", {"agentInput": "B"}, id="agent"),
    pytest.param("agent", {"notes": "B"}, id="notes of an agent"),
]
every_update = pytest.mark.parametrize(("kind", "changes"), UPDATES)
STAND = "version updatedAt updatedBy"


def update(world: World, kind: str, **given: Any) -> Any:
    answer = change(
        f"update{TYPES[kind]}", {**world.key_of(kind), **given}, f"{field(kind)} {{ {STAND} }}"
    )
    return answer[field(kind)]


@every_update
def test_each_update_counts_one(world: World, kind: str, changes: dict[str, Any]) -> None:
    before = world.read(kind, STAND)

    versions = [update(world, kind, **changes)["version"] for _ in range(3)]

    assert (before["version"], versions) == (1, [2, 3, 4])
    assert world.read(kind, STAND)["version"] == 4


@every_update
def test_an_update_succeeds_with_the_current_version_alone(
    world: World, kind: str, changes: dict[str, Any]
) -> None:
    update(world, kind, **changes, expectedVersion=1)
    update(world, kind, **changes, expectedVersion=2)
    given = {**world.key_of(kind), **changes}

    refusals = [
        refused(f"update{TYPES[kind]}", {**given, "expectedVersion": version})
        for version in (1, 2, 4, 0, -1, 2**31 - 1)
    ]

    assert refusals == [{"code": "CONFLICT", "currentVersion": 3}] * 6
    assert world.read(kind, STAND)["version"] == 3


@every_update
def test_what_is_not_there_is_no_conflict(world: World, kind: str, changes: dict[str, Any]) -> None:
    key, name = world.key_of(kind), f"update{TYPES[kind]}"
    given = {**changes, "expectedVersion": 1}

    assert refused(name, {**key, ARGUMENTS[kind]: NOBODY, **given}) == {"code": "NOT_FOUND"}
    assert refused(name, {**key, **given}, RIVAL) == {"code": "NOT_FOUND"}
    assert refused(name, {**key, **given, "expectedVersion": 7}, RIVAL) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize("version", [1.5, "1", 2**31, True], ids=short)
def test_an_expected_version_is_a_whole_number(world: World, version: Any) -> None:
    given = {**world.key_of("task"), "taskName": "B", "expectedVersion": version}

    answer = ask(mutation("updateTask", "UpdateTaskInput", "__typename"), {"input": given})

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert world.read("task", STAND)["version"] == 1


def test_what_happens_below_a_coordination_does_not_touch_it(world: World) -> None:
    before = world.read("coordination", STAND)

    update(world, "task", taskName="B")
    update(world, "schedule", status="PAUSED")
    update(world, "session", userId="eve")
    update(world, "agent", notes="B")

    assert world.read("coordination", STAND) == before
