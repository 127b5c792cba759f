"""The operation in progress on a session: start, dispatch, retry, fail, cancel or purge.

An operation writes many items. Its first write marks the session and makes it due; its last write
removes the mark. Any worker that finds the mark resumes the operation, so several workers may run
it at once, and one of them may be slow. Each mark has a token, so a slow worker finishes or undoes
its own operation, never a later one. A start has no token: its mark is created with the session.
"""

from collections.abc import Sequence
from enum import StrEnum

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, timestamps
from ai_coordination.engine import metrics
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.session_log import log_entry
from ai_coordination.models import due_times, moves, writes
from ai_coordination.services import budgets
from ai_coordination.states import LogLevel, SessionStatus

# How long a worker has for a whole operation before another worker resumes it.
OPERATION_SECONDS = 60.0


class Operation(StrEnum):
    """The values are what a session stores."""

    START = "start"
    DISPATCH = "dispatch"
    # Workers of version 0.1.0 do not know this mark or its plan, and leave such a session alone.
    RETRY = "retry-plan"
    RETRY_OF_0_1_0 = "retry"
    FAIL = "fail"
    CANCEL = "cancel"
    # Its last write deletes the session.
    PURGE = models.PURGE


RETRIES = (Operation.RETRY, Operation.RETRY_OF_0_1_0)


def mark_new(engine: Engine, session: models.Session) -> None:
    """Mark a session that is about to be created as one that is being started."""
    session.operation = Operation.START.value
    session.due_shard = due_times.shard(session.session_uuid)
    session.due_at = engine.later(OPERATION_SECONDS)


def mark(
    engine: Engine,
    session: models.Session,
    operation: Operation,
    condition: Condition,
    actions: Sequence[Action] = (),
) -> models.Session | None:
    """Mark the session with an operation, and change what else the operation needs.

    Returns the marked session, also if this operation has marked it before. Returns None if
    `condition` refuses.
    """
    kind = models.Session
    landed, after = writes.update_if(
        session,
        [
            kind.operation.set(operation.value),
            kind.operation_token.set(engine.context.new_uuid()),
            *due_times.set_due(kind, session.session_uuid, engine.later(OPERATION_SECONDS)),
            *actions,
        ],
        condition,
        engine.context,
    )
    if landed or (after is not None and _is_marked(after, operation)):
        return after
    return None


def _is_marked(session: models.Session, operation: Operation) -> bool:
    return session.operation == operation or (operation in RETRIES and session.operation in RETRIES)


def is_free() -> Condition:
    """No operation is in progress on the session."""
    condition: Condition = models.Session.operation.does_not_exist()
    return condition


def is_marked_as_read(session: models.Session) -> Condition:
    """The session has the same mark as when it was read."""
    kind = models.Session
    # A start has no token. For all others the token would be enough.
    condition: Condition = moves.same(kind.operation, session.operation)
    condition &= moves.same(kind.operation_token, session.operation_token)
    return condition


def has_same_mark(now: models.Session, before: models.Session) -> bool:
    """Whether a session still has the mark that it had before."""
    return (now.operation, now.operation_token) == (before.operation, before.operation_token)


def unmark(
    engine: Engine,
    session: models.Session,
    condition: Condition,
    actions: Sequence[Action] = (),
    due_at: str | None = None,
) -> tuple[bool, models.Session | None]:
    """Remove the mark that was read, and write the operation's result with it.

    From then on the session is due at `due_at`, or not at all. Returns what `writes.update_if`
    returns. Without effect if the session has another mark by now. While it has this one, status
    and iteration stay: they are in `condition` because no write changes a status without them.
    """
    kind = models.Session
    due = due_times.clear(kind)
    due_at = outbox.due_at(engine, session, due_at)
    if due_at is not None:
        due = due_times.set_due(kind, session.session_uuid, due_at)
    return writes.update_if(
        session,
        [kind.operation.remove(), kind.operation_token.remove(), *due, *actions],
        condition & is_marked_as_read(session),
        engine.context,
    )


def _deadline(session: models.Session, started_at: str) -> str | None:
    """When the time of an iteration that begins then is over, if the budget limits it."""
    seconds = budgets.limit(session.budget, "seconds")
    return None if seconds is None else timestamps.later(started_at, seconds)


def set_deadline(session: models.Session) -> None:
    """Set the deadline of a session that is started by the write that creates it."""
    session.deadline_at = session.due_at = _deadline(session, session.created_at)
    if session.due_at is not None:
        session.due_shard = due_times.shard(session.session_uuid)


def begin_iteration(
    engine: Engine,
    session: models.Session,
    *,
    sinks: set[float],
    ready: Sequence[models.SessionAgent],
    actions: Sequence[Action],
    condition: Condition | None = None,
) -> models.Session | None:
    """Turn the session IN_PROGRESS: the last write of a start, a dispatch or a retry.

    `sinks` are the ordinals of the agents that no other agent of the iteration follows: the
    session waits for them. `ready` are the agents that wait for no other: a message is sent for
    each of them.

    Returns the started session, also if another worker was faster. Returns None if the session was
    ended instead, or has moved on to a later iteration.
    """
    kind = models.Session
    before = int(session.iteration_count)
    is_retry = session.operation in RETRIES
    move, may_move = moves.session(SessionStatus.IN_PROGRESS, before, retry=is_retry)
    log = f"Started again: iteration {before + 1}" if is_retry else "Started"
    now = engine.now()
    deadline_at = _deadline(session, now)
    landed, after = unmark(
        engine,
        session,
        may_move if condition is None else may_move & condition,
        [
            *move,
            *log_entry(engine, session, LogLevel.INFO, log),
            kind.iteration_count.set(before + 1),
            kind.waiting_on.set(sinks),
            kind.started_at.set(now),
            kind.updated_at.set(now),
            kind.deadline_at.remove() if deadline_at is None else kind.deadline_at.set(deadline_at),
            *actions,
        ],
        deadline_at,
    )
    if after is None or after.iteration_count != before + 1:
        return None
    if landed:
        metrics.session_started()
    engine.send(*ready)
    return after
