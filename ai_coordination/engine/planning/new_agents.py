"""The items of agents that are about to be written, and the chunks in which they are written.

A chunk is one transaction with the count of the session's agents: it is written as a whole or not
at all, and only once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import graph, ids, models
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import asked
from ai_coordination.engine.planning.planned_agents import PlannedAgent
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times
from ai_coordination.models.writes import Transaction
from ai_coordination.states import SessionAgentState


def build(
    engine: Engine, session: models.Session, planned: Sequence[PlannedAgent], iteration: int = 1
) -> list[models.SessionAgent]:
    """Build the items of agents that are new in an iteration. Those that wait for no other are due.

    Either all of them are a session's first agents, or all are added by the same parent.
    """
    sole = _only_waiting_for_one(planned)
    top = [agent for agent in planned if agent.place is None]
    threads = graph.threads(
        {agent.ordinal: agent.predecessors for agent in top},
        {agent.ordinal for agent in top if agent.action.primary_path},
    )
    return [
        _item(
            engine,
            session,
            agent,
            iteration,
            sole_successors=sole.intersection(agent.successors) or None,
            **_place(agent, threads),
        )
        for agent in planned
    ]


def _only_waiting_for_one(planned: Sequence[PlannedAgent]) -> set[int]:
    """The agents, among them perhaps the parent, that wait for one of these agents alone."""
    sole = {agent.ordinal for agent in planned if len(agent.waits_for) == 1}
    leading = Counter(
        agent.place.parent
        for agent in planned
        if agent.place is not None and agent.place.parent in agent.successors
    )
    return sole | {parent for parent, sinks in leading.items() if sinks == 1}


def _item(
    engine: Engine, session: models.Session, planned: PlannedAgent, iteration: int, **more: Any
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
        iteration=iteration,
        predecessors=set(planned.predecessors) or None,
        successors=set(planned.successors) or None,
        waiting_on=set(planned.waits_for) or None,
        state=SessionAgentState.INITIAL.value,
        updated_by="engine",
        created_at=now,
        updated_at=now,
        **asked.stored(planned.asked),
        **more,
    )
    if not planned.waits_for:
        agent.due_shard = due_times.shard(session.session_uuid)
        agent.due_at = engine.after_grace()
    return agent


def _place(planned: PlannedAgent, threads: dict[int, int]) -> dict[str, Any]:
    place = planned.place
    if place is None:
        return {"thread_from": threads[planned.ordinal]}
    return {
        "parent_ordinal": place.parent,
        "depth": place.depth,
        "round": place.round,
        "item_index": place.item_index,
        "order_predecessors": set(place.order_predecessors) or None,
        "order_successors": set(place.order_successors) or None,
        "thread_from": place.thread_from,
        "thread_uuid": place.thread_uuid,
        "task_query": place.task_query,
    }


def chunks(sizes: Iterable[int], most_agents: int, most_bytes: int) -> list[int]:
    """Return how many agents of these sizes to write at a time."""
    counts: list[int] = []
    room = 0
    for size in sizes:
        if not counts or counts[-1] == most_agents or size > room:
            counts.append(0)
            room = most_bytes
        counts[-1] += 1
        room -= size
    return counts


def cut(
    all_agents: Sequence[models.SessionAgent], counts: Sequence[int]
) -> Iterator[Sequence[models.SessionAgent]]:
    """Cut agents into chunks of so many agents."""
    first = 0
    for count in counts:
        if first < len(all_agents):
            yield all_agents[first : first + count]
        first += count


class Stopped(EngineError):
    """The session does not meet the condition under which agents are added to it."""


class _IsWritten(EngineError):
    """An earlier try has written the chunk. Never leaves this module."""


def put(
    engine: Engine,
    session: models.Session,
    chunk: Sequence[models.SessionAgent],
    condition: Condition,
) -> None:
    """Write a chunk, unless an earlier try has. Raises Stopped if the session refuses."""
    transaction = Transaction()
    for agent in chunk:
        transaction.put(agent, is_absent(), lambda old: _IsWritten("written"))
    transaction.update(
        session,
        [models.Session.agent_count.add(len(chunk))],
        condition,
        lambda old: Stopped("stopped"),
    )
    try:
        transaction.commit(engine.context)
    except _IsWritten:
        return


def is_absent() -> Condition:
    """No agent with this ordinal was written."""
    condition: Condition = models.SessionAgent.session_agent_uuid.does_not_exist()
    return condition
