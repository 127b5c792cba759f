"""A schedule's timer: the schedule in EventBridge Scheduler that fires it.

Each write of a schedule first creates a new timer, then writes the item, which names the timer by
its token, then deletes the previous timer. A timer that its item does not name starts nothing, and
is deleted when it fires. So a process that is late or dies leaves at most such a timer.
"""

from datetime import datetime
from typing import Protocol

from ai_coordination import models, schedule_expressions, telemetry, timestamps
from ai_coordination.clients import EventBridge, Timer
from ai_coordination.clients.scheduler import SCHEDULED_TIME
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.errors import EngineError
from ai_coordination.messages import FiringMessage
from ai_coordination.models.writes import Transaction
from ai_coordination.schedule_expressions import At, Rate
from ai_coordination.states import ScheduleStatus


class Scheduler(Protocol):
    """Stores timers, and sends a timer's firing to a worker at its time."""

    def create(self, timer: Timer, /) -> None:
        """Create a timer. Raises BadUserInput at `schedule`, Throttled: then none exists."""

    def delete(self, name: str, /) -> None:
        """Delete a timer. Raises nothing, because a timer that remains starts nothing."""


def scheduler() -> Scheduler | None:
    """Return the configured scheduler. None if schedules are only stored and do not fire."""
    configured = settings()
    group, role, function = (
        configured.schedule_group,
        configured.schedule_role_arn,
        configured.worker_function_arn,
    )
    if group is None or role is None or function is None:
        return None
    return EventBridge(group, role, function, configured.schedule_dead_letters_arn)


def arm(
    context: InvocationContext, scheduler: Scheduler | None, schedule: models.TaskSchedule
) -> None:
    """Create a timer for a schedule that is about to be written, and name it in the schedule.

    Creates none if the schedule is not active or never fires again. Raises BadUserInput, Throttled.
    """
    schedule.token = schedule.counts_from = None
    if schedule.status != ScheduleStatus.ACTIVE.value:
        return
    now = context.utc().replace(microsecond=0)
    parsed = schedule_expressions.parse(schedule.schedule, schedule.timezone)
    first = parsed.next_run_at(after=now, created_at=now)
    if first is None:
        return
    if scheduler is None:
        facts = {"schedule": schedule.schedule_uuid}
        telemetry.logger.warning("no scheduler is configured: nothing will fire", extra=facts)
        return
    schedule.token = context.token()
    schedule.counts_from = timestamps.to_text(now)
    scheduler.create(timer(schedule, first))


def timer(schedule: models.TaskSchedule, first: datetime) -> Timer:
    """Return the timer that a schedule names. It fires for the first time at `first`."""
    timing = schedule_expressions.parse(schedule.schedule, schedule.timezone).timing
    return Timer(
        name=name(schedule.schedule_uuid, schedule.token),
        expression=schedule.schedule,
        timezone=schedule.timezone,
        # EventBridge counts a rate from its first firing.
        starts_at=first if isinstance(timing, Rate) else None,
        once=isinstance(timing, At),
        firing=_firing(schedule),
    )


def _firing(schedule: models.TaskSchedule) -> FiringMessage:
    return FiringMessage(
        tenant=schedule.partition_key,
        coordination_uuid=schedule.coordination_uuid,
        task_uuid=schedule.task_uuid,
        schedule_uuid=schedule.schedule_uuid,
        token=schedule.token,
        version=int(schedule.version),
        created_at=schedule.counts_from,
        scheduled_at=SCHEDULED_TIME,
    )


class Replaced(EngineError):
    """The schedule no longer names this timer. Never leaves the services."""


def check(transaction: Transaction, schedule: models.TaskSchedule) -> None:
    """Add the part that requires a schedule to still name the timer that has fired."""
    transaction.check(
        models.TaskSchedule(schedule.task_uuid, schedule.schedule_uuid),
        models.TaskSchedule.token == schedule.token,
        lambda old: Replaced("replaced since it fired"),
    )


def disarm(scheduler: Scheduler | None, schedule: models.TaskSchedule) -> None:
    """Delete the timer that a schedule named. If that fails, the timer starts nothing."""
    if scheduler is not None and schedule.token is not None:
        scheduler.delete(name(schedule.schedule_uuid, schedule.token))


def name(schedule_uuid: str, token: str) -> str:
    """Return a timer's name: at most 64 of A-Z a-z 0-9 - _ ."""
    return f"{schedule_uuid}-{token}"


def next_run_at(schedule: models.TaskSchedule, after: datetime) -> datetime | None:
    """Return the first firing later than `after`. None if no timer fires the schedule."""
    if schedule.token is None or schedule.status != ScheduleStatus.ACTIVE.value:
        return None
    return schedule_expressions.next_run_at(
        schedule.schedule,
        schedule.timezone,
        after=after,
        created_at=timestamps.parse(schedule.counts_from),
    )
