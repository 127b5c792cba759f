"""The deadline of a session whose budget has seconds. It is due like everything else."""

from ai_coordination import models, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import end, operation
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionStatus

USED_UP = "The session's budget of {:g} seconds is used up"


def look(engine: Engine, session: models.Session) -> None:
    """Fail a session in progress whose time is over. No operation is in progress on it.

    A budget that has got more seconds moves the due time on. A session whose time is no longer
    limited, or that a worker of an earlier version has ended, is not due.
    """
    if session.due_at is None:
        return
    kind = models.Session
    ends_at = session.time_ends_at
    if session.status != SessionStatus.IN_PROGRESS or ends_at is None:
        _be_due(engine, session, None)
    elif timestamps.parse(ends_at) > engine.context.utc():
        _be_due(engine, session, ends_at)
    else:
        reason = USED_UP.format(session.budget.seconds)
        same = moves.same(kind.budget.seconds, session.budget.seconds)
        marked = end.mark_failed(engine, session, reason, same)
        if marked is not None:
            end.resume(engine, marked)


def _be_due(engine: Engine, session: models.Session, at: str | None) -> None:
    if session.unsent_events:
        # They could not be sent now, so the session stays due.
        return
    kind = models.Session
    actions = due_times.clear(kind)
    if at is not None:
        actions = due_times.set_due(kind, session.session_uuid, at)
    # Every other write that moves the session on sets another due time, so `due_at` refuses this
    # one as well as status, iteration and mark do. Only a change of the budget leaves `due_at`.
    writes.update_if(
        session,
        actions,
        (kind.status == session.status)
        & (kind.iteration_count == session.iteration_count)
        & (kind.due_at == session.due_at)
        & moves.same(kind.budget, session.budget)
        & operation.is_free(),
        engine.context,
    )
