"""Schedules on this machine: an emulator holds them, and the development server fires them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.engine import schedule_trigger
from ai_coordination.errors import Throttled
from ai_coordination.local import scheduler, worker
from ai_coordination.local.embedded import EmbeddedAws
from tests.support.contexts import SYSTEM
from tests.support.graph_api import (
    CALLER,
    change,
    mutation,
    new_coordination,
    new_schedule,
    new_task,
)
from tests.support.local_server import LocalServer
from tests.support.stored import stored

SECONDS = 60.0
SCHEDULES = """query ($task: ID!) {
  taskSchedules(taskUuid: $task) { nodes { status lastSession { status } } }
}"""
CREATE = mutation("createTaskSchedule", "CreateTaskScheduleInput", "taskSchedule { id }")
AGENT = {"agentUuid": "a", "agentName": "A", "runtime": {"kind": "ECHO"}}


class Clock:
    """It stands still until a test puts it forward, so that no minute ends by itself."""

    def __init__(self, begins: datetime) -> None:
        self.begins = begins
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self.begins + self.ahead


class Place:
    """A task of its own, whose agent echoes."""

    def __init__(self) -> None:
        self.coordination = new_coordination(agents=[AGENT])
        self.task = new_task(self.coordination)

    def new(self, schedule: str) -> str:
        return new_schedule(self.coordination, self.task, CALLER, schedule=schedule)

    def clock(self) -> Clock:
        """One that begins when the newest timer was made."""
        listed = clients("scheduler").list_schedules(GroupName=settings().schedule_group)
        return Clock(max(timer["CreationDate"] for timer in listed["Schedules"]))

    def item(self, schedule: str) -> models.TaskSchedule:
        return stored(models.TaskSchedule, self.task, schedule)

    def sessions(self) -> list[models.Session]:
        return list(models.Session.query(self.coordination, consistent_read=True))


@pytest.fixture
def place(tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    url = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())["QueueUrl"]
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", url)
    # A group for each test: what others left in theirs is not asked for.
    monkeypatch.setattr(scheduler, "GROUP_NAME", SYSTEM.new_uuid())
    monkeypatch.setitem(scheduler.VARIABLES, "AI_COORDINATION_SCHEDULE_GROUP", scheduler.GROUP_NAME)
    settings.cache_clear()
    with scheduler.schedule_group():
        yield Place()


def test_a_schedule_of_every_minute_starts_a_session_each_minute(place: Place) -> None:
    schedule = place.new("cron(* * * * ? *)")
    clock = place.clock()
    ticker = scheduler.LocalScheduler(clock)

    numbers = []
    for _ in range(4):
        clock.ahead += timedelta(minutes=1)
        ticker.fire_due()
        ticker.fire_due()
        numbers.append(len(place.sessions()))
    while worker.process_batch():
        pass

    assert numbers == [1, 2, 3, 4]
    assert {(one.status, one.schedule_uuid) for one in place.sessions()} == {
        ("completed", schedule)
    }


def test_what_a_server_missed_while_it_slept_is_fired_for_the_last_hour(place: Place) -> None:
    place.new("rate(20 minutes)")
    clock = place.clock()
    ticker = scheduler.LocalScheduler(clock)
    ticker.fire_due()

    clock.ahead += timedelta(hours=5, minutes=1)
    ticker.fire_due()

    assert len(place.sessions()) == 3


def test_two_that_tick_start_one_session_and_so_does_one_that_begins_anew(place: Place) -> None:
    place.new("rate(1 minute)")
    clock = place.clock()
    clock.ahead += timedelta(minutes=2, seconds=30)

    for _ in range(3):
        scheduler.LocalScheduler(clock).fire_due()

    assert len(place.sessions()) == 2


def test_a_one_time_schedule_fires_and_is_completed(place: Place) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    schedule = place.new(f"at({soon:%Y-%m-%dT%H:%M:%S})")
    clock = place.clock()
    ticker = scheduler.LocalScheduler(clock)
    ticker.fire_due()
    assert place.sessions() == []

    clock.ahead += timedelta(minutes=1)
    ticker.fire_due()
    ticker.fire_due()

    assert len(place.sessions()) == 1
    assert place.item(schedule).status == "completed"


def test_a_one_time_schedule_whose_timer_was_made_too_late_fires_at_once(place: Place) -> None:
    schedule = place.new("at(2099-01-01T00:00:00)")
    client, group = clients("scheduler"), settings().schedule_group
    (listed,) = client.list_schedules(GroupName=group)["Schedules"]
    timer = client.get_schedule(GroupName=group, Name=listed["Name"])
    over = listed["CreationDate"] - timedelta(seconds=1)
    names = ("Name", "GroupName", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    client.delete_schedule(GroupName=group, Name=listed["Name"])
    client.create_schedule(
        **{name: timer[name] for name in names},
        ScheduleExpression=f"at({over:%Y-%m-%dT%H:%M:%S})",
    )

    ticker = scheduler.LocalScheduler(place.clock())
    ticker.fire_due()
    ticker.fire_due()

    assert [one.schedule_uuid for one in place.sessions()] == [schedule]


def test_a_firing_that_failed_comes_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = place.new("rate(1 minute)")
    clock = place.clock()
    ticker = scheduler.LocalScheduler(clock)
    clock.ahead += timedelta(minutes=1)

    with patch.object(schedule_trigger, "fire", side_effect=Throttled("busy")):
        ticker.fire_due()
    assert place.sessions() == []
    ticker.fire_due()

    assert len(place.sessions()) == 1
    printed = capsys.readouterr()
    assert "Throttled: busy" in printed.err
    assert f"schedule {schedule} started" in printed.out


def test_a_schedule_that_is_paused_fires_no_more(place: Place) -> None:
    schedule = place.new("rate(1 minute)")
    clock = place.clock()
    ticker = scheduler.LocalScheduler(clock)
    ticker.fire_due()
    key = {"taskUuid": place.task, "scheduleUuid": schedule}
    change("updateTaskSchedule", {**key, "status": "PAUSED"}, "taskSchedule { id }")

    clock.ahead += timedelta(minutes=5)
    ticker.fire_due()

    assert place.sessions() == []


def test_schedules_outlive_an_emulator_that_does_not(place: Place) -> None:
    rate = place.new("rate(1 hour)")
    clock = place.clock()
    paused = place.new("rate(2 hours)")
    change(
        "updateTaskSchedule",
        {"taskUuid": place.task, "scheduleUuid": paused, "status": "PAUSED"},
        "taskSchedule { id }",
    )
    client, group = clients("scheduler"), settings().schedule_group
    (before,) = client.list_schedules(GroupName=group)["Schedules"]
    client.delete_schedule(GroupName=group, Name=before["Name"])

    scheduler.restore_timers()

    (after,) = client.list_schedules(GroupName=group)["Schedules"]
    assert after["Name"] == before["Name"] == f"{rate}-{place.item(rate).token}"
    clock.ahead += timedelta(hours=1)
    scheduler.LocalScheduler(clock).fire_due()
    assert len(place.sessions()) == 1


def test_the_engine_is_told_of_a_group_for_the_block_alone(embedded_aws: EmbeddedAws) -> None:
    with scheduler.schedule_group():
        assert settings().schedule_group == "ai-coordination"
    assert settings().schedule_group is None


def test_a_group_that_is_configured_is_used(
    embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in scheduler.VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AI_COORDINATION_SCHEDULE_GROUP", "mine")
    settings.cache_clear()

    with scheduler.schedule_group():
        pass

    assert clients("scheduler").get_schedule_group(Name="mine")["State"] == "ACTIVE"
    assert settings().schedule_group == "mine"


def test_the_development_server_fires_schedules(local_server: LocalServer) -> None:
    named = {"coordinationName": "Scheduled", "agents": [AGENT]}
    coordination = made(local_server, "Coordination", **named)
    task = made(local_server, "Task", coordinationUuid=coordination, taskName="Translate")
    key = {"coordinationUuid": coordination, "taskUuid": task}
    # On a busy machine, two seconds may be over before the request is read: then it is refused.
    for seconds in (2, 20):
        soon = datetime.now(UTC) + timedelta(seconds=seconds)
        given = {**key, "schedule": f"at({soon:%Y-%m-%dT%H:%M:%S})"}
        if "errors" not in local_server.graphql(CREATE, input=given):
            break

    last = None
    ends_at = time.monotonic() + SECONDS
    while last != {"status": "COMPLETED"} and time.monotonic() < ends_at:
        time.sleep(0.2)
        told = local_server.graphql(SCHEDULES, task=task)
        (schedule,) = told["data"]["taskSchedules"]["nodes"]
        last = schedule["lastSession"]

    assert schedule == {"status": "COMPLETED", "lastSession": {"status": "COMPLETED"}}


def made(server: LocalServer, kind: str, **given: Any) -> str:
    """The uuid of what a create mutation made."""
    field = kind[0].lower() + kind[1:]
    document = mutation(f"create{kind}", f"Create{kind}Input", f"{field} {{ {field}Uuid }}")
    told = server.graphql(document, input=given)
    return str(told["data"][f"create{kind}"][field][f"{field}Uuid"])
