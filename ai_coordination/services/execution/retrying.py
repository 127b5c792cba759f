"""Starting what was not completed again, in the session's next iteration.

What was completed stays, with its iteration; messages and releases of the old one meet nothing.
"""

from ai_coordination import models
from ai_coordination.models import due, moves, reads, writes
from ai_coordination.services.execution import counting
from ai_coordination.services.execution.ending import DOING_SECONDS
from ai_coordination.services.execution.engine import Engine
from ai_coordination.services.execution.journal import entry
from ai_coordination.services.execution.releasing import GRACE_SECONDS
from ai_coordination.states import TERMINAL_SESSION, LogLevel, SessionAgentState, SessionStatus

RETRY = "retry"


def begin(engine: Engine, session: models.Session) -> models.Session | None:
    """Marks an ended session that has all the agents it started with; None where it is not so."""
    kind = models.Session
    landed, after = writes.change(
        session,
        [
            kind.doing.set(RETRY),
            *due.due(kind, session.session_uuid, engine.later(DOING_SECONDS)),
        ],
        kind.status.is_in(*(one.value for one in TERMINAL_SESSION))
        & (kind.iteration_count == session.iteration_count)
        & (kind.iteration_count >= 1)
        & (kind.agent_count == session.graph_size)
        & kind.doing.does_not_exist(),
        engine.deadline,
    )
    if landed or (after is not None and after.doing == RETRY):
        return after
    return None


def go_on(engine: Engine, session: models.Session) -> models.Session | None:
    """Resets each agent that was not completed, and then starts the session.

    Gives the session that has started; None where something else has come of it, and where there
    is nothing to reset: then it was completed after its retry was asked for, and stays so.
    """
    iteration = int(session.iteration_count) + 1
    everyone = reads.everything(models.SessionAgent, session.session_uuid, session.partition_key)
    again = {
        int(agent.ordinal): agent
        for agent in everyone
        if agent.state != SessionAgentState.COMPLETED
    }
    if not again:
        _undo(engine, session)
        return None
    ready = []
    last: set[float] = set()
    for ordinal, agent in again.items():
        waits_for = {one for one in agent.predecessors or () if one in again}
        is_last = not any(one in again for one in agent.successors or ())
        if is_last:
            last.add(ordinal)
        # Who is slow may meet agents of an iteration that came after this one.
        if agent.iteration < iteration:
            _reset(engine, agent, iteration, waits_for, is_last)
        if not waits_for:
            agent.iteration = iteration
            ready.append(agent)
    kind = models.Session
    actions, stands = moves.session(
        SessionStatus.IN_PROGRESS, int(session.iteration_count), retry=True
    )
    now = engine.now()
    landed, after = writes.change(
        session,
        [
            *actions,
            *due.settled(kind),
            *entry(engine, session, LogLevel.INFO, f"Started again, for the {iteration}. time"),
            kind.doing.remove(),
            kind.asking.remove(),
            kind.finished_at.remove(),
            kind.iteration_count.set(iteration),
            kind.waiting_on.set(last),
            kind.started_at.set(now),
            kind.updated_at.set(now),
        ],
        stands & (kind.doing == RETRY),
        engine.deadline,
    )
    if after is None or not (landed or after.iteration_count == iteration):
        return None
    if landed:
        counting.session_started()
    engine.send(*ready)
    return after


def _undo(engine: Engine, session: models.Session) -> None:
    kind = models.Session
    writes.change(
        session,
        [kind.doing.remove(), *due.settled(kind)],
        (kind.doing == RETRY) & (kind.iteration_count == session.iteration_count),
        engine.deadline,
    )


def _reset(
    engine: Engine,
    agent: models.SessionAgent,
    iteration: int,
    waits_for: set[float],
    is_last: bool,
) -> None:
    kind = models.SessionAgent
    actions, stands = moves.agent(SessionAgentState.INITIAL, int(agent.iteration), retry=True)
    dueness = (
        due.settled(kind)
        if waits_for
        else due.due(kind, agent.session_uuid, engine.later(GRACE_SECONDS))
    )
    # Refused where an earlier try, here or in a worker that died, has reset it.
    writes.change(
        agent,
        [
            *actions,
            *dueness,
            kind.iteration.set(iteration),
            kind.attempt.set(0),
            kind.waiting_on.set(waits_for) if waits_for else kind.waiting_on.remove(),
            kind.last.set(True) if is_last else kind.last.remove(),
            kind.skip.remove(),
            kind.notes.remove(),
            kind.not_before.remove(),
            kind.agent_output.remove(),
            kind.user_input.remove(),
            kind.updated_at.set(engine.now()),
        ],
        stands,
        engine.deadline,
    )
