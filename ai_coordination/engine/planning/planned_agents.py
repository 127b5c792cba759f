"""The agents that a session starts with, or that an agent adds: which members, with which text,
after which others.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ai_coordination import graph, models, texts
from ai_coordination.engine.planning import asked, element, variables
from ai_coordination.engine.planning.asked import ANY_PERSON, Asked
from ai_coordination.errors import BadUserInput
from ai_coordination.models.texts import from_stored, to_stored
from ai_coordination.services import task_graph
from ai_coordination.services.agent_rules import build_action, with_default_timeout


class Place(NamedTuple):
    """Where an agent is that another one, its parent, has added.

    `round` counts the growths of the parent by its rule, or is the turn in which it has delegated.
    `item_index` is the place in its list. Order edges limit how many agents run at a time. The
    agent continues the thread `thread_uuid`; without one, that of `thread_from`, a predecessor or a
    constant of `graph`. `task_query` is that of the copy of a task, for what the agent adds itself.
    """

    parent: int
    depth: int
    round: int
    item_index: int | None = None
    order_predecessors: tuple[int, ...] = ()
    order_successors: tuple[int, ...] = ()
    thread_from: int = graph.OWN_THREAD
    thread_uuid: str | None = None
    task_query: models.Text | None = None


class PlannedAgent(NamedTuple):
    """One agent that is about to be written. The session, or the parent, pins it."""

    ordinal: int
    member: models.Agent
    action: models.AgentAction
    text: models.Text | None
    predecessors: tuple[int, ...]
    successors: tuple[int, ...]
    place: Place | None = None
    asked: Asked = ANY_PERSON

    @property
    def waits_for(self) -> tuple[int, ...]:
        """All agents that must have ended before it starts."""
        return (*self.predecessors, *(self.place.order_predecessors if self.place else ()))


def may_add(action: models.AgentAction) -> bool:
    """Whether an agent with this action may add agents to its session."""
    rules = (action.for_each, action.repeat, action.task_uuid)
    return bool(action.delegates_to) or any(rule is not None for rule in rules)


def plan_agents(
    all_members: Sequence[models.Agent],
    actions: Mapping[str, models.AgentAction],
    queries: Sequence[models.SubtaskQuery],
    task_query: str | None,
) -> list[PlannedAgent]:
    """Plan the agents of a session, or of a copy of a task, in the order of their ordinals.

    Raises BadUserInput for unknown agents, cycles and unknown variables; PayloadTooLarge for texts
    that are too large together.
    """
    members = {agent.agent_uuid: agent for agent in all_members}
    waits_for = check(all_members, actions, queries)
    queried = [query.agent_uuid for query in queries]
    default_action = build_action("", [], {}, 0)
    placed = graph.placed(waits_for, queried, task_graph.delegates(actions))
    nodes = graph.expand(list(members), queried, placed)
    values = variables.of(task_query)
    filled = _fill(queries, values, actions)
    asks = {uuid: asked.planned(action, values) for uuid, action in actions.items()}
    return [
        PlannedAgent(
            ordinal=node.ordinal,
            member=members[node.agent_uuid],
            action=with_default_timeout(
                actions.get(node.agent_uuid) or _default(default_action, node.agent_uuid),
                members[node.agent_uuid].runtime.kind,
            ),
            text=task_query if node.query is None else filled[node.query],
            predecessors=node.predecessors,
            successors=node.successors,
            asked=asks.get(node.agent_uuid, ANY_PERSON),
        )
        for node in nodes
    ]


def check(
    members: Sequence[models.Agent],
    actions: Mapping[str, models.AgentAction],
    queries: Sequence[models.SubtaskQuery],
) -> dict[str, list[str]]:
    """Return for which agents those with an action wait.

    Raises BadUserInput if an agent is unknown, or agents wait for each other.
    """
    _check_members({one.agent_uuid: one.agent_name for one in members}, actions, queries)
    waits_for = {uuid: list(map(str, action.predecessors)) for uuid, action in actions.items()}
    _check_cycle(waits_for)
    return waits_for


def _fill(
    queries: Sequence[models.SubtaskQuery],
    values: variables.Variables | None,
    actions: Mapping[str, models.AgentAction],
) -> list[str]:
    """Fill the variables of queries. Those of an agent with a list are filled for each element."""
    filled: list[str] = []
    room = variables.MOST_BYTES
    for index, query in enumerate(queries):
        place = "subtask_queries", index, "subtask_query"
        text = str(query.subtask_query)
        action = actions.get(query.agent_uuid)
        if action is None or action.for_each is None:
            text = variables.filled(text, values, room, *place)
        else:
            element.check(text, values, *place)
        filled.append(text)
        room -= texts.size(text)
    return filled


def _default(action: models.AgentAction, agent_uuid: str) -> models.AgentAction:
    return models.AgentAction(**{**action.attribute_values, "agent_uuid": agent_uuid})


def _check_members(
    members: Mapping[str, str],
    actions: Mapping[str, models.AgentAction],
    queries: Sequence[models.SubtaskQuery],
) -> None:
    for index, query in enumerate(queries):
        task_graph.check_member(members, query.agent_uuid, "subtask_queries", index, "agent_uuid")
    befores = (str(name) for action in actions.values() for name in action.predecessors)
    lost = [uuid for uuid in dict.fromkeys([*actions, *befores]) if uuid not in members]
    if lost:
        message = f"The coordination no longer has {', '.join(map(repr, lost))}: update the task"
        raise BadUserInput(message, "task_uuid")


def _check_cycle(waits_for: Mapping[str, Sequence[str]]) -> None:
    cycle = graph.find_cycle(waits_for)
    if cycle is not None:
        message = f"These agents wait for each other: {' -> '.join(cycle)}"
        raise BadUserInput(message, "task_uuid")


def dump(planned: Sequence[PlannedAgent], chunks: Sequence[int]) -> str:
    """Return planned agents as a session stores them while it is being started, or an agent while
    it adds them.

    `chunks` says how many agents are written at a time. A worker that resumes uses the same chunks,
    whatever its version. The text is compressed, because it repeats itself: a thousand agents have
    the same rules.
    """
    members = {agent.member.agent_uuid: agent.member.serialize(agent.member) for agent in planned}
    actions = {agent.member.agent_uuid: agent.action.serialize(agent.action) for agent in planned}
    nodes = [
        [
            agent.ordinal,
            agent.member.agent_uuid,
            _to_stored(agent.text),
            agent.predecessors,
            agent.successors,
            *([] if agent.place is None else [_dump_place(agent.place)]),
        ]
        for agent in planned
    ]
    # Not with the action: agents of the same member may ask different people.
    asks = {agent.ordinal: agent.asked for agent in planned if agent.asked != ANY_PERSON}
    whole = {"members": members, "actions": actions, "nodes": nodes, "chunks": list(chunks)}
    return packed({**whole, **({"asks": asks} if asks else {})})


def packed(whole: Any) -> str:
    """Return a JSON value as a compressed text."""
    return b64encode(zlib.compress(json.dumps(whole).encode())).decode()


def unpacked(stored: str) -> Any:
    """Read what `packed` wrote."""
    return json.loads(zlib.decompress(b64decode(stored)))


def _to_stored(text: models.Text | None) -> str | None:
    return None if text is None else to_stored(text)


def _from_stored(text: str | None) -> models.Text | None:
    return None if text is None else from_stored(text)


def _dump_place(place: Place) -> dict[str, Any]:
    whole = {**place._asdict(), "task_query": _to_stored(place.task_query)}
    return {name: value for name, value in whole.items() if value not in (None, ())}


def _load_place(stored: Mapping[str, Any]) -> Place:
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return Place(**{**stored, **lists, "task_query": _from_stored(stored.get("task_query"))})


def dump_members(members: Iterable[models.Agent]) -> str:
    """Return a coordination's members as a session stores them while it is being dispatched."""
    return packed([member.serialize(member) for member in members])


def load_members(stored: str) -> dict[str, models.Agent]:
    """Read what `dump_members` wrote, by UUID."""
    members = [MEMBER.deserialize(member) for member in unpacked(stored)]
    return {member.agent_uuid: member for member in members}


def load(stored: str) -> tuple[list[PlannedAgent], list[int] | None]:
    """Read what `dump` wrote: the planned agents and the chunks. Version 0.1.0 wrote no chunks."""
    whole = unpacked(stored)
    members = {uuid: MEMBER.deserialize(member) for uuid, member in whole["members"].items()}
    actions = {uuid: ACTION.deserialize(action) for uuid, action in whole["actions"].items()}
    asks = whole.get("asks", {})
    planned = [
        PlannedAgent(
            ordinal,
            members[uuid],
            actions[uuid],
            _from_stored(text),
            tuple(before),
            tuple(after),
            _load_place(place[0]) if place else None,
            Asked(*asks.get(str(ordinal), ANY_PERSON)),
        )
        for ordinal, uuid, text, before, after, *place in whole["nodes"]
    ]
    return planned, whole.get("chunks")


MEMBER = models.Agent()
ACTION = models.AgentAction()
