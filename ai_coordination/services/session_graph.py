"""A session's graph as a whole: all its agents, their progress, and diagrams."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ai_coordination import graph, models
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
    "parent",
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
    counts = Counter(agent.state for agent in agents)
    return {"total": len(agents), **{state.value: counts[state] for state in SessionAgentState}}


def task_diagram(coordination: models.Coordination, task: models.Task) -> str:
    """Draw the agents that take part in a task, and which of them wait for which."""
    names = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
    actions = task.agent_actions.values()
    befores = [str(name) for action in actions for name in action.predecessors]
    queried = [query.agent_uuid for query in task.subtask_queries]
    agents = list(dict.fromkeys([*task.agent_actions, *queried, *befores])) or list(names)
    positions = {agent: position for position, agent in enumerate(agents)}
    boxes = [_box(names.get(agent, agent), task.agent_actions.get(agent)) for agent in agents]
    edges = [
        (positions[predecessor], positions[agent])
        for agent, action in task.agent_actions.items()
        for predecessor in map(str, action.predecessors)
        if predecessor in positions
    ]
    return graph.mermaid(boxes, edges)


def session_diagram(agents: Sequence[models.SessionAgent], names: Mapping[str, str]) -> str:
    """Draw the agents of a session, each in the colour of its state.

    `names` has the names of the coordination's members, for agents that have not started.
    """
    positions = {agent.ordinal: position for position, agent in enumerate(agents)}
    boxes = [
        _box(
            names.get(agent.agent_uuid, agent.agent_uuid)
            if agent.member is None
            else agent.member.agent_name,
            agent.agent_action,
            agent.state,
        )
        for agent in agents
    ]
    edges = [
        (positions[predecessor], positions[agent.ordinal])
        for agent in agents
        for predecessor in sorted(agent.predecessors or ())
        if predecessor in positions
    ]
    return graph.mermaid(boxes, edges)


def _box(name: str, rules: models.AgentAction | None, state: str | None = None) -> graph.Box:
    if rules is None:
        return graph.Box(name, state)
    return graph.Box(name, state, rules.user_in_the_loop, rules.primary_path)
