"""The agents of a session that starts: who takes part, with which text, waiting for whom."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ai_coordination import graph, models, texts
from ai_coordination.engine.session import variables
from ai_coordination.errors import BadUserInput
from ai_coordination.models.texts import read, written
from ai_coordination.services.rules import for_kind


@dataclass(frozen=True, slots=True)
class Part:
    """One agent's part, as the session pins it."""

    ordinal: int
    member: models.Agent
    action: models.AgentAction
    text: models.Text | None
    predecessors: tuple[int, ...]
    successors: tuple[int, ...]


def of(
    coordination: models.Coordination,
    actions: Mapping[str, models.AgentAction],
    queries: Sequence[models.SubtaskQuery],
    task_query: str | None,
    default_action: models.AgentAction,
) -> list[Part]:
    """Raises BadUserInput for agents that are no members, take no part or wait for each other.

    Also for unknown variables, and PayloadTooLarge for what is too much together.
    """
    members = {agent.agent_uuid: agent for agent in coordination.agents}
    _check_members(members, actions, queries)
    asked = [query.agent_uuid for query in queries]
    waits_for = {uuid: list(map(str, one.predecessors)) for uuid, one in actions.items()}
    _check_graph({agent: waits_for.get(agent, []) for agent in (*asked, *waits_for)})
    nodes = graph.expand(list(members), asked, waits_for)
    work = _filled_all(queries, variables.of(task_query))
    return [
        Part(
            ordinal=node.ordinal,
            member=members[node.agent_uuid],
            action=for_kind(
                actions.get(node.agent_uuid) or _default(default_action, node.agent_uuid),
                members[node.agent_uuid].runtime.kind,
            ),
            text=task_query if node.query is None else work[node.query],
            predecessors=node.predecessors,
            successors=node.successors,
        )
        for node in nodes
    ]


def _filled_all(
    queries: Sequence[models.SubtaskQuery], known: variables.Variables | None
) -> list[str]:
    work: list[str] = []
    room = variables.MOST_BYTES
    for index, query in enumerate(queries):
        place = "subtask_queries", index, "subtask_query"
        work.append(variables.filled(str(query.subtask_query), known, room, *place))
        room -= texts.size(work[-1])
    return work


def _default(action: models.AgentAction, agent_uuid: str) -> models.AgentAction:
    return models.AgentAction(**{**action.attribute_values, "agent_uuid": agent_uuid})


def _check_members(
    members: Mapping[str, models.Agent],
    actions: Mapping[str, models.AgentAction],
    queries: Sequence[models.SubtaskQuery],
) -> None:
    for index, query in enumerate(queries):
        if query.agent_uuid not in members:
            message = f"{query.agent_uuid!r} is no agent of this coordination"
            raise BadUserInput(message, "subtask_queries", index, "agent_uuid")
    lost = [uuid for uuid in actions if uuid not in members]
    if lost:
        message = f"The coordination has lost {', '.join(map(repr, lost))}, whom this task names"
        raise BadUserInput(message, "task_uuid")


def _check_graph(waits_for: Mapping[str, Sequence[str]]) -> None:
    """The task was checked when it was written, but may be started with other subtask queries."""
    for agent, unknown in graph.unknown_predecessors(waits_for).items():
        named = ", ".join(map(repr, unknown))
        message = f"{agent!r} waits for {named}, and that takes no part in this session"
        raise BadUserInput(message, "subtask_queries")
    cycle = graph.find_cycle(waits_for)
    if cycle is not None:
        message = f"These agents wait for each other: {' -> '.join(cycle)}"
        raise BadUserInput(message, "task_uuid")


def pinned(parts: Sequence[Part], chunks: Sequence[int]) -> str:
    """The parts as a session keeps them while it is being started.

    `chunks` are how many of them are written at a time. A worker that resumes the start keeps to
    them, of whichever version. Compressed, because parts repeat themselves: a thousand agents have
    the same rules.
    """
    members = {part.member.agent_uuid: part.member.serialize(part.member) for part in parts}
    actions = {part.member.agent_uuid: part.action.serialize(part.action) for part in parts}
    nodes = [
        [
            part.ordinal,
            part.member.agent_uuid,
            None if part.text is None else written(part.text),
            part.predecessors,
            part.successors,
        ]
        for part in parts
    ]
    whole = {"members": members, "actions": actions, "nodes": nodes, "chunks": list(chunks)}
    return b64encode(zlib.compress(json.dumps(whole).encode())).decode()


def members_pinned(members: Iterable[models.Agent]) -> str:
    """A coordination's members as a session keeps them while it is being dispatched."""
    whole = json.dumps([member.serialize(member) for member in members])
    return b64encode(zlib.compress(whole.encode())).decode()


def members_unpinned(stored: str) -> dict[str, models.Agent]:
    """What `members_pinned` wrote, by their uuids."""
    whole = json.loads(zlib.decompress(b64decode(stored)))
    members = [_MEMBER.deserialize(one) for one in whole]
    return {member.agent_uuid: member for member in members}


def unpinned(graph: str) -> tuple[list[Part], list[int] | None]:
    """What `pinned` wrote. Version 0.1.0 wrote no chunks."""
    stored = json.loads(zlib.decompress(b64decode(graph)))
    members = {uuid: _MEMBER.deserialize(one) for uuid, one in stored["members"].items()}
    actions = {uuid: _ACTION.deserialize(one) for uuid, one in stored["actions"].items()}
    parts = [
        Part(
            ordinal,
            members[uuid],
            actions[uuid],
            None if text is None else read(text),
            tuple(before),
            tuple(after),
        )
        for ordinal, uuid, text, before, after in stored["nodes"]
    ]
    return parts, stored.get("chunks")


_MEMBER = models.Agent()
_ACTION = models.AgentAction()
