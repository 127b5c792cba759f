"""Purge an ended session: delete it with its agents, runs, labels and texts.

The mark is never removed. From then on the session counts as deleted for callers, and no run can be
recorded for it. Its agents are deleted first: then no run can be recorded for one of them either,
so the runs that are found after that are all there are. The last write is one transaction: it
deletes the session and its labels, and counts it out of its coordination.
"""

from collections.abc import Iterator

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.engine import metrics
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import operation
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import EngineError
from ai_coordination.models import deletions, retention
from ai_coordination.models.writes import Transaction
from ai_coordination.services import counts, guards
from ai_coordination.services import labels as session_labels
from ai_coordination.states import TERMINAL_SESSION

SECONDS_OF_A_PAGE = 10.0
# In this order: without its agent, nobody can record a run for it.
PARTS = (models.SessionAgent, models.SessionRun)


class _Gone(EngineError):
    """Another worker has deleted the session. Never leaves this module."""


def mark(
    engine: Engine, session: models.Session, condition: Condition | None = None
) -> models.Session | None:
    """Mark an ended session to be purged, unless an operation is in progress on it.

    Returns the marked session, also if an earlier try has marked it; None if it is refused.
    """
    kind = models.Session
    ended = kind.status.is_in(*(status.value for status in TERMINAL_SESSION))
    # It was read as the tenant's. Every write says so.
    ended &= kind.partition_key == session.partition_key
    ended &= operation.is_free()
    if condition is not None:
        ended &= condition
    return operation.mark(engine, session, Operation.PURGE, ended, retention.clear(kind))


def mark_due(engine: Engine, row: models.Session) -> models.Session | None:
    """Mark a session whose time is over, as a row of the index says, to be purged.

    None: it was started again or deleted since, or an operation is in progress on it.
    """
    same: Condition = models.Session.purge_at == row.purge_at
    return mark(engine, row, same)


def resume(engine: Engine, session: models.Session) -> None:
    """Delete agents and runs page by page, and the session last.

    Without time for another page, a message is sent and another worker continues. While the bus
    does not accept an event of the session, nothing is deleted: it is tried again when the session
    is due.
    """
    if session.unsent_events:
        return
    for _ in _pages(engine, session):
        if engine.context.seconds_left() < SECONDS_OF_A_PAGE:
            engine.send(session)
            return
    if settings().texts_bucket is not None:
        owner = texts.Owner.of(session)
        engine.queue.must_send(texts.cleanup_message(owner), texts.CLEANUP_DELAY_SECONDS)
    try:
        _delete(engine, session)
    except _Gone:
        return
    metrics.session_purged()


def _pages(engine: Engine, session: models.Session) -> Iterator[int]:
    tenant, context = session.partition_key, engine.context
    for kind in PARTS:
        yield from deletions.delete_all(kind, session.session_uuid, tenant=tenant, context=context)


def _delete(engine: Engine, session: models.Session) -> None:
    """Delete the session and its labels, and count it out of its coordination. Raises _Gone."""
    endpoint_id, part_id = session.partition_key.split("#")
    caller = Caller(endpoint_id, part_id, "engine", context=engine.context)

    def write() -> None:
        transaction = Transaction()
        # No mark replaces that of a purge, so a refusal says that the session is gone.
        transaction.delete(
            session,
            guards.owned(models.Session, caller) & operation.is_marked_as_read(session),
            lambda old: _Gone("gone"),
        )
        one_less = models.ChildCounts.session_count.add(-1)
        counts.count_child(transaction, caller, session.coordination_uuid, one_less)
        session_labels.remove(transaction, session)
        transaction.commit(engine.context)

    counts.with_migration(caller, write)
