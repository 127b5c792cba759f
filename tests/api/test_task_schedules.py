"""Task schedules: created, read, changed and deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from tests.support.graph_api import (
    CALLER,
    NOBODY,
    RIVAL,
    change,
    create,
    data,
    new_coordination,
    new_schedule,
    new_task,
)
from tests.support.stored import put_state, refused, stored
from tests.support.world import World

SCHEDULE = """
    taskUuid scheduleUuid coordinationUuid partitionKey schedule timezone status
    version updatedBy createdAt updatedAt
"""
ONE = f"""query ($t: ID!, $s: ID!) {{
    taskSchedule(taskUuid: $t, scheduleUuid: $s) {{ id {SCHEDULE} }}
}}"""
FROM_NOW_ON = """query ($t: ID!, $s: ID!) { taskSchedule(taskUuid: $t, scheduleUuid: $s) {
    nextRunAt lastSession { id } task { taskName } coordination { coordinationName }
} }"""
DEFAULTS = {"schedule": "rate(1 day)", "timezone": "UTC", "status": "ACTIVE"}
BERLIN = {
    "schedule": "cron(0 8 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "status": "PAUSED",
}


def read(world: World, schedule: str) -> Any:
    return data(ONE, {"t": world.task, "s": schedule})["taskSchedule"]


def update(world: World, uuid: str, **changes: Any) -> dict[str, Any]:
    given = {"taskUuid": world.task, "scheduleUuid": uuid, **changes}
    answer = change("updateTaskSchedule", given, f"taskSchedule {{ id {SCHEDULE} }}")
    return dict(answer["taskSchedule"])


def scheduled(world: World, **changes: Any) -> str:
    return new_schedule(world.coordination, world.task, **changes)


def count_of_schedules(world: World) -> int:
    return int(stored(models.Task, world.coordination, world.task).schedule_count)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"schedule": "rate(1 day)"}, DEFAULTS),
        ({**DEFAULTS, "timezone": None, "status": None}, DEFAULTS),
        (BERLIN, BERLIN),
    ],
)
def test_a_schedule_is_created_as_it_was_given(
    world: World, given: dict[str, Any], expected: dict[str, str]
) -> None:
    key = world.key("coordination", "task")

    made = create("createTaskSchedule", {**key, **given}, SCHEDULE)

    assert made == {
        "id": made["id"],
        "taskUuid": world.task,
        "scheduleUuid": made["scheduleUuid"],
        "coordinationUuid": world.coordination,
        "partitionKey": "acme#sales",
        **expected,
        "version": 1,
        "updatedBy": "u-17",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert read(world, made["scheduleUuid"]) == made
    assert count_of_schedules(world) == 2


def test_a_schedule_says_when_it_fires_next_and_what_it_starts(world: World) -> None:
    schedule = scheduled(world, schedule="rate(7 hours)")

    told = data(FROM_NOW_ON, {"t": world.task, "s": schedule})["taskSchedule"]

    soon = datetime.fromisoformat(told.pop("nextRunAt")) - datetime.now(UTC)
    assert timedelta(hours=6, minutes=59) < soon <= timedelta(hours=7)
    assert told == {
        "lastSession": None,
        "task": {"taskName": "Translate"},
        "coordination": {"coordinationName": "Offers"},
    }


@pytest.mark.parametrize(
    "given", [{"status": "PAUSED"}, {"schedule": "at(2001-01-01T00:00:00)"}], ids=str
)
def test_a_schedule_that_is_paused_or_past_fires_no_more(
    world: World, given: dict[str, str]
) -> None:
    schedule = scheduled(world, **given)

    told = data(FROM_NOW_ON, {"t": world.task, "s": schedule})["taskSchedule"]

    assert told["nextRunAt"] is None


@pytest.mark.parametrize(
    "changed",
    [
        {"schedule": "at(2099-12-31T23:59:59)"},
        {"timezone": "America/New_York"},
        {"status": "ACTIVE"},
        DEFAULTS,
        {},
    ],
    ids=str,
)
def test_an_update_changes_what_is_given_alone(world: World, changed: dict[str, Any]) -> None:
    schedule = scheduled(world, **BERLIN)
    before = read(world, schedule)

    updated = update(world, schedule, **changed)

    assert updated["updatedAt"] > before["updatedAt"]
    assert updated == {**before, **changed, "version": 2, "updatedAt": updated["updatedAt"]}
    assert read(world, schedule) == updated


def test_an_explicit_null_gives_a_default_back(world: World) -> None:
    schedule = scheduled(world, **BERLIN)

    updated = update(world, schedule, timezone=None, status=None)

    assert (updated["timezone"], updated["status"]) == ("UTC", "ACTIVE")
    assert updated["schedule"] == BERLIN["schedule"]
    assert read(world, schedule) == updated


def test_a_deleted_schedule_is_gone_and_no_longer_counted(world: World) -> None:
    made = create("createTaskSchedule", {**world.key("coordination", "task"), **BERLIN})
    key = {"taskUuid": world.task, "scheduleUuid": made["scheduleUuid"]}

    answer = change("deleteTaskSchedule", key, "deletedId")

    assert answer == {"deletedId": made["id"]}
    assert read(world, made["scheduleUuid"]) is None
    assert count_of_schedules(world) == 1
    assert refused("deleteTaskSchedule", key) == {"code": "NOT_FOUND"}
    assert refused("updateTaskSchedule", key) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize("name", ["updateTaskSchedule", "deleteTaskSchedule"])
def test_what_is_not_there_is_neither_changed_nor_deleted(world: World, name: str) -> None:
    key = world.key("task", "schedule")
    other_task = new_task(world.coordination)

    for wrong in ({"scheduleUuid": NOBODY}, {"taskUuid": other_task}):
        assert refused(name, {**key, **wrong}) == {"code": "NOT_FOUND"}
    assert refused(name, key, RIVAL) == {"code": "NOT_FOUND"}


@pytest.mark.parametrize("whose", ["nobody's", "another coordination's", "another tenant's"])
def test_a_schedule_needs_a_task_of_its_coordination(world: World, whose: str) -> None:
    caller: Caller = CALLER
    key = world.key("coordination", "task")
    if whose == "nobody's":
        change("deleteTaskSchedule", world.key("task", "schedule"), "deletedId")
        change("deleteTask", key, "deletedId")
    elif whose == "another coordination's":
        key["coordinationUuid"] = new_coordination()
    else:
        caller = RIVAL

    told = refused("createTaskSchedule", {**key, **DEFAULTS}, caller)

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", "taskUuid"]}


@pytest.mark.parametrize("status", ["ACTIVE", "PAUSED"])
def test_a_schedule_that_has_fired_may_be_set_to_work_again(world: World, status: str) -> None:
    put_state(models.TaskSchedule, world.task, world.schedule, status="completed")
    fired = read(world, world.schedule)

    update(world, world.schedule, schedule="at(2099-12-31T23:59:59)", status=status)

    assert fired["status"] == "COMPLETED"
    assert read(world, world.schedule)["status"] == status
