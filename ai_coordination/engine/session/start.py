"""Starting a session: its agents are written first, and turning it IN_PROGRESS is the last write.

While they fit into one transaction everything is one. Else the session is written first, marked and
with the graph that it starts; the agents follow in the chunks that are pinned with the graph, each
of which is there as a whole or not at all, and checks that the session is still being started.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_coordination import graph, ids, models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent.release import GRACE_SECONDS
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import end, planned_agents
from ai_coordination.engine.session.planned_agents import Part
from ai_coordination.engine.session_log import entry
from ai_coordination.errors import EngineError, PayloadTooLarge, TextUnavailable
from ai_coordination.models import due, moves, sizes, writes
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.states import LogLevel, SessionAgentState, SessionStatus

# The session, its coordination's count, the task that is checked, and the idempotency key.
MOST_AT_ONCE = MOST_PARTS - 4
# Version 0.1.0 counted agents alone, and pinned no chunks: its starts go on in these.
CHUNK = MOST_PARTS - 1
# A transaction holds 4 MB. What is left is for the session, and for agents that were pinned by one
# version and are written by another.
MOST_BYTES = 3_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The agents that a session starts with, and the bytes of each one's item."""

    parts: Sequence[Part]
    agents: Sequence[models.SessionAgent]
    sizes: Sequence[int]

    def fits(self, session: models.Session) -> bool:
        """Whether session and agents are one transaction."""
        few = len(self.agents) <= MOST_AT_ONCE
        return few and sum(self.sizes) + sizes.of(session) <= MOST_BYTES

    def chunks(self) -> list[int]:
        """How many agents are written at a time, so that they fit into a transaction each time."""
        counts: list[int] = []
        room = 0
        for size in self.sizes:
            if not counts or counts[-1] == CHUNK or size > room:
                counts.append(0)
                room = MOST_BYTES
            counts[-1] += 1
            room -= size
        return counts


def plan(engine: Engine, session: models.Session, chosen: Sequence[Part], given: str) -> Plan:
    """Raises PayloadTooLarge where an agent's text is too large for its item.

    `given` names the input that the texts come from which are not the task query.
    """
    everyone = agents(engine, session, chosen)
    measured = [sizes.of(agent) for agent in everyone]
    for agent, size in zip(everyone, measured, strict=True):
        if size > sizes.LARGEST_BYTES:
            message = f"{agent.agent_uuid!r} would get more than the {sizes.LARGEST_BYTES} bytes"
            asked = agent.subtask_query == session.task_query
            raise PayloadTooLarge(f"{message} of an item", "task_query" if asked else given)
    return Plan(chosen, everyone, measured)


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
        end.fail_unstarted(engine, session, missing.message)
        return None
    chosen, counts = planned_agents.unpinned(graph)
    everyone = agents(engine, session, chosen)
    try:
        for chunk in _cut(everyone, counts):
            _put(engine, session, chunk)
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
        stands & (kind.doing == end.START),
        engine.deadline,
    )
    if after is None or not (landed or after.status == SessionStatus.IN_PROGRESS):
        return None
    if landed:
        metrics.session_started()
    engine.send(*(agent for agent in everyone if not agent.waiting_on))
    return after


def _cut(
    everyone: Sequence[models.SessionAgent], counts: Sequence[int] | None
) -> Iterator[Sequence[models.SessionAgent]]:
    """The chunks as they were pinned."""
    if counts is None:
        counts = [CHUNK] * -(-len(everyone) // CHUNK)
    first = 0
    for count in counts:
        yield everyone[first : first + count]
        first += count


def _put(engine: Engine, session: models.Session, chunk: Sequence[models.SessionAgent]) -> None:
    kind = models.Session
    transaction = Transaction()
    for agent in chunk:
        absent = models.SessionAgent.session_agent_uuid.does_not_exist()
        transaction.put(agent, absent, lambda old: _There("there"))
    transaction.update(
        session,
        [kind.agent_count.add(len(chunk))],
        kind.doing == end.START,
        lambda old: _Stopped("stopped"),
    )
    try:
        transaction.commit(engine.deadline)
    except _There:
        return
