"""Task schedules: when tasks are started automatically."""

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
from ai_coordination.services.fingerprints import MutationInput
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
    """Create a schedule of a task, its timer first.

    Raises BadUserInput, NotFound for the task, Conflict for a used key, Throttled.
    """
    timezone = timezone if timezone is not None else DEFAULT_TIMEZONE
    status = status or ScheduleStatus.ACTIVE
    mutation_input = MutationInput(
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
        # Everything is checked before a timer is created.
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
            created = idempotent_create.commit(
                caller, entity, idempotency_key, mutation_input, count
            )
        except Throttled:
            # The write may have landed: its response may be lost.
            raise
        except EngineError:
            timers.disarm(scheduler, entity)
            raise
        if created.token != entity.token:
            timers.disarm(scheduler, entity)
        return created

    def count(transaction: Transaction) -> None:
        transaction.update(
            models.Task(coordination_uuid, task_uuid),
            [models.Task.schedule_count.add(1)],
            guards.owned(models.Task, caller),
            guards.missing("task", "task_uuid"),
        )

    return idempotent_create.run(
        caller, models.TaskSchedule, idempotency_key, mutation_input, write
    )


def get(caller: Caller, task_uuid: str, schedule_uuid: str) -> models.TaskSchedule | None:
    """Read a schedule consistently. Returns None if the tenant has no such schedule."""
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    return reads.get(models.TaskSchedule, task_uuid, schedule_uuid, tenant=caller.partition_key)


def page(
    caller: Caller,
    task_uuid: str | None,
    request: PageRequest,
    *,
    status: Collection[ScheduleStatus] | None = None,
) -> Page[models.TaskSchedule]:
    """Read a page of the schedules of a task or of the tenant, in order of creation."""
    model = models.TaskSchedule
    condition = model.status.is_in(*(each.value for each in status)) if status else None
    tenant = caller.partition_key
    if task_uuid is None:
        return reads.page(
            model, tenant, request, tenant=tenant, index=model.of_tenant, condition=condition
        )
    validation.uuid(task_uuid, "task_uuid")
    return reads.page(model, task_uuid, request, tenant=tenant, condition=condition)


def update(
    scheduler: Scheduler | None,
    caller: Caller,
    task_uuid: str,
    schedule_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.TaskSchedule:
    """Change the given fields. None sets `timezone` and `status` to their defaults.

    The timer depends on all fields. So a change of one of them reads the rest, and is written on
    condition that the schedule has not changed since. A rate then counts from now on.
    """
    validation.uuid(task_uuid, "task_uuid")
    validation.uuid(schedule_uuid, "schedule_uuid")
    validation.not_null(changes, "schedule")
    written: dict[str, Any] = {}
    if "timezone" in changes:
        written["timezone"] = _or_utc(changes["timezone"])
    if "schedule" in changes:
        written["schedule"] = changes["schedule"]
    # Each may be given without the other. Errors in a value itself are raised before any read.
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
    current: models.TaskSchedule,
    written: Mapping[str, Any],
) -> models.TaskSchedule:
    """Create the new timer, write the item that names it, then delete the previous timer."""
    fresh = models.TaskSchedule(**{**current.attribute_values, **written})
    fresh.version = current.version + 1
    _check(fresh, written, caller.context.utc())
    timers.arm(caller.context, scheduler, fresh)
    model = models.TaskSchedule
    named = model.token.does_not_exist() if current.token is None else model.token == current.token
    changes = {**written, "token": fresh.token, "counts_from": fresh.counts_from}
    try:
        updated = versioned_update.apply(
            caller,
            model(current.task_uuid, current.schedule_uuid),
            NOUN,
            changes,
            None,
            condition=named & (model.version == current.version),
            refused=lambda old: ChangedSince(),
        )
    except Throttled:
        # The write may have landed: its response may be lost.
        raise
    except EngineError:
        timers.disarm(scheduler, fresh)
        raise
    timers.disarm(scheduler, current)
    return updated


def _check(schedule: models.TaskSchedule, written: Mapping[str, Any], now: datetime) -> None:
    """Check the whole schedule after a change. A schedule that is only stopped may be invalid."""
    changed = [name for name in ("schedule", "timezone", "status") if name in written]
    if changed == ["status"] and schedule.status != ScheduleStatus.ACTIVE.value:
        return
    try:
        schedule_expressions.check(schedule.schedule, schedule.timezone, now)
    except BadUserInput as error:
        raise BadUserInput(error.message, changed[0]) from error


def delete(scheduler: Scheduler | None, caller: Caller, task_uuid: str, schedule_uuid: str) -> None:
    """Delete a schedule, then its timer. Raises NotFound.

    The schedule is read first, because the input does not have its task's key.
    """
    schedule = get(caller, task_uuid, schedule_uuid)
    if schedule is None:
        raise guards.not_found(NOUN)
    transaction = Transaction()
    transaction.delete(schedule, guards.owned(models.TaskSchedule, caller), guards.missing(NOUN))
    transaction.update(
        models.Task(schedule.coordination_uuid, task_uuid),
        [models.Task.schedule_count.add(-1)],
        guards.owned(models.Task, caller),
        guards.missing(NOUN),
    )
    transaction.commit(caller.context)
    timers.disarm(scheduler, schedule)


def next_run_at(schedule: models.TaskSchedule, now: datetime) -> str | None:
    """Return when a schedule fires next. None if it does not."""
    moment = timers.next_run_at(schedule, now)
    return None if moment is None else timestamps.to_text(moment)


def _status(status: ScheduleStatus) -> str:
    if status is ScheduleStatus.COMPLETED:
        raise BadUserInput(
            "Only the engine sets COMPLETED, when a schedule has fired for the last time", "status"
        )
    return str(status.value)


def _or_utc(timezone: str | None) -> str:
    return DEFAULT_TIMEZONE if timezone is None else timezone
