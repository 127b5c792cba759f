"""Schedules that would never fire again, or only once."""

import pytest

from ai_coordination import models
from tests.support.graph_api import change
from tests.support.stored import put_state, refused, stored
from tests.support.world import World

BAD = "BAD_USER_INPUT"


def test_a_zone_in_which_a_schedule_fires_no_more_is_refused(world: World) -> None:
    key = world.key("task", "schedule")
    change("updateTaskSchedule", {**key, "schedule": "cron(30 2 ? 3 1L *)"}, "__typename")

    told = refused("updateTaskSchedule", {**key, "timezone": "Europe/Berlin"})

    assert told == {"code": BAD, "inputPath": ["input", "timezone"]}


def test_a_schedule_whose_years_are_over_is_not_resumed(world: World) -> None:
    put_state(models.TaskSchedule, world.task, world.schedule, schedule="cron(0 9 1 1 ? 2020)")
    key = world.key("task", "schedule")
    change("updateTaskSchedule", {**key, "status": "PAUSED"}, "__typename")

    told = refused("updateTaskSchedule", {**key, "status": "ACTIVE"})

    assert told == {"code": BAD, "inputPath": ["input", "status"]}


@pytest.mark.parametrize("status", ["active", "paused"])
def test_a_schedule_that_has_fired_may_be_set_to_work_again(world: World, status: str) -> None:
    put_state(models.TaskSchedule, world.task, world.schedule, status="completed")
    given = {"schedule": "at(2099-12-31T23:59:59)", "status": status.upper()}

    change("updateTaskSchedule", {**world.key("task", "schedule"), **given}, "__typename")

    assert stored(models.TaskSchedule, world.task, world.schedule).status == status


@pytest.mark.parametrize(
    "given",
    [
        {"schedule": "cron(30 3 ? 3 1L *)", "timezone": "Europe/Berlin"},
        {"schedule": "cron(30 1,2 ? 3 1L *)", "timezone": "Europe/Berlin"},
        {"schedule": "cron(30 2 ? 3 1L *)", "timezone": "Africa/Lagos"},
        {"schedule": "cron(0 0 29 2 ? *)", "timezone": "UTC"},
        {"schedule": "cron(0 9 1 1 ? 2199)", "timezone": "UTC"},
        {"schedule": "at(2001-01-01T00:00:00)", "timezone": "UTC"},
    ],
    ids=lambda given: given["schedule"],
)
def test_a_schedule_that_fires_again_or_is_over_once_is_taken(
    world: World, given: dict[str, str]
) -> None:
    key = world.key("task", "schedule")

    changed = change("updateTaskSchedule", {**key, **given}, "taskSchedule { schedule timezone }")

    assert changed["taskSchedule"] == given
