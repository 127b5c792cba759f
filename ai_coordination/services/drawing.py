"""Agent graphs as Mermaid flowcharts."""

from collections.abc import Mapping, Sequence

from ai_coordination import graph, models


def of_task(coordination: models.Coordination, task: models.Task) -> str:
    """The agents that take part in a task, and who waits for whom."""
    names = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
    taking_part = [*task.agent_actions, *(query.agent_uuid for query in task.subtask_queries)]
    agents = list(dict.fromkeys(taking_part)) or list(names)
    positions = {agent: position for position, agent in enumerate(agents)}
    boxes = [_box(names.get(agent, agent), task.agent_actions.get(agent)) for agent in agents]
    edges = [
        (positions[predecessor], positions[agent])
        for agent, action in task.agent_actions.items()
        for predecessor in map(str, action.predecessors)
        if predecessor in positions
    ]
    return graph.mermaid(boxes, edges)


def of_session(agents: Sequence[models.SessionAgent], names: Mapping[str, str]) -> str:
    """The agents of a session, each in the colour of its state.

    `names` are those of the coordination's members, for agents that have not started.
    """
    positions = {agent.ordinal: position for position, agent in enumerate(agents)}
    boxes = [
        _box(
            names.get(agent.agent_uuid, agent.agent_uuid)
            if agent.agent is None
            else agent.agent.agent_name,
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
