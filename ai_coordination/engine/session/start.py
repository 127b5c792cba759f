"""Start a session of a task: write its agents, then turn it IN_PROGRESS as the last write.

If everything fits into one transaction, it is one write. Otherwise the session is written first,
marked, and with the graph that it starts. The agents follow in chunks, which are pinned with the
graph. A chunk is written as a whole or not at all, and only while the session is being started.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_coordination import graph, ids, models, texts
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import end, operation, planned_agents
from ai_coordination.engine.session.operation import Operation
from ai_coordination.engine.session.planned_agents import PlannedAgent
from ai_coordination.errors import EngineError, PayloadTooLarge, TextUnavailable
from ai_coordination.models import due_times, sizes
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.states import SessionAgentState

# The session, its coordination's count, the task that is checked, and the idempotency key.
MOST_AT_ONCE = MOST_PARTS - 4
# Version 0.1.0 counted agents alone and pinned no chunks: its starts are resumed in these.
CHUNK = MOST_PARTS - 1
# A transaction holds 4 MB. The rest is for the session, and for agents that were pinned by one
# version and are written by another.
MOST_BYTES = 3_000_000


@dataclass(frozen=True, slots=True)
class StartPlan:
    """The agents that a session starts with: as planned, as items, and the bytes of each item."""

    planned: Sequence[PlannedAgent]
    agents: Sequence[models.SessionAgent]
    sizes: Sequence[int]

    def fits(self, session: models.Session) -> bool:
        """Whether session and agents fit into one transaction."""
        few = len(self.agents) <= MOST_AT_ONCE
        return few and sum(self.sizes) + sizes.of_entity(session) <= MOST_BYTES

    def chunks(self) -> list[int]:
        """Return how many agents to write at a time, so that each chunk fits a transaction."""
        counts: list[int] = []
        room = 0
        for size in self.sizes:
            if not counts or counts[-1] == CHUNK or size > room:
                counts.append(0)
                room = MOST_BYTES
            counts[-1] += 1
            room -= size
        return counts


def plan_start(
    engine: Engine, session: models.Session, planned: Sequence[PlannedAgent], source: str
) -> StartPlan:
    """Build the agents' items. Raises PayloadTooLarge if a text is too large for its item.

    `source` names the input that contains the texts, apart from the task query.
    """
    all_agents = new_agents(engine, session, planned)
    measured = [sizes.of_entity(agent) for agent in all_agents]
    for agent, size in zip(all_agents, measured, strict=True):
        if size > sizes.LARGEST_BYTES:
            message = f"{agent.agent_uuid!r} would get more than the {sizes.LARGEST_BYTES} bytes"
            is_task_query = agent.subtask_query == session.task_query
            place = "task_query" if is_task_query else source
            raise PayloadTooLarge(f"{message} of an item", place)
    return StartPlan(planned, all_agents, measured)


def sinks(planned: Sequence[PlannedAgent]) -> set[float]:
    """Return the ordinals of the agents without successors: the session waits for them."""
    return {agent.ordinal for agent in planned if not agent.successors}


def new_agents(
    engine: Engine, session: models.Session, planned: Sequence[PlannedAgent]
) -> list[models.SessionAgent]:
    """Build the agents of the first iteration. Those that wait for no other are due."""
    sole = {agent.ordinal for agent in planned if len(agent.predecessors) == 1}
    threads = graph.threads(
        {agent.ordinal: agent.predecessors for agent in planned},
        {agent.ordinal for agent in planned if agent.action.primary_path},
    )
    return [_new_agent(engine, session, agent, sole, threads[agent.ordinal]) for agent in planned]


def _new_agent(
    engine: Engine,
    session: models.Session,
    planned: PlannedAgent,
    sole: set[int],
    thread_from: int,
) -> models.SessionAgent:
    now = engine.now()
    agent = models.SessionAgent(
        session_uuid=session.session_uuid,
        session_agent_uuid=ids.session_agent_uuid(session.session_uuid, planned.ordinal),
        coordination_uuid=session.coordination_uuid,
        partition_key=session.partition_key,
        agent_uuid=planned.member.agent_uuid,
        member=models.anonymous(planned.member),
        agent_action=models.anonymous(planned.action),
        subtask_query=planned.text,
        ordinal=planned.ordinal,
        iteration=1,
        predecessors=set(planned.predecessors) or None,
        successors=set(planned.successors) or None,
        sole_successors=sole.intersection(planned.successors) or None,
        waiting_on=set(planned.predecessors) or None,
        thread_from=thread_from,
        state=SessionAgentState.INITIAL.value,
        updated_by="engine",
        created_at=now,
        updated_at=now,
    )
    if not planned.predecessors:
        agent.due_shard = due_times.shard(session.session_uuid)
        agent.due_at = engine.after_grace()
    return agent


class _IsWritten(EngineError):
    """An earlier try has written the chunk. Never leaves this module."""


class _Stopped(EngineError):
    """The session is not being started any longer. Never leaves this module."""


def resume(engine: Engine, session: models.Session) -> models.Session | None:
    """Write the agents that are missing, then start the session.

    Returns the started session; None if it was ended instead. If the text of the pinned graph is
    lost, nothing can resume the start, so the session fails.
    """
    try:
        pinned = texts.read(session.partition_key, session.graph)
    except TextUnavailable as missing:
        end.fail_unstarted(engine, session, missing.message)
        return None
    planned, counts = planned_agents.load(pinned)
    all_agents = new_agents(engine, session, planned)
    try:
        for chunk in _cut(all_agents, counts):
            _put(engine, session, chunk)
    except _Stopped:
        return None
    return operation.begin_iteration(
        engine,
        session,
        sinks=sinks(planned),
        ready=[agent for agent in all_agents if not agent.waiting_on],
        actions=[models.Session.graph.remove()],
    )


def _cut(
    all_agents: Sequence[models.SessionAgent], counts: Sequence[int] | None
) -> Iterator[Sequence[models.SessionAgent]]:
    """Cut the agents into the chunks that were pinned."""
    if counts is None:
        counts = [CHUNK] * -(-len(all_agents) // CHUNK)
    first = 0
    for count in counts:
        yield all_agents[first : first + count]
        first += count


def _put(engine: Engine, session: models.Session, chunk: Sequence[models.SessionAgent]) -> None:
    kind = models.Session
    transaction = Transaction()
    for agent in chunk:
        absent = models.SessionAgent.session_agent_uuid.does_not_exist()
        transaction.put(agent, absent, lambda old: _IsWritten("written"))
    transaction.update(
        session,
        [kind.agent_count.add(len(chunk))],
        kind.operation == Operation.START.value,
        lambda old: _Stopped("stopped"),
    )
    try:
        transaction.commit(engine.context)
    except _IsWritten:
        return
