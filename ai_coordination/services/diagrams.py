"""Diagrams of tasks and of sessions."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from ai_coordination import flowchart, models
from ai_coordination.flowchart import Box, Group, Part

# A larger growth is one box. Viewers of flowcharts draw some 500 edges, and people read fewer.
MOST_BOXES_OF_A_GROWTH: Final = 50
MOST_NAMES: Final = 3

Names = Mapping[str, str]


def of_task(coordination: models.Coordination, task: models.Task, sub_tasks: Names) -> str:
    """Draw the agents that take part in a task, and which of them wait for which.

    `sub_tasks` has the names of the tasks that it runs, by UUID.
    """
    names = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
    actions = task.agent_actions
    befores = [str(name) for action in actions.values() for name in action.predecessors]
    queried = [query.agent_uuid for query in task.subtask_queries]
    agents = list(dict.fromkeys([*actions, *queried, *befores])) or list(names)
    positions = {agent: position for position, agent in enumerate(agents)}
    boxes = [
        _box(names.get(agent, agent), actions.get(agent), None, names, sub_tasks)
        for agent in agents
    ]
    edges = [
        (positions[predecessor], positions[agent])
        for agent, action in actions.items()
        for predecessor in map(str, action.predecessors)
        if predecessor in positions
    ]
    return flowchart.mermaid(boxes, edges)


def of_session(agents: Sequence[models.SessionAgent], names: Names) -> str:
    """Draw the agents of a session, each in the colour of its state, below those that added them.

    `names` has the names of the coordination's members, for agents that have not started.
    """
    return _Session(agents, names).draw()


class _Session:
    """The diagram of a session: what an agent has added is in a group before it."""

    def __init__(self, agents: Sequence[models.SessionAgent], names: Names) -> None:
        self._agents = {int(agent.ordinal): agent for agent in agents}
        self._names = names
        self._boxes: list[Box] = []
        self._groups: list[Group] = []
        self._count = 0
        # Where edges to an agent lead, and where those from it begin. A folded agent has neither.
        self._entries: dict[int, Part] = {}
        self._own: dict[int, int] = {}
        self._edges: list[tuple[Part, Part]] = []

    def draw(self) -> str:
        added = {ordinal for agent in self._agents.values() for ordinal in agent.children}
        for ordinal in self._agents:
            if ordinal not in added:
                self._add(ordinal, None)
        edges = [
            (self._own[before], entry)
            for ordinal, entry in sorted(self._entries.items(), key=lambda each: each[0])
            for before in map(int, sorted(self._agents[ordinal].predecessors or ()))
            if before in self._own
        ]
        return flowchart.mermaid(self._boxes, [*edges, *self._edges], groups=[*self._groups])

    def _add(self, ordinal: int, within: Group | None) -> None:
        """Add the box of an agent, and what it has added as parts that follow each other to it."""
        agent = self._agents[ordinal]
        box = self._add_box(
            _box(self._name(agent), agent.agent_action, agent.state, self._names, {}), within
        )
        self._own[ordinal] = box
        parts = [self._add_growth(agent, place, within) for place in range(len(agent.grew or ()))]
        line = [*(part for part in parts if part is not None), box]
        self._entries[ordinal] = line[0]
        self._edges += pairwise(line)

    def _add_box(self, box: Box, within: Group | None) -> int:
        self._boxes.append(box)
        if within is not None:
            within.boxes.append(len(self._boxes) - 1)
        return len(self._boxes) - 1

    def _add_growth(
        self, agent: models.SessionAgent, place: int, within: Group | None
    ) -> Part | None:
        """Add what an agent has added at once. None if nothing of it is written yet."""
        growth = agent.grew[place]
        present = [ordinal for ordinal in growth.ordinals() if ordinal in self._agents]
        if not present:
            return None
        title = f"{self._name(agent)}: {_title(agent, growth, place)}"
        if len(present) > MOST_BOXES_OF_A_GROWTH:
            return self._add_box(self._folded(title, present), within)
        group = Group(self._count, title)
        self._count += 1
        (self._groups if within is None else within.groups).append(group)
        for ordinal in present:
            self._add(ordinal, group)
        return group

    def _folded(self, title: str, ordinals: Collection[int]) -> Box:
        """Return one box for agents and all below them."""
        states = Counter(self._agents[ordinal].state for ordinal in self._below(ordinals))
        common = next(iter(states)) if len(states) == 1 else None
        counts = [f"{count} {state.replace('_', ' ')}" for state, count in states.most_common()]
        return Box(title, common, notes=[f"{sum(states.values())} agents", *counts])

    def _below(self, ordinals: Collection[int]) -> Iterator[int]:
        pending = list(ordinals)
        while pending:
            ordinal = pending.pop()
            if ordinal in self._agents:
                yield ordinal
                pending += self._agents[ordinal].children

    def _name(self, agent: models.SessionAgent) -> str:
        if agent.member is not None:
            return str(agent.member.agent_name)
        return self._names.get(agent.agent_uuid, agent.agent_uuid)


def _title(agent: models.SessionAgent, growth: models.Growth, place: int) -> str:
    """Say what an agent has added, and why."""
    action = agent.agent_action
    if growth.turn is not None:
        return f"delegated in turn {int(growth.turn)}"
    if action.repeat is not None:
        # The growths of its rule are before those of its delegations.
        return f"round {place + 1}"
    if action.for_each is not None:
        return f"{int(growth.size) // int(growth.step)} elements"
    return "sub-task"


def _box(
    name: str,
    action: models.AgentAction | None,
    state: str | None,
    members: Names,
    sub_tasks: Names,
) -> Box:
    if action is None:
        return Box(name, state)
    notes = list(_notes(action, members, sub_tasks))
    return Box(name, state, action.user_in_the_loop, action.primary_path, notes)


def _notes(action: models.AgentAction, members: Names, sub_tasks: Names) -> Iterator[str]:
    """Say in words what decides whether, when and how often an agent runs."""
    if action.when is not None:
        yield f"if {action.when}"
    if action.delay_seconds:
        yield f"after {int(action.delay_seconds)} s"
    if action.for_each is not None:
        most = action.for_each.max_concurrency
        limit = "" if most is None else f", {int(most)} at a time"
        yield f"for each of {action.for_each.items}{limit}"
    if action.repeat is not None:
        yield f"until {action.repeat.until}, at most {int(action.repeat.max_rounds)} rounds"
    if action.task_uuid is not None:
        yield f"runs {sub_tasks.get(str(action.task_uuid), 'a sub-task')}"
    if action.delegates_to:
        named = [members.get(uuid, uuid) for uuid in map(str, action.delegates_to)]
        more = len(named) - MOST_NAMES
        rest = [f"{more} more"] if more > 0 else []
        yield f"delegates to {', '.join([*named[:MOST_NAMES], *rest])}"
