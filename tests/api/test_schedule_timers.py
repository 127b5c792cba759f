"""A schedule's timer in EventBridge Scheduler is created, replaced and deleted with the item."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from ai_coordination import models
from ai_coordination.config import settings
from tests.support.graph_api import NOBODY, ask, change, create, data, mutation, new_schedule
from tests.support.ids import short
from tests.support.recording import recorded_calls
from tests.support.scheduling import DEAD_LETTERS, FUNCTION, GROUP, ROLE, event_of, timers, tokens
from tests.support.stored import put_state, refused, stored
from tests.support.world import World, new_world

MADE, WRITE, READ = "CreateSchedule", "TransactWriteItems", "GetItem"
UPDATE, GONE = "UpdateItem", "DeleteSchedule"
NEXT = "query ($t: ID!, $s: ID!) { taskSchedule(taskUuid: $t, scheduleUuid: $s) { nextRunAt } }"
CREATE = mutation("createTaskSchedule", "CreateTaskScheduleInput", "taskSchedule { scheduleUuid }")
AT_NIGHT = "cron(30 2 * * ? *)"
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"


def item(world: World, schedule: str) -> models.TaskSchedule:
    return stored(models.TaskSchedule, world.task, schedule)


def named(world: World, schedule: str) -> str | None:
    token: str | None = item(world, schedule).token
    return token


def next_run_at(world: World, schedule: str) -> datetime | None:
    told = data(NEXT, {"t": world.task, "s": schedule})["taskSchedule"]["nextRunAt"]
    return None if told is None else datetime.fromisoformat(told)


def update(world: World, schedule_uuid: str, **changes: Any) -> None:
    given = {"taskUuid": world.task, "scheduleUuid": schedule_uuid, **changes}
    change("updateTaskSchedule", given, "taskSchedule { id }")


@pytest.fixture
def world(tables: None) -> World:
    """Made anew for each test: a timer of its schedule is in no table."""
    return new_world()


def calls_of(name: str, given: dict[str, Any]) -> list[str]:
    kind = f"{name[0].upper()}{name[1:]}Input"
    with recorded_calls() as calls:
        ask(mutation(name, kind, "__typename"), {"input": given})
    return [call.operation for call in calls]


def test_a_timer_is_told_everything_that_a_firing_needs(world: World) -> None:
    given: dict[str, Any] = {"schedule": AT_NIGHT, "timezone": "Europe/Berlin"}

    schedule = new_schedule(world.coordination, world.task, **given)

    (timer,) = timers(schedule)
    made = item(world, schedule)
    assert (timer["Name"], timer["GroupName"]) == (f"{schedule}-{made.token}", GROUP)
    assert timer["ScheduleExpression"] == AT_NIGHT
    assert timer["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert timer["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert timer.keys().isdisjoint({"ActionAfterCompletion", "StartDate"})
    assert timer["Target"] == {
        "Arn": FUNCTION,
        "RoleArn": ROLE,
        "Input": timer["Target"]["Input"],
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 60},
        "DeadLetterConfig": {"Arn": DEAD_LETTERS},
    }
    assert event_of(timer, "2026-11-23T01:30:00Z") == {
        "kind": "schedule",
        "tenant": "acme#sales",
        "coordination": world.coordination,
        "task": world.task,
        "schedule": schedule,
        "token": made.token,
        "version": 1,
        "made": made.counts_from,
        "time": "2026-11-23T01:30:00Z",
    }


def test_a_rate_counts_from_the_write_that_made_it(world: World) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    schedule = new_schedule(world.coordination, world.task, schedule="rate(7 hours)")

    (timer,) = timers(schedule)
    counts_from = datetime.fromisoformat(item(world, schedule).counts_from)
    assert timer["StartDate"] == counts_from + timedelta(hours=7)
    assert next_run_at(world, schedule) == timer["StartDate"]
    assert before <= counts_from <= datetime.now(UTC)


def test_an_update_of_a_rate_says_truly_when_it_fires_next(world: World) -> None:
    schedule = new_schedule(world.coordination, world.task, schedule="rate(7 hours)")
    kind = models.TaskSchedule
    put_state(kind, world.task, schedule, created_at=LONG_AGO, counts_from=LONG_AGO)
    before = datetime.now(UTC).replace(microsecond=0)

    update(world, schedule, schedule="rate(2 days)")

    (timer,) = timers(schedule)
    assert next_run_at(world, schedule) == timer["StartDate"]
    assert before <= timer["StartDate"] - timedelta(days=2) <= datetime.now(UTC)


def test_a_one_time_timer_is_deleted_by_eventbridge_when_it_has_fired(world: World) -> None:
    at: dict[str, Any] = {"schedule": "at(2099-01-01T00:00:00)", "timezone": "Asia/Tokyo"}

    schedule = new_schedule(world.coordination, world.task, **at)

    (timer,) = timers(schedule)
    assert timer["ActionAfterCompletion"] == "DELETE"
    assert "StartDate" not in timer
    assert next_run_at(world, schedule) == datetime(2098, 12, 31, 15, tzinfo=UTC)


def test_a_create_makes_the_timer_first_and_then_the_item(world: World) -> None:
    given = {**world.key("coordination", "task"), "schedule": "rate(1 day)"}

    assert calls_of("createTaskSchedule", given) == [MADE, WRITE]
    assert calls_of("createTaskSchedule", {**given, "status": "PAUSED"}) == [WRITE]
    past = {**given, "schedule": "at(2001-01-01T00:00:00)"}
    assert calls_of("createTaskSchedule", past) == [WRITE]


def test_a_schedule_whose_time_is_over_does_not_fire(world: World) -> None:
    schedule = new_schedule(world.coordination, world.task, schedule="at(2001-01-01T00:00:00)")

    assert next_run_at(world, schedule) is None


def test_an_update_makes_the_new_timer_then_writes_then_deletes_the_old_one(world: World) -> None:
    key = world.key("task", "schedule")
    before = named(world, world.schedule)

    calls = calls_of("updateTaskSchedule", {**key, "schedule": AT_NIGHT})

    assert calls == [READ, MADE, UPDATE, GONE]
    assert before != named(world, world.schedule)
    assert tokens(world.schedule) == [named(world, world.schedule)]


@pytest.mark.parametrize(
    "changes", [{"timezone": "Europe/Berlin"}, {"status": "ACTIVE"}], ids=short
)
def test_each_write_of_what_a_timer_is_made_of_makes_a_new_one(
    world: World, changes: dict[str, str]
) -> None:
    before = named(world, world.schedule)

    update(world, world.schedule, **changes)

    assert named(world, world.schedule) not in (None, before)
    assert tokens(world.schedule) == [named(world, world.schedule)]


def test_what_is_paused_has_no_timer_until_it_is_active_again(world: World) -> None:
    key = world.key("task", "schedule")

    assert calls_of("updateTaskSchedule", {**key, "status": "PAUSED"}) == [READ, UPDATE, GONE]

    assert (timers(world.schedule), named(world, world.schedule)) == ([], None)
    assert next_run_at(world, world.schedule) is None
    assert calls_of("updateTaskSchedule", {**key, "timezone": "Asia/Tokyo"}) == [READ, UPDATE]
    assert calls_of("updateTaskSchedule", {**key, "status": "ACTIVE"}) == [READ, MADE, UPDATE]
    assert tokens(world.schedule) == [named(world, world.schedule)]
    assert next_run_at(world, world.schedule) is not None


def test_a_delete_deletes_the_item_and_then_its_timer(world: World) -> None:
    key = world.key("task", "schedule")

    assert calls_of("deleteTaskSchedule", key) == [READ, WRITE, GONE]

    assert timers(world.schedule) == []


@pytest.mark.parametrize("whose", ["nobody's", "the same key with another input"])
def test_a_create_that_is_refused_leaves_no_timer(world: World, whose: str) -> None:
    given = {**world.key("coordination", "task"), "schedule": AT_NIGHT, "idempotencyKey": "once"}
    create("createTaskSchedule", given)
    other = {"taskUuid": NOBODY} if whose == "nobody's" else {"schedule": "rate(2 days)"}
    before = timers()

    assert calls_of("createTaskSchedule", {**given, **other}) == [MADE, WRITE, GONE]

    assert timers() == before


def test_a_create_that_is_repeated_makes_no_second_timer(world: World) -> None:
    given = {**world.key("coordination", "task"), "schedule": AT_NIGHT, "idempotencyKey": "once"}
    first = create("createTaskSchedule", given)
    before = timers()

    again = create("createTaskSchedule", given)

    assert again == first
    assert calls_of("createTaskSchedule", given) == [MADE, WRITE, READ, GONE]
    assert timers() == before
    assert tokens(first["scheduleUuid"]) == [named(world, first["scheduleUuid"])]


def test_an_update_that_is_refused_leaves_the_timer_as_it_was(world: World) -> None:
    before = timers(world.schedule)
    key = world.key("task", "schedule")

    told = refused("updateTaskSchedule", {**key, "status": "ACTIVE", "expectedVersion": 7})

    assert told == {"code": "CONFLICT", "currentVersion": 1}
    assert timers(world.schedule) == before


def test_a_zone_that_makes_the_time_one_that_there_is_not_is_refused(world: World) -> None:
    in_utc: dict[str, Any] = {"schedule": "at(2099-03-29T02:30:00)", "timezone": "UTC"}
    schedule = new_schedule(world.coordination, world.task, **in_utc)
    before = timers(schedule)

    told = refused(
        "updateTaskSchedule",
        {"taskUuid": world.task, "scheduleUuid": schedule, "timezone": "Europe/Berlin"},
    )

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "timezone"]}
    assert timers(schedule) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("taskUuid", "x"),
        ("coordinationUuid", "x"),
        ("idempotencyKey", "k" * 257),
        ("schedule", "cron(0 8 31 2 ? *)"),
        ("schedule", "rate(0 minutes)"),
        ("timezone", "Europe/Berlln"),
        ("status", "COMPLETED"),
    ],
)
def test_bad_input_is_refused_before_a_timer_is_made(world: World, field: str, value: str) -> None:
    given = {**world.key("coordination", "task"), "schedule": "rate(1 day)", field: value}

    refusal = refused("createTaskSchedule", given)

    assert refusal == {"code": "BAD_USER_INPUT", "inputPath": ["input", field]}
    assert calls_of("createTaskSchedule", given) == []
    if field in ("schedule", "timezone", "status"):
        update = {**world.key("task", "schedule"), field: value}
        assert calls_of("updateTaskSchedule", update) == []


def test_a_queue_for_what_could_not_be_delivered_may_be_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AI_COORDINATION_SCHEDULE_DEAD_LETTERS_ARN")
    settings.cache_clear()

    (timer,) = timers(new_schedule(world.coordination, world.task))

    assert timer["Target"].keys() == {"Arn", "RoleArn", "Input", "RetryPolicy"}


def test_without_a_scheduler_a_schedule_says_that_it_does_not_fire(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SCHEDULE_GROUP", "SCHEDULE_ROLE_ARN", "WORKER_FUNCTION_ARN"):
        monkeypatch.delenv(f"AI_COORDINATION_{name}")
    settings.cache_clear()

    schedule = new_schedule(world.coordination, world.task)

    assert (timers(schedule), named(world, schedule)) == ([], None)
    assert item(world, schedule).status == "active"
    assert next_run_at(world, schedule) is None


def failing(code: str, message: str = "no") -> Any:
    """EventBridge refuses to make a schedule with this error."""
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, parameters: Any) -> Any:
        if operation == MADE:
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
        return original(client, operation, parameters)

    return patch.object(BaseClient, "_make_api_call", call)


SCHEDULE = ["input", "schedule"]


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ThrottlingException", "no", {"code": "THROTTLED", "retryAfterSeconds": 1.0}),
        ("ServiceQuotaExceededException", "no", {"code": "THROTTLED", "retryAfterSeconds": 60.0}),
        (
            "ValidationException",
            "Invalid Schedule Expression rate(1 day).",
            {"code": "BAD_USER_INPUT", "inputPath": SCHEDULE},
        ),
        ("ValidationException", "The role cannot be assumed.", {"code": "INTERNAL"}),
        ("AccessDeniedException", "no", {"code": "INTERNAL"}),
    ],
)
def test_what_eventbridge_refuses_is_said_clearly_and_nothing_is_written(
    world: World, code: str, message: str, expected: dict[str, Any]
) -> None:
    given = {**world.key("coordination", "task"), "schedule": "rate(1 day)"}
    before = timers()

    with failing(code, message):
        created = refused("createTaskSchedule", given)
        changed = refused("updateTaskSchedule", {**world.key("task", "schedule"), **_timing(given)})

    assert created == changed == expected
    assert timers() == before


def _timing(given: dict[str, str]) -> dict[str, str]:
    return {"schedule": given["schedule"]}


def test_a_timer_that_is_there_on_the_sdk_s_own_repeat_has_landed(world: World) -> None:
    with failing("ConflictException"):
        schedule = new_schedule(world.coordination, world.task)

    assert named(world, schedule) is not None


def test_a_timer_whose_making_was_not_answered_is_deleted_again(world: World) -> None:
    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    before = timers()

    def lost(client: Any, operation: str, parameters: Any) -> Any:
        answer = original(client, operation, parameters)
        if operation == MADE:
            raise ReadTimeoutError(endpoint_url="https://scheduler")
        return answer

    with patch.object(BaseClient, "_make_api_call", lost):
        told = refused(
            "createTaskSchedule",
            {**world.key("coordination", "task"), "schedule": "rate(1 day)"},
        )

    assert told == {"code": "INTERNAL"}
    assert timers() == before


def test_a_timer_that_cannot_be_deleted_now_does_not_fail_the_write(world: World) -> None:
    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    before = named(world, world.schedule)

    def busy(client: Any, operation: str, parameters: Any) -> Any:
        if operation == GONE:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", busy):
        update(world, world.schedule, schedule=AT_NIGHT)

    assert {*tokens(world.schedule)} == {before, named(world, world.schedule)}
