"""A schedule fires: one session for each time, however often and late the firing is delivered."""

from datetime import datetime, timedelta

from ai_coordination import models, schedule_expressions, telemetry, timestamps
from ai_coordination.caller import Caller
from ai_coordination.engine import session_commands
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError, Throttled
from ai_coordination.messages import FiringMessage, as_json
from ai_coordination.models import reads, writes
from ai_coordination.services import timers
from ai_coordination.services.timers import Scheduler
from ai_coordination.states import ScheduleStatus

STARTED = "started"
REFUSED = "refused"
STALE = "stale"

# Those members of a firing that its line in the log repeats.
LOGGED = frozenset({"tenant", "coordination", "task", "schedule", "time"})

# Far longer than a request has, and than AWS takes what was signed.
LATEST_WRITE = timedelta(minutes=15)


class NotWrittenYet(Exception):
    """The timer fired before its schedule was written: the firing has to be delivered again."""


def fire(engine: Engine, scheduler: Scheduler | None, firing: FiringMessage) -> str:
    """Start the session of one firing, unless the schedule has another timer by now.

    Returns the outcome. A refused start is logged and counted, and the schedule stays active.
    Raises NotWrittenYet and Throttled: the firing has to be delivered again.
    """
    moment = datetime.fromisoformat(firing.scheduled_at)
    schedule = reads.get(
        models.TaskSchedule, firing.task_uuid, firing.schedule_uuid, tenant=firing.tenant
    )
    if schedule is None or not _is_of(schedule, firing):
        if _may_be_written_yet(engine, schedule, firing):
            raise NotWrittenYet(f"The schedule of {_name(firing)} may not be written yet")
        return _report(STALE, scheduler, firing)
    session, outcome = _start(engine, schedule, moment)
    if outcome == STALE:
        return _report(STALE, scheduler, firing)
    if session is not None:
        _remember(engine, schedule, session, moment)
    if not _fires_after(schedule, moment):
        _complete(engine, schedule)
        return _report(outcome, scheduler, firing)
    return _report(outcome, None, firing)


def _is_of(schedule: models.TaskSchedule, firing: FiringMessage) -> bool:
    is_active = schedule.status == ScheduleStatus.ACTIVE.value
    return is_active and schedule.token == firing.token


def _may_be_written_yet(
    engine: Engine, schedule: models.TaskSchedule | None, firing: FiringMessage
) -> bool:
    """Whether the write that names this timer may still land: it needs the version before it."""
    if schedule is not None and schedule.version >= firing.version:
        return False
    return engine.context.utc() - timestamps.parse(firing.created_at) < LATEST_WRITE


def _start(
    engine: Engine, schedule: models.TaskSchedule, moment: datetime
) -> tuple[models.Session | None, str]:
    endpoint_id, part_id = schedule.partition_key.split("#")
    at = timestamps.to_text(moment)
    try:
        session = session_commands.start(
            engine,
            Caller(endpoint_id, part_id, "engine", context=engine.context),
            coordination_uuid=schedule.coordination_uuid,
            task_uuid=schedule.task_uuid,
            schedule=schedule,
            idempotency_key=f"{schedule.schedule_uuid} {at}",
        )
    except Throttled:
        raise
    except timers.Replaced:
        return None, STALE
    except EngineError as error:
        facts = {"schedule": schedule.schedule_uuid, "code": error.code, "reason": error.message}
        telemetry.logger.warning("a schedule could not start its task", extra=facts)
        return None, REFUSED
    return session, STARTED


def _remember(
    engine: Engine, schedule: models.TaskSchedule, session: models.Session, moment: datetime
) -> None:
    """Store the schedule's last session, unless it has one that was due later."""
    kind = models.TaskSchedule
    at = timestamps.to_text(moment)
    writes.update_if(
        schedule,
        [kind.last_session_uuid.set(session.session_uuid), kind.last_run_at.set(at)],
        # It was read as the tenant's. Every write says so.
        (kind.partition_key == schedule.partition_key)
        & (kind.last_run_at.does_not_exist() | (kind.last_run_at < at)),
        engine.context,
    )


def _fires_after(schedule: models.TaskSchedule, moment: datetime) -> bool:
    if schedule.schedule.startswith("at("):
        return False
    following = schedule_expressions.next_run_at(
        schedule.schedule,
        schedule.timezone,
        after=moment,
        created_at=timestamps.parse(schedule.counts_from),
    )
    return following is not None


def _complete(engine: Engine, schedule: models.TaskSchedule) -> None:
    """Complete a schedule that never fires again, unless it was changed meanwhile."""
    kind = models.TaskSchedule
    writes.update_if(
        schedule,
        [
            kind.status.set(ScheduleStatus.COMPLETED.value),
            kind.token.remove(),
            kind.counts_from.remove(),
            kind.updated_at.set(engine.now()),
            kind.updated_by.set("engine"),
        ],
        (kind.partition_key == schedule.partition_key) & (kind.token == schedule.token),
        engine.context,
    )


def _report(outcome: str, scheduler: Scheduler | None, firing: FiringMessage) -> str:
    """Log and count the outcome, and delete the timer if a scheduler is passed."""
    if scheduler is not None:
        scheduler.delete(_name(firing))
    named = {name: value for name, value in as_json(firing).items() if name in LOGGED}
    telemetry.logger.info("firing", extra={**named, "outcome": outcome})
    telemetry.count(f"Firings{outcome.capitalize()}")
    return outcome


def _name(firing: FiringMessage) -> str:
    return timers.name(firing.schedule_uuid, firing.token)
