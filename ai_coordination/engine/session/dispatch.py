"""Dispatch: start a session that was built by hand.

The mark is written first, so the agents that are then read are the ones that start. The
coordination's members are pinned with the mark, and its name and the task's are stored with it, so
every worker that resumes the dispatch comes to the same result.
"""

from collections.abc import Mapping, Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import graph, models, texts
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import planned_agents, variables
from ai_coordination.engine.session import end, operation
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import BadUserInput, EngineError, InputError, TextUnavailable
from ai_coordination.models import due_times, reads
from ai_coordination.models.writes import Transaction
from ai_coordination.services import budgets, capacity
from ai_coordination.services.agent_rules import with_default_timeout
from ai_coordination.services.members import compact_all
from ai_coordination.states import SessionStatus


class _IsReady(EngineError):
    """The agent is ready already. Never leaves this module."""


class _Stopped(EngineError):
    """The session is not being dispatched under this mark any longer. Never leaves this module."""


def mark(engine: Engine, session: models.Session) -> models.Session | None:
    """Mark a session that has agents and has not started. Returns None if it is another."""
    kind = models.Session
    owner = texts.Owner.of(session)
    coordination, task = _blueprint(engine, session)
    members = [] if coordination is None else list(coordination.agents)
    pinned = texts.store(owner, planned_agents.dump_members(compact_all(owner, members)))
    names: dict[str, str] = {}
    if coordination is not None:
        names["coordination_name"] = coordination.coordination_name
    if task is not None:
        names["task_name"] = task.task_name
    capacity.check_changed(session, {"graph": pinned, **names})
    return operation.mark(
        engine,
        session,
        Operation.DISPATCH,
        (kind.status == SessionStatus.INITIAL.value)
        & (kind.agent_count >= 1)
        & operation.is_free(),
        [kind.graph.set(pinned), *(getattr(kind, name).set(names[name]) for name in names)],
    )


def resume(engine: Engine, session: models.Session) -> models.Session | None:
    """Make each agent ready, then start the session. Returns None if it was not started.

    Raises BadUserInput if the coordination lacks an agent, or the task query a variable, and
    PayloadTooLarge if variables make the texts too large: the session is then as it was before.
    Raises TextUnavailable if a text is lost: the session has then failed if some of its agents are
    ready already, and is otherwise as it was before.
    """
    all_agents = reads.all_rows(
        models.SessionAgent, session.session_uuid, tenant=session.partition_key
    )
    try:
        members = planned_agents.load_members(texts.read(session.partition_key, session.graph))
        _check(session, all_agents, members)
    except InputError as wrong:
        _undo(engine, session)
        raise type(wrong)(wrong.message, "session_uuid") from wrong
    except TextUnavailable as missing:
        if any(agent.iteration for agent in all_agents):
            end.fail_unstarted(engine, session, missing.message)
        else:
            _undo(engine, session)
        raise
    threads = graph.threads(
        {
            int(agent.ordinal): [int(ordinal) for ordinal in agent.predecessors or ()]
            for agent in all_agents
        },
        {int(agent.ordinal) for agent in all_agents if agent.agent_action.primary_path},
    )
    for agent in all_agents:
        if agent.iteration == 0:
            member, thread_from = members[agent.agent_uuid], threads[int(agent.ordinal)]
            if not _make_ready(engine, session, agent, member, thread_from):
                return None
    return _begin(engine, session, all_agents)


def _check(
    session: models.Session,
    all_agents: Sequence[models.SessionAgent],
    members: Mapping[str, models.Agent],
) -> None:
    """Check everything before anything is written."""
    lost = sorted({agent.agent_uuid for agent in all_agents} - members.keys())
    if lost:
        names = ", ".join(map(repr, lost))
        raise BadUserInput(f"The coordination has no agent {names}")
    wanted = {agent.agent_uuid for agent in all_agents}
    of_session = [member for uuid, member in members.items() if uuid in wanted]
    budgets.check_members(session.budget, session.partition_key, of_session)
    room = variables.MOST_BYTES
    for agent in all_agents:
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
    placed = texts.PendingTexts(texts.Owner.of(session)).stored_form(text)
    ready = agent.changed({"member": models.anonymous(member)})
    if placed is not None:
        ready = ready.changed({"subtask_query": placed})
    capacity.check_grown(ready, "session_uuid")


def _blueprint(
    engine: Engine, session: models.Session
) -> tuple[models.Coordination | None, models.Task | None]:
    """Read the coordination, and the task if the session names one that still exists."""
    tenant, coordination_uuid = session.partition_key, session.coordination_uuid
    keys: list[reads.Key] = [(models.Coordination, tenant, coordination_uuid)]
    if session.task_uuid is not None:
        keys.append((models.Task, coordination_uuid, session.task_uuid))
    coordination, *tasks = reads.batch_get(keys, tenant=tenant, context=engine.context)
    return coordination, tasks[0] if tasks else None


def _undo(engine: Engine, session: models.Session) -> None:
    """Leave the session as it was before."""
    kind = models.Session
    # A session with the mark of a dispatch is INITIAL.
    is_initial: Condition = kind.status == SessionStatus.INITIAL.value
    stored = kind.graph, kind.coordination_name, kind.task_name
    operation.unmark(engine, session, is_initial, [attribute.remove() for attribute in stored])


def _make_ready(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    member: models.Agent,
    thread_from: int,
) -> bool:
    """Make one agent ready. Returns whether the session is still dispatched under this mark."""
    kind = models.SessionAgent
    actions: list[Action] = [
        kind.iteration.set(1),
        kind.member.set(models.anonymous(member)),
        kind.thread_from.set(thread_from),
        kind.change_count.add(1),
    ]
    if agent.agent_action.timeout_by_kind:
        action = with_default_timeout(agent.agent_action, member.runtime.kind)
        actions.append(kind.agent_action.set(models.anonymous(action)))
    text = _query(session, agent)
    if text is not None:
        actions.append(kind.subtask_query.set(text))
    if not agent.waiting_on:
        actions += due_times.set_due(kind, agent.session_uuid, engine.after_grace())
    transaction = Transaction()
    transaction.check(
        session, operation.is_marked_as_read(session), lambda old: _Stopped("stopped")
    )
    transaction.update(agent, actions, kind.iteration == 0, lambda old: _IsReady("ready"))
    try:
        transaction.commit(engine.context)
    except _IsReady:
        return True
    except _Stopped:
        return False
    return True


def _query(session: models.Session, agent: models.SessionAgent) -> models.Text | None:
    """Return the agent's own query with its variables filled, or else the session's."""
    if agent.subtask_query is None:
        return session.task_query
    return texts.store(texts.Owner.of(session), _filled(session, agent))


def _filled(
    session: models.Session, agent: models.SessionAgent, room: int = variables.MOST_BYTES
) -> str:
    tenant = session.partition_key
    query = texts.read(tenant, session.task_query)
    text = texts.read(tenant, agent.subtask_query)
    return variables.filled(str(text), variables.of(query), room)


def _begin(
    engine: Engine, session: models.Session, all_agents: Sequence[models.SessionAgent]
) -> models.Session | None:
    kind = models.Session
    return operation.begin_iteration(
        engine,
        session,
        sinks={agent.ordinal for agent in all_agents if not agent.successors},
        ready=[agent.changed({"iteration": 1}) for agent in all_agents if not agent.waiting_on],
        actions=[kind.graph.remove(), kind.graph_size.set(len(all_agents))],
    )
