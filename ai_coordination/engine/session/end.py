"""Ending a session before all its agents have: it fails, or somebody cancels it."""

from ai_coordination import models
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import complete
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import mark
from ai_coordination.engine.session_log import entry
from ai_coordination.models import due, moves, reads, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.states import (
    TERMINAL_AGENT,
    LogLevel,
    RunOutcome,
    SessionAgentState,
    SessionStatus,
)

FAIL = "fail"
CANCEL = "cancel"
START = "start"
DISPATCH = "dispatch"

ENDS = {FAIL: SessionStatus.FAILED, CANCEL: SessionStatus.CANCELLED}


def begin(
    engine: Engine,
    session: models.Session,
    doing: str,
    reason: str,
    *,
    instead: bool = False,
) -> models.Session | None:
    """Mark the session, if nothing else is being done to it. Cancelling ends a start or dispatch.

    With `instead` the end takes the place of the mark that the session has.

    Gives the marked session, also where an earlier try has marked it; None where it has ended, or
    something else is being done.
    """
    kind = models.Session
    free = kind.doing.does_not_exist()
    sources = [SessionStatus.IN_PROGRESS.value]
    if doing == CANCEL:
        free = free | kind.doing.is_in(START, DISPATCH)
    if instead:
        free = free | mark.stands(session)
    if doing == CANCEL or instead:
        sources.append(SessionStatus.INITIAL.value)
    level = LogLevel.ERROR if doing == FAIL else LogLevel.WARNING
    landed, after = writes.change(
        session,
        [
            *mark.marked(engine, session, doing),
            *entry(engine, session, level, reason),
        ],
        kind.status.is_in(*sources) & (kind.iteration_count == session.iteration_count) & free,
        engine.deadline,
    )
    if landed or (after is not None and after.doing == doing):
        return after
    return None


def fail_unstarted(engine: Engine, session: models.Session, reason: str) -> None:
    """End a session whose start or dispatch cannot be completed."""
    marked = begin(engine, session, FAIL, reason, instead=True)
    if marked is not None:
        go_on(engine, marked)


def go_on(engine: Engine, session: models.Session) -> None:
    """Cancels each agent that has not ended, and then ends the session.

    Who is slow leaves agents alone that a retry has started again since. Those of a session that
    has not started may have its first iteration already.
    """
    kind = models.Session
    latest = max(int(session.iteration_count), 1)
    for agent in reads.everything(models.SessionAgent, session.session_uuid, session.partition_key):
        _cancel(engine, agent, latest)
    now = engine.now()
    actions, stands = moves.session(ENDS[session.doing], int(session.iteration_count))
    landed, _ = writes.change(
        session,
        [
            *actions,
            *mark.unmarked(),
            kind.asking.remove(),
            kind.finished_at.set(now),
            kind.updated_at.set(now),
        ],
        stands & mark.stands(session),
        engine.deadline,
    )
    if landed:
        metrics.session_ended(engine, session, ENDS[session.doing])


def _cancel(engine: Engine, agent: models.SessionAgent, latest: int) -> None:
    """An agent and its current run are cancelled together; it is read again where it has moved."""
    kind = models.SessionAgent
    found: models.SessionAgent | None = agent
    while found is not None and found.iteration <= latest and found.state not in TERMINAL_AGENT:
        if _cancelled(engine, found):
            return
        found = reads.get(kind, agent.session_uuid, agent.session_agent_uuid, agent.partition_key)


def _cancelled(engine: Engine, agent: models.SessionAgent) -> bool:
    kind = models.SessionAgent
    actions, stands = moves.agent(
        SessionAgentState.CANCELLED,
        int(agent.iteration),
        out_of=SessionAgentState(agent.state),
    )
    transaction = Transaction()
    transaction.update(
        agent,
        [
            *actions,
            *complete.no_work(),
            *due.settled(kind),
            kind.not_before.remove(),
            kind.updated_at.set(engine.now()),
        ],
        stands if agent.current_run_uuid is None else stands & complete.current(agent),
        lambda old: complete.Over("it has moved"),
    )
    if agent.state == SessionAgentState.IN_PROGRESS:
        complete.sealed(transaction, engine, agent, RunOutcome.CANCELLED)
    if not complete.committed(engine, transaction):
        return False
    metrics.agent_ended(SessionAgentState.CANCELLED)
    return True
