"""Release the successors of ended agents, and complete a session whose agents have all ended.

This happens whatever the session's status and iteration. Every write is safe to repeat. The last
one removes the ended agent's `due_at`; until then the sweep brings a worker here again.
"""

from collections import defaultdict
from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import ids, models, telemetry
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import spending
from ai_coordination.engine.context import Engine, Release
from ai_coordination.engine.session_log import log_entry
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import LogLevel, SessionAgentState, SessionStatus

FALLS_SHORT = "Agents that failed or were cancelled before were not retried"


def release(engine: Engine, agent: models.SessionAgent, *, skip: bool = False) -> None:
    """Take the agent out of the sets that its successors wait for.

    With `skip` they will be skipped. An engine that gathers releases does it later, for several
    agents together.
    """
    of_agent = Release(agent, skip)
    if engine.gathered is None:
        release_all(engine, [of_agent])
    else:
        engine.gathered.append(of_agent)


def release_gathered(engine: Engine) -> None:
    """Perform the gathered releases, before anything that takes long.

    Each session is isolated: an error is logged, and does not affect other sessions. The agents of
    that session are due within two minutes, when the sweep brings a worker here again. That is
    sooner than the queue would deliver their messages again, and those are done otherwise.
    """
    if not engine.gathered:
        return
    releases = list(engine.gathered)
    engine.gathered.clear()
    by_session: dict[str, list[Release]] = defaultdict(list)
    for of_agent in releases:
        by_session[of_agent.agent.session_uuid].append(of_agent)
    for session_uuid, of_session in by_session.items():
        try:
            release_all(engine, of_session)
        except Exception:  # noqa: BLE001 - an error in one session must not stop another
            telemetry.count("ReleasesFailed")
            whose = {"tenant": of_session[0].agent.partition_key, "session": session_uuid}
            telemetry.logger.exception("releases", extra=whose)


def release_all(engine: Engine, releases: Sequence[Release]) -> None:
    """Release all successors of these agents of one session, with one write for each successor.

    The worker whose write empties a successor's set makes the successor due, and then sends its
    message. So the successor starts even if the message is lost.
    """
    waiting: dict[tuple[str, int, int, bool], list[models.SessionAgent]] = defaultdict(list)
    sinks: dict[tuple[str, str, int], set[float]] = defaultdict(set)
    for agent, skip in releases:
        iteration = int(agent.iteration)
        for ordinal in sorted(agent.successors or ()):
            waiting[agent.session_uuid, iteration, int(ordinal), skip].append(agent)
        if agent.is_sink or not agent.successors:
            sinks[agent.coordination_uuid, agent.session_uuid, iteration].add(int(agent.ordinal))
    ready = [
        _released(engine, session_uuid, iteration, ordinal, predecessors, skip=skip)
        for (session_uuid, iteration, ordinal, skip), predecessors in waiting.items()
    ]
    engine.send(*(agent for agent in ready if agent is not None))
    for (coordination_uuid, session_uuid, iteration), ordinals in sinks.items():
        _release_session(engine, coordination_uuid, session_uuid, iteration, ordinals)
    spent = [agent for agent, _ in releases if spending.owes(agent)]
    for agent, _ in releases:
        if not spending.owes(agent):
            settle(engine, agent)
    spending.settle(engine, spent)


def settle(engine: Engine, agent: models.SessionAgent) -> None:
    """Note that an ended agent has no outstanding work. Charge the session for what it used."""
    if spending.owes(agent):
        spending.settle(engine, [agent])
        return
    kind = models.SessionAgent
    writes.update_if(
        agent,
        due_times.clear(kind),
        (kind.state == agent.state) & (kind.iteration == agent.iteration),
        engine.context,
    )


def _released(
    engine: Engine,
    session_uuid: str,
    iteration: int,
    ordinal: int,
    predecessors: Sequence[models.SessionAgent],
    *,
    skip: bool,
) -> models.SessionAgent | None:
    """Release one successor of these agents. Returns it if it may start now."""
    kind = models.SessionAgent
    agent = kind(session_uuid, ids.session_agent_uuid(session_uuid, ordinal))
    ended = {int(predecessor.ordinal) for predecessor in predecessors}
    actions: list[Action] = [kind.waiting_on.delete(ended)]
    if skip:
        actions.append(kind.skip_requested.set(True))
    condition = kind.iteration == iteration
    if len(predecessors) == 1 and ordinal in (predecessors[0].sole_successors or ()):
        landed, after = _release_and_make_due(engine, agent, actions, condition, ended)
        if landed:
            return after
    landed, after = writes.update_if(agent, actions, condition, engine.context)
    return _made_due(engine, after) if landed and after is not None else None


def _release_and_make_due(
    engine: Engine,
    agent: models.SessionAgent,
    actions: Sequence[Action],
    condition: Condition,
    ended: set[int],
) -> tuple[bool, models.SessionAgent | None]:
    """Release an agent that waits for one predecessor alone, and make it due in the same write."""
    kind = models.SessionAgent
    return writes.update_if(
        agent,
        [*actions, *due_times.set_due(kind, agent.session_uuid, engine.after_grace())],
        condition
        & (kind.state == SessionAgentState.INITIAL.value)
        & (kind.waiting_on == ended)
        & kind.due_at.does_not_exist(),
        engine.context,
    )


def _made_due(engine: Engine, agent: models.SessionAgent) -> models.SessionAgent | None:
    """Make an agent due that waits for no predecessor. Returns None if it needs no message."""
    if agent.waiting_on or agent.state != SessionAgentState.INITIAL:
        return None
    kind = models.SessionAgent
    landed, now = writes.update_if(
        agent,
        due_times.set_due(kind, agent.session_uuid, engine.after_grace()),
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & kind.waiting_on.does_not_exist()
        & kind.due_at.does_not_exist(),
        engine.context,
    )
    # An earlier release may have made it due, and died before it sent the message.
    if landed or (now is not None and now.due_at and now.state == SessionAgentState.INITIAL):
        return agent
    return None


def _release_session(
    engine: Engine,
    coordination_uuid: str,
    session_uuid: str,
    iteration: int,
    ordinals: set[float],
) -> None:
    """Release the session: it is the last node of its own graph."""
    kind = models.Session
    landed, session = writes.update_if(
        kind(coordination_uuid, session_uuid),
        [kind.waiting_on.delete(ordinals)],
        (kind.iteration_count == iteration) & (kind.status == SessionStatus.IN_PROGRESS.value),
        engine.context,
    )
    if landed and session is not None and not session.waiting_on:
        complete_session(engine, session)


def complete_session(engine: Engine, session: models.Session) -> None:
    """Complete a session whose agents have all ended, unless an operation is in progress on it.

    After a retry that left failed or cancelled agents as they were, the session fails instead.
    """
    kind = models.Session
    status, log = SessionStatus.COMPLETED, []
    if session.falls_short:
        status = SessionStatus.FAILED
        log = log_entry(engine, session, LogLevel.ERROR, FALLS_SHORT)
    move, may_move = moves.session(status, int(session.iteration_count))
    now = engine.now()
    landed, _ = writes.update_if(
        session,
        [
            *move,
            *log,
            kind.finished_at.set(now),
            kind.updated_at.set(now),
            kind.awaiting_input.remove(),
            *([] if session.deadline_at is None else due_times.clear(kind)),
        ],
        may_move & kind.waiting_on.does_not_exist() & kind.operation.does_not_exist(),
        engine.context,
    )
    if landed:
        metrics.session_ended(engine, session, status)
