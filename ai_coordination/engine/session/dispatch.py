"""Starting a session that was built by hand.

The mark comes first, so that the agents that are then read are those that start; with it come the
coordination's members as they are, so that every worker that resumes it comes to the same end.
"""

from collections.abc import Mapping, Sequence

from pynamodb.expressions.update import Action

from ai_coordination import graph, models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent.release import GRACE_SECONDS
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import end, mark, planned_agents, variables
from ai_coordination.engine.session.end import DISPATCH
from ai_coordination.engine.session_log import entry
from ai_coordination.errors import BadUserInput, EngineError, InputError, TextUnavailable
from ai_coordination.models import due, moves, reads, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.services import capacity
from ai_coordination.services.members import kept
from ai_coordination.services.rules import for_kind
from ai_coordination.states import LogLevel, SessionStatus


class _There(EngineError):
    """The agent is ready already. Never leaves this module."""


class _Stopped(EngineError):
    """The session is not being dispatched under this mark any more. Never leaves this module."""


def begin(engine: Engine, session: models.Session) -> models.Session | None:
    """Marks a session that has agents and has not started; None where it is not so."""
    kind = models.Session
    owner = texts.Owner.of(session)
    pinned = texts.keep(owner, planned_agents.members_pinned(kept(owner, _members(session))))
    capacity.check_changed(session, {"graph": pinned})
    landed, after = writes.change(
        session,
        [
            *mark.marked(engine, session, DISPATCH),
            kind.graph.set(pinned),
        ],
        (kind.status == SessionStatus.INITIAL.value)
        & (kind.agent_count >= 1)
        & kind.doing.does_not_exist(),
        engine.deadline,
    )
    if landed or (after is not None and after.doing == DISPATCH):
        return after
    return None


def go_on(engine: Engine, session: models.Session) -> models.Session | None:
    """Readies each agent, and then starts the session; None where something else came of it.

    Raises BadUserInput, and the session is as it was, where the coordination lacks an agent, or
    the task query a variable; PayloadTooLarge likewise, where variables make the texts too large;
    TextUnavailable where a text is lost, and then the session has failed
    if some of its agents are ready already, and else is as it was.
    """
    everyone = reads.everything(models.SessionAgent, session.session_uuid, session.partition_key)
    try:
        members = planned_agents.members_unpinned(texts.read(session.partition_key, session.graph))
        _check(session, everyone, members)
    except InputError as wrong:
        _undo(engine, session)
        raise type(wrong)(wrong.message, "session_uuid") from wrong
    except TextUnavailable as missing:
        if any(agent.iteration for agent in everyone):
            end.fail_unstarted(engine, session, missing.message)
        else:
            _undo(engine, session)
        raise
    threads = graph.threads(
        {int(agent.ordinal): [int(one) for one in agent.predecessors or ()] for agent in everyone},
        {int(agent.ordinal) for agent in everyone if agent.agent_action.primary_path},
    )
    for agent in everyone:
        if agent.iteration == 0:
            member, source = members[agent.agent_uuid], threads[int(agent.ordinal)]
            if not _ready(engine, session, agent, member, source):
                return None
    return _started(engine, session, everyone)


def _check(
    session: models.Session,
    everyone: Sequence[models.SessionAgent],
    members: Mapping[str, models.Agent],
) -> None:
    """Everything, before anything is written."""
    lost = sorted({agent.agent_uuid for agent in everyone} - members.keys())
    if lost:
        named = ", ".join(map(repr, lost))
        raise BadUserInput(f"The coordination has no agent {named}")
    room = variables.MOST_BYTES
    for agent in everyone:
        if agent.iteration > 0:
            continue
        text = session.task_query
        if agent.subtask_query is not None:
            text = _filled(session, agent, room)
            room -= texts.size(text)
        _check_size(session, agent, members[agent.agent_uuid], text)


def _check_size(
    session: models.Session,
    agent: models.SessionAgent,
    member: models.Agent,
    text: models.Text | None,
) -> None:
    placed = texts.Held(texts.Owner.of(session)).text(text)
    changes = {"agent": models.anonymous(member), "subtask_query": placed}
    given = {name: one for name, one in changes.items() if one is not None}
    ready = models.SessionAgent(**{**agent.attribute_values, **given})
    capacity.check_grown(ready, "session_uuid")


def _members(session: models.Session) -> list[models.Agent]:
    coordination = reads.get(
        models.Coordination,
        session.partition_key,
        session.coordination_uuid,
        session.partition_key,
    )
    return [] if coordination is None else list(coordination.agents)


def _undo(engine: Engine, session: models.Session) -> None:
    kind = models.Session
    writes.change(
        session,
        [*mark.unmarked(), kind.graph.remove()],
        mark.stands(session) & (kind.status == SessionStatus.INITIAL.value),
        engine.deadline,
    )


def _ready(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    member: models.Agent,
    thread_from: int,
) -> bool:
    """Readies one agent; whether the session is still being dispatched under this mark."""
    kind = models.SessionAgent
    actions: list[Action] = [
        kind.iteration.set(1),
        kind.agent.set(models.anonymous(member)),
        kind.thread_from.set(thread_from),
    ]
    if agent.agent_action.timeout_by_kind:
        action = for_kind(agent.agent_action, member.runtime.kind)
        actions.append(kind.agent_action.set(models.anonymous(action)))
    text = _work(session, agent)
    if text is not None:
        actions.append(kind.subtask_query.set(text))
    if not agent.waiting_on:
        actions += due.due(kind, agent.session_uuid, engine.later(GRACE_SECONDS))
    transaction = Transaction()
    transaction.check(session, mark.stands(session), lambda old: _Stopped("stopped"))
    transaction.update(agent, actions, kind.iteration == 0, lambda old: _There("ready"))
    try:
        transaction.commit(engine.deadline)
    except _There:
        return True
    except _Stopped:
        return False
    return True


def _work(session: models.Session, agent: models.SessionAgent) -> models.Text | None:
    """What an agent is to do: its own text or, where it has none, the session's."""
    if agent.subtask_query is None:
        return session.task_query
    return texts.keep(texts.Owner.of(session), _filled(session, agent))


def _filled(
    session: models.Session, agent: models.SessionAgent, room: int = variables.MOST_BYTES
) -> str:
    tenant = session.partition_key
    asked, text = texts.read(tenant, session.task_query), texts.read(tenant, agent.subtask_query)
    return variables.filled(str(text), variables.of(asked), room)


def _started(
    engine: Engine, session: models.Session, everyone: Sequence[models.SessionAgent]
) -> models.Session | None:
    kind = models.Session
    actions, stands = moves.session(SessionStatus.IN_PROGRESS, 0)
    now = engine.now()
    landed, after = writes.change(
        session,
        [
            *actions,
            *mark.unmarked(),
            *entry(engine, session, LogLevel.INFO, "Started"),
            kind.graph.remove(),
            kind.iteration_count.set(1),
            kind.graph_size.set(len(everyone)),
            kind.waiting_on.set({agent.ordinal for agent in everyone if not agent.successors}),
            kind.started_at.set(now),
            kind.updated_at.set(now),
        ],
        stands & mark.stands(session),
        engine.deadline,
    )
    if after is None or not (landed or after.status == SessionStatus.IN_PROGRESS):
        return None
    if landed:
        metrics.session_started()
    for agent in everyone:
        agent.iteration = 1
    engine.send(*(agent for agent in everyone if not agent.waiting_on))
    return after
