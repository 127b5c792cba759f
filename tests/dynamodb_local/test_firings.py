"""Schedules under races: one session for a firing, one timer for a schedule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.clients import Timer
from ai_coordination.engine import schedule_trigger
from ai_coordination.errors import NotFound
from ai_coordination.messages import FiringMessage
from ai_coordination.states import AgentRuntimeKind, ScheduleStatus
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import THREADS, together
from tests.support.contexts import At

TIME = "2026-11-23T08:00:00Z"


class Timers:
    """A scheduler that only remembers."""

    def __init__(self) -> None:
        self.live: dict[str, Timer] = {}

    def create(self, timer: Timer) -> None:
        assert timer.name not in self.live
        self.live[timer.name] = timer

    def delete(self, name: str) -> None:
        self.live.pop(name, None)


def new_schedule(timers: Timers, caller: Caller, schedule: str) -> models.TaskSchedule:
    member = {
        "agent_uuid": "a",
        "agent_name": "A",
        "runtime": {"kind": AgentRuntimeKind.EXTERNAL},
    }
    coordination = services.coordination.create(caller, coordination_name="Offers", agents=[member])
    task = services.task.create(
        caller, coordination_uuid=coordination.coordination_uuid, task_name="Translate"
    )
    return services.task_schedule.create(
        timers,
        caller,
        coordination_uuid=coordination.coordination_uuid,
        task_uuid=task.task_uuid,
        schedule=schedule,
    )


def as_it_is(schedule: models.TaskSchedule) -> models.TaskSchedule:
    key = schedule.task_uuid, schedule.schedule_uuid
    return models.TaskSchedule.get(*key, consistent_read=True)


def sessions_of(schedule: models.TaskSchedule) -> list[models.Session]:
    return list(models.Session.query(schedule.coordination_uuid, consistent_read=True))


@pytest.mark.parametrize("schedule", ["cron(0 * * * ? *)", "at(2099-12-31T08:00:00)"])
def test_a_firing_that_is_delivered_many_times_at_once_starts_one_session(
    schedule: str, races: int
) -> None:
    timers = Timers()
    fired = [new_schedule(timers, new_tenant(), schedule) for _ in range(max(1, races // 4))]
    for one in fired:
        (timer,) = [timer for timer in timers.live.values() if timer.name == name_of(one)]
        firing = replace(timer.firing, scheduled_at=TIME)

        def deliver(_: int, firing: FiringMessage = firing) -> str:
            return schedule_trigger.fire(Worker().engine, timers, firing)

        told = together(deliver)

        (session,) = sessions_of(one)
        now = as_it_is(one)
        assert "started" in told
        assert {*told} <= {"started", "stale"}
        assert (session.schedule_uuid, session.status) == (one.schedule_uuid, "in_progress")
        assert now.last_session_uuid == session.session_uuid
        is_over = schedule.startswith("at(")
        assert (now.status, now.token) == (
            ("completed", None) if is_over else ("active", one.token)
        )
        assert (name_of(one) in timers.live) is not is_over


def name_of(schedule: models.TaskSchedule) -> str:
    return f"{schedule.schedule_uuid}-{schedule.token}"


def test_of_many_writers_at_once_one_timer_is_left_and_it_says_what_is_stored() -> None:
    timers = Timers()
    caller = new_tenant()
    made = new_schedule(timers, caller, "rate(1 day)")

    def write(number: int) -> None:
        changes: dict[str, Any] = {"schedule": f"rate({number + 2} hours)"}
        if number % 4 == 3:
            changes = {"status": ScheduleStatus.PAUSED if number % 8 == 3 else None}
        services.task_schedule.update(timers, caller, made.task_uuid, made.schedule_uuid, changes)

    together(write)

    now = as_it_is(made)
    assert now.version == 1 + THREADS
    if now.status == "paused":
        assert timers.live == {}
        return
    (timer,) = timers.live.values()
    assert (timer.name, timer.expression) == (name_of(now), now.schedule)
    assert timer.firing.version == now.version
    first = datetime.fromisoformat(now.counts_from) + timedelta(
        hours=int(now.schedule.split("(")[1].split()[0])
    ) * (24 if "day" in now.schedule else 1)
    assert timer.starts_at == first > datetime.now(UTC)


def test_a_timer_is_left_to_nobody_when_it_is_deleted_while_others_write() -> None:
    timers = Timers()
    caller = new_tenant()
    made = new_schedule(timers, caller, "rate(1 day)")

    def write(number: int) -> None:
        key = made.task_uuid, made.schedule_uuid
        try:
            if number == THREADS // 2:
                services.task_schedule.delete(timers, caller, *key)
            else:
                services.task_schedule.update(
                    timers, caller, *key, {"schedule": f"rate({number + 2} hours)"}
                )
        except NotFound:
            return

    together(write)

    later = At(moment=datetime.now(UTC) + timedelta(hours=1))
    for timer in list(timers.live.values()):
        firing = replace(timer.firing, scheduled_at=TIME)
        engine = Worker().engine._replace(context=later)
        assert schedule_trigger.fire(engine, timers, firing) == "stale"
    assert timers.live == {}
    assert sessions_of(made) == []
