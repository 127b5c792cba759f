"""Release the successors of ended agents, and complete a session whose agents have all ended.

This happens whatever the session's status and iteration. Every write is safe to repeat. The last
one removes the ended agent's `due_at`; until then the sweep brings a worker here again.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import ids, models, telemetry
from ai_coordination.engine import ending, metrics
from ai_coordination.engine.agent import session_output, spending
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.session_log import log_entry
from ai_coordination.models import due_times, reads, writes
from ai_coordination.states import FailurePolicy, LogLevel, SessionAgentState, SessionStatus

FALLS_SHORT = "Agents that failed or were cancelled before were not retried"

# What the end of a session shows of its agents, by their stored names.
_OF_ALL_AGENTS = ["partition_key", "state", *session_output.PLACE]


class Mode(Enum):
    """What the end of an agent means to an agent that waits for it."""

    LIVE = "live"
    # It will be skipped, because of a failure.
    SKIP = "skip"
    # It will be skipped if all its predecessors were skipped by conditions.
    DEAD = "dead"


def mode(agent: models.SessionAgent, ordinal: int) -> Mode:
    """How an ended agent releases the agent with this ordinal.

    The agent that has added it always starts, and judges the failures of what it has added itself.
    Order edges only say when an agent may start.
    """
    if ordinal == agent.parent_ordinal or ordinal not in (agent.successors or ()):
        return Mode.LIVE
    if agent.state == SessionAgentState.SKIPPED:
        return Mode.DEAD if agent.was_skipped_by_condition else Mode.SKIP
    skips = agent.agent_action.on_failure == FailurePolicy.SKIP_SUCCESSORS
    return Mode.SKIP if agent.state == SessionAgentState.FAILED and skips else Mode.LIVE


def release(engine: Engine, agent: models.SessionAgent) -> None:
    """Take an ended agent out of the sets that its successors wait for.

    An engine that gathers releases does it later, for several agents together.
    """
    if engine.gathered is None:
        release_all(engine, [agent])
    else:
        engine.gathered.append(agent)


def release_gathered(engine: Engine) -> None:
    """Perform the gathered releases, before anything that takes long.

    Each session is isolated: an error is logged, and does not affect other sessions. The agents of
    that session are due within two minutes, when the sweep brings a worker here again. That is
    sooner than the queue would deliver their messages again, and those are done otherwise.
    """
    if not engine.gathered:
        return
    ended = list(engine.gathered)
    engine.gathered.clear()
    by_session: dict[str, list[models.SessionAgent]] = defaultdict(list)
    for agent in ended:
        by_session[agent.session_uuid].append(agent)
    for session_uuid, of_session in by_session.items():
        try:
            release_all(engine, of_session)
        except Exception:  # noqa: BLE001 - an error in one session must not stop another
            telemetry.count("ReleasesFailed")
            whose = {"tenant": of_session[0].partition_key, "session": session_uuid}
            telemetry.logger.exception("releases", extra=whose)


def release_all(engine: Engine, ended: Sequence[models.SessionAgent]) -> None:
    """Release all successors of these agents of one session, with one write for each successor.

    The worker whose write empties a successor's set makes the successor due, and then sends its
    message. So the successor starts even if the message is lost.
    """
    waiting: dict[tuple[str, int, int], list[models.SessionAgent]] = defaultdict(list)
    sinks: dict[tuple[str, str, int], set[float]] = defaultdict(set)
    for agent in ended:
        iteration = int(agent.iteration)
        for ordinal in sorted({*(agent.successors or ()), *(agent.order_successors or ())}):
            waiting[agent.session_uuid, iteration, int(ordinal)].append(agent)
        if agent.is_sink or not agent.successors:
            sinks[agent.coordination_uuid, agent.session_uuid, iteration].add(int(agent.ordinal))
    ready = [
        _released(engine, session_uuid, iteration, ordinal, predecessors)
        for (session_uuid, iteration, ordinal), predecessors in waiting.items()
    ]
    engine.send(*(agent for agent in ready if agent is not None))
    for (coordination_uuid, session_uuid, iteration), ordinals in sinks.items():
        session = models.Session(coordination_uuid, session_uuid)
        _release_session(engine, session, iteration, ordinals, ended)
    spent = [agent for agent in ended if spending.owes(agent)]
    for agent in ended:
        if not spending.owes(agent):
            settle(engine, agent)
    spending.settle(engine, spent)


def settle(engine: Engine, agent: models.SessionAgent) -> None:
    """Note that an ended agent has no outstanding work. Charge the session for what it used."""
    if spending.owes(agent):
        spending.settle(engine, [agent])
        return
    kind = models.SessionAgent
    actions = outbox.cleared(agent)
    if not actions:
        return
    writes.update_if(
        agent,
        actions,
        # An ended agent changes its state only in a later iteration, so the iteration would be
        # enough.
        (kind.state == agent.state) & (kind.iteration == agent.iteration),
        engine.context,
    )


def _released(
    engine: Engine,
    session_uuid: str,
    iteration: int,
    ordinal: int,
    predecessors: Sequence[models.SessionAgent],
) -> models.SessionAgent | None:
    """Release one successor of these agents. Returns it if it may start now."""
    kind = models.SessionAgent
    agent = kind(session_uuid, ids.session_agent_uuid(session_uuid, ordinal))
    by_mode: dict[Mode, set[int]] = defaultdict(set)
    for predecessor in predecessors:
        by_mode[mode(predecessor, ordinal)].add(int(predecessor.ordinal))
    ended = set[int]().union(*by_mode.values())
    actions: list[Action] = [kind.waiting_on.delete(ended), kind.change_count.add(1)]
    if by_mode[Mode.SKIP]:
        actions.append(kind.skip_requested.set(True))
    if dead := by_mode[Mode.DEAD]:
        actions.append(kind.dead.add(dead))
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
        # An agent that is due already, for example for an event, keeps its due time.
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
        # In a later iteration, an agent that may start is due already. Without this condition its
        # due time would move on, and the count of looks would be lost.
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
    session: models.Session,
    iteration: int,
    ordinals: set[float],
    ended: Sequence[models.SessionAgent],
) -> None:
    """Release the session from these of the agents that have ended: it is the last of its graph."""
    kind = models.Session
    # Once a session has ended in this iteration, nobody reads the set.
    landed, now = writes.update_if(
        session,
        [kind.waiting_on.delete(ordinals)],
        (kind.iteration_count == iteration) & (kind.status == SessionStatus.IN_PROGRESS.value),
        engine.context,
    )
    if landed and now is not None and not now.waiting_on:
        _complete_session(engine, now, ended)


def _complete_session(
    engine: Engine, session: models.Session, ended: Sequence[models.SessionAgent]
) -> None:
    """Complete a session whose agents have all ended, unless an operation is in progress on it.

    After a retry that left failed or cancelled agents as they were, the session fails instead. The
    session's agents are read, unless `ended` are all of them.
    """
    kind = models.Session
    # A batch may have the same agent twice, or as it was before a retry.
    by_uuid = {
        agent.session_agent_uuid: agent
        for agent in ended
        if agent.iteration == session.iteration_count
    }
    are_all = len(by_uuid) == session.agent_count
    agents = list(by_uuid.values()) if are_all else _read_agents(session)
    status = SessionStatus.COMPLETED
    if session.falls_short:
        status = SessionStatus.FAILED
        result = log_entry(engine, session, LogLevel.ERROR, FALLS_SHORT)
    else:
        result = session_output.actions(engine, session, agents)
    move, may_move = ending.move(engine, session, status, agents)
    landed, after = writes.update_if(
        session,
        [
            *move,
            *result,
            *_due_after_end(engine, session),
        ],
        # Within an iteration the set only shrinks, so it stays empty once it was read so. The
        # condition states why the session may complete.
        may_move & kind.waiting_on.does_not_exist() & kind.operation.does_not_exist(),
        engine.context,
    )
    if landed:
        metrics.session_ended(engine, session, status)
    if landed and after is not None:
        outbox.send_now(engine, after)


def _due_after_end(engine: Engine, session: models.Session) -> list[Action]:
    """An ended session is due until its event is sent, and no longer at its deadline."""
    at = ending.due_at(engine)
    if at is not None:
        return due_times.set_due(models.Session, session.session_uuid, at)
    return [] if session.deadline_at is None else due_times.clear(models.Session)


def _read_agents(session: models.Session) -> list[models.SessionAgent]:
    """Read how the agents of a session have ended, and their places in the graph."""
    kind, tenant = models.SessionAgent, session.partition_key
    return reads.all_rows(kind, session.session_uuid, tenant=tenant, attributes=_OF_ALL_AGENTS)
