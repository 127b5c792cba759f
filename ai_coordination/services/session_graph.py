"""A session's graph as a whole: all its agents, and their progress."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.states import SessionAgentState

_OF_THE_GRAPH = [
    "session_uuid",
    "session_agent_uuid",
    "partition_key",
    "coordination_uuid",
    "agent_uuid",
    "agent",
    "agent_action",
    "ordinal",
    "predecessors",
    "state",
    "grew",
    "superseded",
]


def all_agents(caller: Caller, session_uuid: str) -> list[models.SessionAgent]:
    """Read the agents of a session without their texts, in the order of their ordinals.

    Superseded ones are left out.
    """
    return _present(caller, session_uuid, _OF_THE_GRAPH)


def agent_states(caller: Caller, session_uuid: str) -> list[models.SessionAgent]:
    """Read only the states of the agents of a session, for counting them.

    Superseded ones are left out.
    """
    return _present(caller, session_uuid, ["partition_key", "state", "superseded"])


def _present(
    caller: Caller, session_uuid: str, attributes: Sequence[str]
) -> list[models.SessionAgent]:
    agents = reads.all_rows(
        models.SessionAgent, session_uuid, tenant=caller.partition_key, attributes=attributes
    )
    return [agent for agent in agents if not agent.superseded]


def subtask_queries(caller: Caller, session_uuid: str) -> list[models.SubtaskQuery]:
    """Read the subtask queries of a started session from its agents: those of its start."""
    attributes = ["session_agent_uuid", "agent_uuid", "subtask_query", "partition_key", "parent"]
    agents = reads.all_rows(
        models.SessionAgent, session_uuid, tenant=caller.partition_key, attributes=attributes
    )
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
