"""A session's graph as a whole: all its agents, and their progress."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.states import SessionAgentState

# What is read of each agent, for which purpose. One read has all that a request needs.
STATES = frozenset({"partition_key", "state", "superseded"})
QUERIES = frozenset(
    {"session_agent_uuid", "agent_uuid", "subtask_query", "partition_key", "parent"}
)
GRAPH = STATES | {
    "session_uuid",
    "session_agent_uuid",
    "coordination_uuid",
    "agent_uuid",
    "agent",
    "agent_action",
    "ordinal",
    "predecessors",
    "grew",
}


def read(
    caller: Caller, session_uuid: str, attributes: Collection[str], *, consistent: bool = True
) -> list[models.SessionAgent]:
    """Read these attributes of all agents of a session, in the order of their ordinals."""
    return reads.all_rows(
        models.SessionAgent,
        session_uuid,
        tenant=caller.partition_key,
        attributes=sorted(attributes),
        consistent=consistent,
    )


def present(agents: Sequence[models.SessionAgent]) -> list[models.SessionAgent]:
    """Leave out superseded agents, which are no part of the session but as history."""
    return [agent for agent in agents if not agent.superseded]


def subtask_queries(agents: Sequence[models.SessionAgent]) -> list[models.SubtaskQuery]:
    """Return the subtask queries of a started session: those of its start."""
    return [
        models.SubtaskQuery(
            agent_uuid=agent.agent_uuid,
            subtask_query=agent.subtask_query,
            session_agent_uuid=agent.session_agent_uuid,
        )
        for agent in agents
        if agent.subtask_query is not None and agent.parent_ordinal is None
    ]


def progress(agents: Sequence[models.SessionAgent]) -> dict[str, int]:
    """Count agents by state."""
    return _all_counts(Counter(agent.state for agent in agents), len(agents))


def final_progress(session: models.Session) -> dict[str, int] | None:
    """Return the counts that the session's end has stored; None if they are not known."""
    stored = session.final_progress
    if stored is None:
        return None
    counts = {name: int(count) for name, count in stored.attribute_values.items()}
    return _all_counts(counts, counts.get("total", 0))


def _all_counts(counts: Mapping[str, int], total: int) -> dict[str, int]:
    return {"total": total, **{state.value: counts.get(state, 0) for state in SessionAgentState}}
