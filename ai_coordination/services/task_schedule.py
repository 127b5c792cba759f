"""Task schedules: when tasks start by themselves."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from ai_coordination import clock, ids, models, schedule_expressions
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, Wanted
from ai_coordination.models.writes import Transaction
from ai_coordination.services import creation, guards, validation
from ai_coordination.states import ScheduleStatus

NOUN = "task schedule"
DEFAULT_TIMEZONE = "UTC"
A_SCHEDULE = "rate(1 day)"


def create(
    caller: Caller,
    *,
    coordination_uuid: str,
    task_uuid: str,
    schedule: str,
    timezone: str | None = None,
    status: ScheduleStatus | None = None,
    idempotency_key: str | None = None,
) -> models.TaskSchedule:
    """Writes a new schedule of a task.

    Raises BadUserInput, NotFound for the task, Conflict for a used key, Throttled.
    """
    timezone = timezone if timezone is not None else DEFAULT_TIMEZONE
    status = status or ScheduleStatus.ACTIVE
    schedule_expressions.parse(schedule, timezone)
    now = clock.now()
    entity = models.TaskSchedule(
        task_uuid=validation.uuid(task_uuid, "task_uuid"),
        schedule_uuid=ids.new_uuid(),
        coordination_uuid=validation.uuid(coordination_uuid, "coordination_uuid"),
        partition_key=caller.partition_key,
        schedule=schedule,
        timezone=timezone,
        status=_status(status),
        updated_by=caller.user_id,
        created_at=now,
        updated_at=now,
    )

    def count(transaction: Transaction) -> None:
        transaction.update(
            models.Task(coordination_uuid, task_uuid),
            [models.Task.schedule_count.add(1)],
            guards.owned(models.Task, caller),
            guards.missing("task", "task_uuid"),
        )

    given = [coordination_uuid, task_uuid, schedule, timezone, status]
    return creation.create(caller, entity, idempotency_key, given, count)


def get(caller: Caller, task_uuid: str, schedule_uuid: str) -> models.TaskSchedule | None:
    """The schedule as it is now, or None."""
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    return reads.get(models.TaskSchedule, task_uuid, schedule_uuid, caller.partition_key)


def page(
    caller: Caller,
    task_uuid: str | None,
    wanted: Wanted,
    *,
    status: Collection[ScheduleStatus] | None = None,
) -> Page[models.TaskSchedule]:
    """The schedules of a task, or of the tenant, in the order they were created."""
    kind = models.TaskSchedule
    condition = kind.status.is_in(*(one.value for one in status)) if status else None
    tenant = caller.partition_key
    if task_uuid is None:
        return reads.page(kind, tenant, wanted, tenant, index=kind.of_tenant, condition=condition)
    validation.uuid(task_uuid, "task_uuid")
    return reads.page(kind, task_uuid, wanted, tenant, condition=condition)


def update(
    caller: Caller,
    task_uuid: str,
    schedule_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.TaskSchedule:
    """Changes the given fields alone; None gives `timezone` and `status` their defaults."""
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    validation.given(changes, "schedule")
    written: dict[str, Any] = {}
    if "timezone" in changes:
        written["timezone"] = _or_utc(changes["timezone"])
    if "schedule" in changes:
        written["schedule"] = changes["schedule"]
    # Each may be given without the other, and neither needs the other to be judged.
    schedule_expressions.parse(
        written.get("schedule", A_SCHEDULE), written.get("timezone", DEFAULT_TIMEZONE)
    )
    if "status" in changes:
        written["status"] = _status(changes["status"] or ScheduleStatus.ACTIVE)
    entity = models.TaskSchedule(task_uuid, schedule_uuid)
    return guards.update(caller, entity, NOUN, written, expected_version)


def delete(caller: Caller, task_uuid: str, schedule_uuid: str) -> None:
    """Deletes a schedule. Its task's key is not in the input, so the schedule is read first."""
    found = get(caller, task_uuid, schedule_uuid)
    if found is None:
        raise guards.not_found(NOUN)
    transaction = Transaction()
    transaction.delete(found, guards.owned(models.TaskSchedule, caller), guards.missing(NOUN))
    transaction.update(
        models.Task(found.coordination_uuid, task_uuid),
        [models.Task.schedule_count.add(-1)],
        guards.owned(models.Task, caller),
        guards.missing(NOUN),
    )
    transaction.commit(caller.deadline)


def next_run_at(schedule: models.TaskSchedule) -> str | None:
    """When an active schedule fires next, or None."""
    if schedule.status != ScheduleStatus.ACTIVE.value:
        return None
    moment = schedule_expressions.next_run_at(
        schedule.schedule,
        schedule.timezone,
        after=datetime.now(UTC),
        created_at=clock.moment(schedule.created_at),
    )
    return None if moment is None else clock.instant(moment)


def _status(status: ScheduleStatus) -> str:
    if status is ScheduleStatus.COMPLETED:
        raise BadUserInput("COMPLETED is set by the engine, when a schedule has fired", "status")
    return str(status.value)


def _or_utc(timezone: str | None) -> str:
    return DEFAULT_TIMEZONE if timezone is None else timezone
