"""Invalid schedules: expressions, time zones and statuses."""

from typing import Any

from tests.support.cases import each
from tests.support.graph_api import ask, mutation
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import World

CREATE = mutation("createTaskSchedule", "CreateTaskScheduleInput", "__typename")
BAD = "BAD_USER_INPUT"


def refused_twice(world: World, **given: Any) -> dict[str, Any]:
    """What both mutations say that take a schedule."""
    key = world.key("coordination", "task")
    created = refused("createTaskSchedule", {**key, "schedule": "rate(1 day)", **given})
    updated = refused("updateTaskSchedule", {**world.key("task", "schedule"), **given})
    assert created == updated
    return created


@each(
    "schedule",
    [
        "",
        " ",
        "daily",
        "rate(1 day",
        "Rate(1 day)",
        " rate(1 day)",
        "rate(1 day)\n",
        "rate(1 days)",
        "rate(2 day)",
        "rate(0 days)",
        "rate(-1 days)",
        "rate(1.5 days)",
        "rate(1 week)",
        "rate(\u0661 day)",
        "rate(99999999999999999999 days)",
        "cron(* * * * *)",
        "cron(* * * * * *)",
        "cron(0 8 ? * MON-FRI)",
        "cron(60 8 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 8 31 2 ? *)",
        "cron(0 8 * * ? 1969)",
        "cron(0 8 ? * MOX *)",
        "cron(0/0 8 * * ? *)",
        "at(2099-02-30T00:00:00)",
        "at(2099-01-01)",
        "at(2099-01-01T00:00:00Z)",
        "at(2099-01-01 00:00:00)",
        "at(tomorrow)",
        "\ud800",
        "rate(1 day)" + " " * 246,
        "x" * 3_000_000,
    ],
    ids=short,
)
def test_an_expression_that_there_is_not_is_refused(still_world: World, schedule: str) -> None:
    told = refused_twice(still_world, schedule=schedule)

    assert told == {"code": BAD, "inputPath": ["input", "schedule"]}


@each(
    "timezone",
    [
        "",
        " ",
        "Berlin",
        "europe/berlin",
        "Europe/Berlin ",
        "Europe",
        "CEST",
        "+02:00",
        "localtime",
        "../UTC",
        "/etc/localtime",
        "UTC\x00",
        "Factory",
        "\ud800",
        "x" * 100_000,
    ],
    ids=short,
)
def test_a_zone_that_there_is_not_is_refused(still_world: World, timezone: str) -> None:
    told = refused_twice(still_world, timezone=timezone)

    assert told == {"code": BAD, "inputPath": ["input", "timezone"]}


def test_a_time_that_its_zone_leaves_out_is_refused(still_world: World) -> None:
    skipped = {"schedule": "at(2026-03-29T02:30:00)", "timezone": "Europe/Berlin"}

    told = refused_twice(still_world, **skipped)

    assert told == {"code": BAD, "inputPath": ["input", "schedule"]}


NEVER_AGAIN = [
    # The last Sunday of March, when clocks go from 2 to 3; they did not in 1970.
    {"schedule": "cron(30 2 ? 3 1L *)", "timezone": "Europe/Berlin"},
    {"schedule": "cron(0-59 2 ? 3 1L *)", "timezone": "Europe/Berlin"},
    {"schedule": "cron(30 2 ? 3 1#2 *)", "timezone": "America/New_York"},
    {"schedule": "cron(0 9 1 1 ? 2020)", "timezone": "UTC"},
    {"schedule": "cron(0 9 1 1 ? 1970-2025)", "timezone": "UTC"},
]


@each("given", NEVER_AGAIN, ids=lambda given: given["schedule"])
def test_a_schedule_that_fires_no_more_is_refused(
    still_world: World, given: dict[str, str]
) -> None:
    told = refused_twice(still_world, **given)

    assert told == {"code": BAD, "inputPath": ["input", "schedule"]}


def test_only_the_engine_completes_a_schedule(still_world: World) -> None:
    told = refused_twice(still_world, status="COMPLETED")

    assert told == {"code": BAD, "inputPath": ["input", "status"]}


@each("wrong", [{"status": "active"}, {"schedule": None}, {"schedule": 5}])
def test_what_is_of_another_type_is_refused_before_anything_is_done(
    still_world: World, wrong: dict[str, Any]
) -> None:
    given = {**still_world.key("coordination", "task"), "schedule": "rate(1 day)", **wrong}

    result = ask(CREATE, {"input": given})

    (error,) = result["errors"]
    assert error["extensions"]["code"] == BAD
    assert "data" not in result


def test_what_is_wrong_is_not_repeated_at_length(still_world: World) -> None:
    for wrong in ({"schedule": "x" * 1_000_000}, {"timezone": "x" * 1_000_000}):
        key = still_world.key("coordination", "task")
        result = ask(CREATE, {"input": {**key, "schedule": "rate(1 day)", **wrong}})

        (error,) = result["errors"]
        assert len(error["message"]) < 500
