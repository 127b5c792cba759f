"""Starting a session: its agents are written first, and turning it IN_PROGRESS is the last write.

While they fit into one transaction everything is one. Else the session is written first, marked and
with the graph that it starts; the agents follow in fixed chunks, each of which is there as a whole
or not at all, and checks that the session is still being started.
"""

from collections.abc import Sequence

from ai_coordination import graph, ids, models
from ai_coordination.errors import EngineError, TextUnavailable
from ai_coordination.models import due, moves, writes
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.services import texts
from ai_coordination.services.execution import counting, ending, parts
from ai_coordination.services.execution.engine import Engine
from ai_coordination.services.execution.journal import entry
from ai_coordination.services.execution.parts import Part
from ai_coordination.services.execution.releasing import GRACE_SECONDS
from ai_coordination.states import LogLevel, SessionAgentState, SessionStatus

# The session, its coordination's count, the task that is checked, and the idempotency key.
MOST_AT_ONCE = MOST_PARTS - 4
# A start that has died is gone on with in the same chunks, by whichever version: so this stays.
CHUNK = MOST_PARTS - 1
MOST_BYTES_AT_ONCE = 2_000_000


def fits(chosen: Sequence[Part]) -> bool:
    """Whether session and agents are one transaction."""
    size = sum(texts.inside(part.text) + 2_000 for part in chosen)
    return len(chosen) <= MOST_AT_ONCE and size <= MOST_BYTES_AT_ONCE


def sinks(chosen: Sequence[Part]) -> set[float]:
    """What the session waits for: the agents without successors."""
    return {part.ordinal for part in chosen if not part.successors}


def agents(
    engine: Engine, session: models.Session, chosen: Sequence[Part]
) -> list[models.SessionAgent]:
    """The agents as the first iteration begins; those that wait for nothing are due."""
    alone = {part.ordinal for part in chosen if len(part.predecessors) == 1}
    threads = graph.threads(
        {part.ordinal: part.predecessors for part in chosen},
        {part.ordinal for part in chosen if part.action.primary_path},
    )
    return [_agent(engine, session, part, alone, threads[part.ordinal]) for part in chosen]


def _agent(
    engine: Engine, session: models.Session, part: Part, alone: set[int], thread_from: int
) -> models.SessionAgent:
    now = engine.now()
    agent = models.SessionAgent(
        session_uuid=session.session_uuid,
        session_agent_uuid=ids.session_agent_uuid(session.session_uuid, part.ordinal),
        coordination_uuid=session.coordination_uuid,
        partition_key=session.partition_key,
        agent_uuid=part.member.agent_uuid,
        agent=models.anonymous(part.member),
        agent_action=models.anonymous(part.action),
        subtask_query=part.text,
        ordinal=part.ordinal,
        iteration=1,
        predecessors=set(part.predecessors) or None,
        successors=set(part.successors) or None,
        sole_successors=alone.intersection(part.successors) or None,
        waiting_on=set(part.predecessors) or None,
        thread_from=thread_from,
        state=SessionAgentState.INITIAL.value,
        updated_by="engine",
        created_at=now,
        updated_at=now,
    )
    if not part.predecessors:
        agent.due_shard = due.shard(session.session_uuid)
        agent.due_at = engine.later(GRACE_SECONDS)
    return agent


class _There(EngineError):
    """The chunk is there already. Never leaves this module."""


class _Stopped(EngineError):
    """The session is not being started any more. Never leaves this module."""


def go_on(engine: Engine, session: models.Session) -> models.Session | None:
    """Writes what is missing of the agents, and then starts the session.

    Gives the session that has started; None where it has ended instead. So does the start of which
    the pinned graph is lost: nothing could go on with it.
    """
    try:
        graph = texts.read(session.partition_key, session.graph)
    except TextUnavailable as missing:
        ending.fail_unstarted(engine, session, missing.message)
        return None
    chosen = parts.unpinned(graph)
    everyone = agents(engine, session, chosen)
    try:
        for first in range(0, len(everyone), CHUNK):
            _put(engine, session, everyone[first : first + CHUNK])
    except _Stopped:
        return None
    kind = models.Session
    actions, stands = moves.session(SessionStatus.IN_PROGRESS, 0)
    now = engine.now()
    landed, after = writes.change(
        session,
        [
            *actions,
            *due.settled(kind),
            *entry(engine, session, LogLevel.INFO, "Started"),
            kind.doing.remove(),
            kind.graph.remove(),
            kind.iteration_count.set(1),
            kind.waiting_on.set(sinks(chosen)),
            kind.started_at.set(now),
            kind.updated_at.set(now),
        ],
        stands & (kind.doing == ending.START),
        engine.deadline,
    )
    if after is None or not (landed or after.status == SessionStatus.IN_PROGRESS):
        return None
    if landed:
        counting.session_started()
    engine.send(*(agent for agent in everyone if not agent.waiting_on))
    return after


def _put(engine: Engine, session: models.Session, chunk: Sequence[models.SessionAgent]) -> None:
    kind = models.Session
    transaction = Transaction()
    for agent in chunk:
        absent = models.SessionAgent.session_agent_uuid.does_not_exist()
        transaction.put(agent, absent, lambda old: _There("there"))
    transaction.update(
        session,
        [kind.agent_count.add(len(chunk))],
        kind.doing == ending.START,
        lambda old: _Stopped("stopped"),
    )
    try:
        transaction.commit(engine.deadline)
    except _There:
        return
