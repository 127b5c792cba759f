"""What an ended agent owes: its sealed run, and its successors' start.

Done whatever the session's status and iteration, in this order, each write safe to repeat; the
last one removes the agent's `due_at`, until which the sweeper brings it here again.
"""

from pynamodb.expressions.update import Action

from ai_coordination import ids, models
from ai_coordination.models import due, moves, writes
from ai_coordination.services.execution.engine import Engine
from ai_coordination.states import RunOutcome, SessionAgentState, SessionStatus

# For a message that gets lost. A claim moves it on.
GRACE_SECONDS = 60.0


def completed(engine: Engine, agent: models.SessionAgent) -> None:
    """A completed agent's run is sealed, and its successors are released."""
    seal(engine, agent)
    release(engine, agent)


def seal(engine: Engine, agent: models.SessionAgent) -> None:
    """The one move that is sealed afterwards is completion: its run may still be open."""
    if agent.current_run_uuid is None:
        return
    kind = models.SessionRun
    actions = [
        kind.outcome.set(RunOutcome.COMPLETED.value),
        kind.finished_at.set(engine.now()),
    ]
    if agent.usage is not None:
        actions.append(kind.usage.set(agent.usage))
    writes.change(
        kind(agent.session_uuid, agent.current_run_uuid),
        actions,
        kind.run_uuid.exists() & kind.outcome.does_not_exist(),
        engine.deadline,
    )


def release(engine: Engine, agent: models.SessionAgent, *, skip: bool = False) -> None:
    """The agent's successors do not wait for it any more, and it owes nothing any more.

    With `skip` they will be skipped. Whoever sees that an agent waits for nothing any more marks
    it due and sends for it, so the next one starts even if its message is lost.
    """
    for ordinal in sorted(agent.successors or ()):
        _release_one(engine, agent, int(ordinal), skip=skip)
    if agent.last or not agent.successors:
        _release_session(engine, agent)
    settle(engine, agent)


def settle(engine: Engine, agent: models.SessionAgent) -> None:
    """An ended agent owes nothing any more."""
    kind = models.SessionAgent
    writes.change(
        agent,
        due.settled(kind),
        (kind.state == agent.state) & (kind.iteration == agent.iteration),
        engine.deadline,
    )


def _release_one(engine: Engine, agent: models.SessionAgent, ordinal: int, *, skip: bool) -> None:
    kind = models.SessionAgent
    address = ids.session_agent_uuid(agent.session_uuid, ordinal)
    actions: list[Action] = [kind.waiting_on.delete({int(agent.ordinal)})]
    if skip:
        actions.append(kind.skip.set(True))
    landed, successor = writes.change(
        kind(agent.session_uuid, address),
        actions,
        kind.iteration == agent.iteration,
        engine.deadline,
    )
    if landed and successor is not None:
        start_if_free(engine, successor)


def start_if_free(engine: Engine, agent: models.SessionAgent) -> None:
    """Marks an agent that waits for nothing any more, and sends for it."""
    if agent.waiting_on or agent.state != SessionAgentState.INITIAL:
        return
    kind = models.SessionAgent
    marked, now = writes.change(
        agent,
        due.due(kind, agent.session_uuid, engine.later(GRACE_SECONDS)),
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & kind.waiting_on.does_not_exist()
        & kind.due_at.does_not_exist(),
        engine.deadline,
    )
    # Refused by its own mark, which an earlier release made: its message may not have been sent.
    if marked or (now is not None and now.due_at and now.state == SessionAgentState.INITIAL):
        engine.send(agent)


def _release_session(engine: Engine, agent: models.SessionAgent) -> None:
    """The session is the last node of its own graph."""
    kind = models.Session
    landed, session = writes.change(
        kind(agent.coordination_uuid, agent.session_uuid),
        [kind.waiting_on.delete({int(agent.ordinal)})],
        (kind.iteration_count == agent.iteration)
        & (kind.status == SessionStatus.IN_PROGRESS.value),
        engine.deadline,
    )
    if landed and session is not None and not session.waiting_on:
        complete_session(engine, session)


def complete_session(engine: Engine, session: models.Session) -> None:
    """All agents have ended: so has the session, unless somebody is ending it otherwise."""
    kind = models.Session
    actions, stands = moves.session(SessionStatus.COMPLETED, int(session.iteration_count))
    now = engine.now()
    writes.change(
        session,
        [*actions, kind.finished_at.set(now), kind.updated_at.set(now), kind.asking.remove()],
        stands & kind.waiting_on.does_not_exist() & kind.doing.does_not_exist(),
        engine.deadline,
    )
