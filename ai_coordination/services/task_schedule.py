"""Task schedules: when tasks start by themselves."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from ai_coordination import models, schedule_expressions, timestamps
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput, EngineError, Throttled
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import Transaction
from ai_coordination.services import guards, idempotent_create, timers, validation, versioned_update
from ai_coordination.services.fingerprints import Input
from ai_coordination.services.timers import Scheduler
from ai_coordination.services.versioned_update import ChangedSince
from ai_coordination.states import ScheduleStatus

NOUN = "task schedule"
DEFAULT_TIMEZONE = "UTC"
A_SCHEDULE = "rate(1 day)"
OF_THE_TIMER = frozenset({"schedule", "timezone", "status"})


def create(
    scheduler: Scheduler | None,
    caller: Caller,
    *,
    coordination_uuid: str,
    task_uuid: str,
    schedule: str,
    timezone: str | None = None,
    status: ScheduleStatus | None = None,
    idempotency_key: str | None = None,
) -> models.TaskSchedule:
    """Writes a new schedule of a task, its timer first.

    Raises BadUserInput, NotFound for the task, Conflict for a used key, Throttled.
    """
    timezone = timezone if timezone is not None else DEFAULT_TIMEZONE
    status = status or ScheduleStatus.ACTIVE
    given = Input(
        "TaskSchedule",
        "createTaskSchedule",
        {
            "coordination_uuid": coordination_uuid,
            "task_uuid": task_uuid,
            "schedule": schedule,
            "timezone": timezone,
            "status": status,
        },
    )

    def write() -> models.TaskSchedule:
        schedule_expressions.check(schedule, timezone, caller.context.utc())
        # As all that is wrong, before a timer is made.
        validation.label(idempotency_key, "idempotency_key")
        now = caller.context.now()
        entity = models.TaskSchedule(
            task_uuid=validation.uuid(task_uuid, "task_uuid"),
            schedule_uuid=caller.context.new_uuid(),
            coordination_uuid=validation.uuid(coordination_uuid, "coordination_uuid"),
            partition_key=caller.partition_key,
            schedule=schedule,
            timezone=timezone,
            status=_status(status),
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        timers.arm(caller.context, scheduler, entity)
        try:
            made = idempotent_create.commit(caller, entity, idempotency_key, given, count)
        except Throttled:
            # A first try may have landed whose answer was lost.
            raise
        except EngineError:
            timers.disarm(scheduler, entity)
            raise
        if made.token != entity.token:
            timers.disarm(scheduler, entity)
        return made

    def count(transaction: Transaction) -> None:
        transaction.update(
            models.Task(coordination_uuid, task_uuid),
            [models.Task.schedule_count.add(1)],
            guards.owned(models.Task, caller),
            guards.missing("task", "task_uuid"),
        )

    return idempotent_create.run(caller, models.TaskSchedule, idempotency_key, given, write)


def get(caller: Caller, task_uuid: str, schedule_uuid: str) -> models.TaskSchedule | None:
    """The schedule as it is now, or None."""
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    return reads.get(models.TaskSchedule, task_uuid, schedule_uuid, tenant=caller.partition_key)


def page(
    caller: Caller,
    task_uuid: str | None,
    wanted: PageRequest,
    *,
    status: Collection[ScheduleStatus] | None = None,
) -> Page[models.TaskSchedule]:
    """The schedules of a task, or of the tenant, in the order they were created."""
    kind = models.TaskSchedule
    condition = kind.status.is_in(*(one.value for one in status)) if status else None
    tenant = caller.partition_key
    if task_uuid is None:
        return reads.page(
            kind, tenant, wanted, tenant=tenant, index=kind.of_tenant, condition=condition
        )
    validation.uuid(task_uuid, "task_uuid")
    return reads.page(kind, task_uuid, wanted, tenant=tenant, condition=condition)


def update(
    scheduler: Scheduler | None,
    caller: Caller,
    task_uuid: str,
    schedule_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.TaskSchedule:
    """Changes the given fields alone; None gives `timezone` and `status` their defaults.

    What concerns the timer is written on condition that the schedule is still the one read: the
    timer is made of all of it. A rate counts anew from here on.
    """
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    validation.not_null(changes, "schedule")
    written: dict[str, Any] = {}
    if "timezone" in changes:
        written["timezone"] = _or_utc(changes["timezone"])
    if "schedule" in changes:
        written["schedule"] = changes["schedule"]
    # Each may be given without the other. What is wrong in itself is told before anything is read.
    schedule_expressions.check(
        written.get("schedule", A_SCHEDULE),
        written.get("timezone", DEFAULT_TIMEZONE),
        caller.context.utc(),
    )
    if "status" in changes:
        written["status"] = _status(changes["status"] or ScheduleStatus.ACTIVE)
    if not OF_THE_TIMER & written.keys():
        entity = models.TaskSchedule(task_uuid, schedule_uuid)
        return versioned_update.apply(caller, entity, NOUN, written, expected_version)

    def read_and_write() -> models.TaskSchedule:
        current = get(caller, task_uuid, schedule_uuid)
        if current is None:
            raise guards.not_found(NOUN)
        if expected_version is not None and current.version != expected_version:
            raise guards.conflict(NOUN, int(current.version))
        return _rewrite(scheduler, caller, current, written)

    return versioned_update.until_unchanged(caller, NOUN, read_and_write)


def _rewrite(
    scheduler: Scheduler | None,
    caller: Caller,
    found: models.TaskSchedule,
    written: Mapping[str, Any],
) -> models.TaskSchedule:
    """The new timer, the item that names it, and then the end of the timer before."""
    fresh = models.TaskSchedule(**{**found.attribute_values, **written})
    fresh.version = found.version + 1
    _check(fresh, written, caller.context.utc())
    timers.arm(caller.context, scheduler, fresh)
    kind = models.TaskSchedule
    named = kind.token.does_not_exist() if found.token is None else kind.token == found.token
    changes = {**written, "token": fresh.token, "counts_from": fresh.counts_from}
    try:
        updated = versioned_update.apply(
            caller,
            kind(found.task_uuid, found.schedule_uuid),
            NOUN,
            changes,
            None,
            condition=named & (kind.version == found.version),
            refused=lambda old: ChangedSince(),
        )
    except Throttled:
        # A first try may have landed whose answer was lost.
        raise
    except EngineError:
        timers.disarm(scheduler, fresh)
        raise
    timers.disarm(scheduler, found)
    return updated


def _check(schedule: models.TaskSchedule, written: Mapping[str, Any], now: datetime) -> None:
    """What is written makes a schedule with the rest of it. What is only stopped need not."""
    given = [name for name in ("schedule", "timezone", "status") if name in written]
    if given == ["status"] and schedule.status != ScheduleStatus.ACTIVE.value:
        return
    try:
        schedule_expressions.check(schedule.schedule, schedule.timezone, now)
    except BadUserInput as error:
        raise BadUserInput(error.message, given[0]) from error


def delete(scheduler: Scheduler | None, caller: Caller, task_uuid: str, schedule_uuid: str) -> None:
    """Deletes a schedule, and then its timer.

    Its task's key is not in the input, so the schedule is read first.
    """
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
    transaction.commit(caller.context)
    timers.disarm(scheduler, found)


def next_run_at(schedule: models.TaskSchedule, now: datetime) -> str | None:
    """When a schedule fires next; None if it does not."""
    moment = timers.next_run_at(schedule, now)
    return None if moment is None else timestamps.to_text(moment)


def _status(status: ScheduleStatus) -> str:
    if status is ScheduleStatus.COMPLETED:
        raise BadUserInput("COMPLETED is set by the engine, when a schedule has fired", "status")
    return str(status.value)


def _or_utc(timezone: str | None) -> str:
    return DEFAULT_TIMEZONE if timezone is None else timezone
