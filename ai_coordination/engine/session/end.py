"""End a session before all its agents have ended: it fails, or a caller cancels it."""

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine import ending, metrics
from ai_coordination.engine.agent import spending, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.growth import rest
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.session import operation
from ai_coordination.engine.session.operation import Operation
from ai_coordination.engine.session_log import log_entry
from ai_coordination.models import reads
from ai_coordination.states import (
    TERMINAL_AGENT,
    LogLevel,
    SessionStatus,
)

ENDS = {
    Operation.FAIL: SessionStatus.FAILED,
    Operation.CANCEL: SessionStatus.CANCELLED,
}


def mark_failed(
    engine: Engine, session: models.Session, reason: str, condition: Condition | None = None
) -> models.Session | None:
    """Mark a session IN_PROGRESS to be failed, unless another operation is in progress on it.

    Returns the marked session, also if an earlier try has marked it; None if it is refused.
    """
    statuses = [SessionStatus.IN_PROGRESS]
    free = operation.is_free()
    free = free if condition is None else free & condition
    return _mark(engine, session, Operation.FAIL, reason, statuses, free)


def mark_cancelled(engine: Engine, session: models.Session, reason: str) -> models.Session | None:
    """Mark a session that has not ended to be cancelled. Takes the place of a start or dispatch.

    Returns the marked session, also if an earlier try has marked it; None if it is refused.
    """
    statuses = [SessionStatus.INITIAL, SessionStatus.IN_PROGRESS]
    starts = models.Session.operation.is_in(Operation.START.value, Operation.DISPATCH.value)
    condition = operation.is_free() | starts
    return _mark(engine, session, Operation.CANCEL, reason, statuses, condition)


def fail_unstarted(engine: Engine, session: models.Session, reason: str) -> None:
    """Fail a session whose start or dispatch, under the mark that was read, cannot be completed."""
    statuses = [SessionStatus.INITIAL, SessionStatus.IN_PROGRESS]
    condition = operation.is_free() | operation.is_marked_as_read(session)
    marked = _mark(engine, session, Operation.FAIL, reason, statuses, condition)
    if marked is not None:
        resume(engine, marked)


def _mark(
    engine: Engine,
    session: models.Session,
    end: Operation,
    reason: str,
    statuses: list[SessionStatus],
    condition: Condition,
) -> models.Session | None:
    kind = models.Session
    level = LogLevel.ERROR if end is Operation.FAIL else LogLevel.WARNING
    return operation.mark(
        engine,
        session,
        end,
        kind.status.is_in(*(status.value for status in statuses))
        & (kind.iteration_count == session.iteration_count)
        & condition,
        log_entry(engine, session, level, reason),
    )


def resume(engine: Engine, session: models.Session) -> None:
    """Cancel each agent that has not ended, then end the session.

    A slow worker leaves agents alone that a retry has reset since. The agents of a session that has
    not started may be in its first iteration already.
    """
    status = ENDS[Operation(session.operation)]
    latest = max(int(session.iteration_count), 1)
    agents = _all_agents(engine, session, latest)
    ended = [_ended(engine, agent, latest) for agent in agents]
    present = [agent for agent in ended if agent is not None]
    if any(agent.state not in TERMINAL_AGENT for agent in present):
        return  # Another worker has ended the session, and it was retried since.
    move, may_move = ending.move(engine, session, status, present)
    due_at = ending.due_at(engine)
    landed, now = operation.unmark(engine, session, may_move, move, due_at)
    if landed:
        metrics.session_ended(engine, session, status)
    if landed and now is not None:
        outbox.send_now(engine, now)


def _all_agents(engine: Engine, session: models.Session, latest: int) -> list[models.SessionAgent]:
    """Read the agents of a session that ends. What is missing of a growth is written before."""
    kind, tenant = models.SessionAgent, session.partition_key
    agents = reads.all_rows(kind, session.session_uuid, tenant=tenant)
    growing = [one for one in agents if one.growing is not None and one.iteration <= latest]
    for agent in growing:
        # No worker adds agents after the mark, and at rest none are missing.
        rest.write_cancelled(engine, session, agent, operation.is_marked_as_read(session))
    return reads.all_rows(kind, session.session_uuid, tenant=tenant) if growing else agents


def _ended(engine: Engine, agent: models.SessionAgent, latest: int) -> models.SessionAgent | None:
    """Cancel an agent together with its current run. Read it again if it has moved meanwhile.

    Returns the agent as it has ended; None if it was deleted.
    """
    kind = models.SessionAgent
    now: models.SessionAgent | None = agent
    while now is not None and now.iteration <= latest and now.state not in TERMINAL_AGENT:
        cancelled = spending.settled(transitions.to_cancelled(engine, now))
        if (after := apply(engine, cancelled)) is not None:
            return after
        now = reads.get(
            kind, agent.session_uuid, agent.session_agent_uuid, tenant=agent.partition_key
        )
    return now
