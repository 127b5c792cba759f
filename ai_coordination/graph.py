"""Graphs of agents as plain data: a mapping from each node to its predecessors.

All functions take linear time in nodes and edges, and none recurses.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final, NamedTuple, TypeVar

K = TypeVar("K", bound=str | int)


def successors(predecessors: Mapping[K, Collection[K]]) -> dict[K, list[K]]:
    """Return the successors of each node, in the order of the mapping, without duplicates.

    Predecessors that are not nodes are ignored.
    """
    result: dict[K, list[K]] = {node: [] for node in predecessors}
    for node, node_predecessors in predecessors.items():
        for predecessor in dict.fromkeys(node_predecessors):
            if predecessor in result:
                result[predecessor].append(node)
    return result


def find_cycle(predecessors: Mapping[K, Collection[K]]) -> list[K] | None:
    """Return a cycle of nodes that wait for each other, or None.

    Each node comes before the one that waits for it, and the first is repeated at the end. A node
    that waits for itself is a cycle. Predecessors that are not nodes are ignored.
    """
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        cycle: list[K] = error.args[1]
        return cycle
    return None


def downstream(start: Iterable[int], successors: Mapping[int, Collection[int]]) -> set[int]:
    """Return the nodes in `start` and all nodes downstream of them."""
    reached = set(start)
    pending = list(reached)
    while pending:
        for node in successors[pending.pop()]:
            if node not in reached:
                reached.add(node)
                pending.append(node)
    return reached


SESSION_THREAD: Final = -1
OWN_THREAD: Final = -2


def threads(
    predecessors: Mapping[int, Collection[int]], primary: Collection[int]
) -> dict[int, int]:
    """Return, for each node, the predecessor whose thread it continues.

    Instead of a predecessor it may be SESSION_THREAD or OWN_THREAD. A node on the primary path
    continues the thread of its lowest predecessor there or, without one, the session's thread. Only
    one node continues each thread, the lowest, because concurrent branches must not share a
    conversation. The others have threads of their own.
    """
    taken = {OWN_THREAD}
    sources = {}
    for node in sorted(predecessors):
        candidates = [predecessor for predecessor in predecessors[node] if predecessor in primary]
        source = min(candidates, default=SESSION_THREAD) if node in primary else OWN_THREAD
        sources[node] = OWN_THREAD if source in taken else source
        taken.add(source)
    return sources


class Node(NamedTuple):
    """A session agent in the graph of a session."""

    ordinal: int
    """Position in the session, from 0."""
    agent_uuid: str
    query: int | None
    """Index of its subtask query. None: it works on the task query."""
    predecessors: tuple[int, ...]
    successors: tuple[int, ...]


def expand(
    agents: Sequence[str],
    query_agents: Sequence[str],
    predecessors: Mapping[str, Collection[str]],
) -> list[Node]:
    """Return the nodes of a session, in the order of the coordination's `agents`.

    `query_agents` has the agent of each subtask query, `predecessors` the predecessors of each
    agent that has an action. Each agent that takes part has one node for each of its subtask
    queries, or one node if it has none. A successor waits for all nodes of its predecessor.

    The input must be valid: all names are in `agents`, and there is no cycle.
    """
    work = _work(agents, query_agents, predecessors)
    ordinals: dict[str, list[int]] = {}
    for ordinal, (agent, _) in enumerate(work):
        ordinals.setdefault(agent, []).append(ordinal)
    by_agent = {agent: predecessors.get(agent, ()) for agent in ordinals}
    # The nodes of an agent share one tuple: two agents with 500 nodes each have 250,000 edges.
    before = {agent: _ordinals(names, ordinals) for agent, names in by_agent.items()}
    after = {agent: _ordinals(names, ordinals) for agent, names in successors(by_agent).items()}
    return [
        Node(ordinal, agent, query, before[agent], after[agent])
        for ordinal, (agent, query) in enumerate(work)
    ]


def taking_part(
    agents: Sequence[str],
    query_agents: Iterable[str],
    predecessors: Mapping[str, Collection[str]],
) -> list[str]:
    """Return the agents of a session, in the order of `agents`.

    An agent takes part if it has a subtask query or an action, or if another one waits for it. If
    there is no such agent, all take part.
    """
    before = {name for names in predecessors.values() for name in names}
    named = {*query_agents, *predecessors, *before} or {*agents}
    return [agent for agent in agents if agent in named]


def placed(
    predecessors: Mapping[str, Collection[str]],
    query_agents: Collection[str],
    delegates: Collection[str],
) -> Mapping[str, Collection[str]]:
    """Return the predecessors of those agents with an action that have a place in the graph.

    An agent to which others delegate has none if nothing else gives it one: a subtask query,
    predecessors, or an agent that waits for it. Its action is only for the work that is delegated.
    """
    followed = {name for names in predecessors.values() for name in names}
    elsewhere = {*delegates} - followed - {*query_agents}
    found = {
        agent: names for agent, names in predecessors.items() if names or agent not in elsewhere
    }
    return found or predecessors


def _work(
    agents: Sequence[str],
    query_agents: Sequence[str],
    predecessors: Mapping[str, Collection[str]],
) -> list[tuple[str, int | None]]:
    """Return the agent of each node and the index of its subtask query."""
    queries: dict[str, list[int | None]] = {}
    for index, agent in enumerate(query_agents):
        queries.setdefault(agent, []).append(index)
    no_query: list[int | None] = [None]
    return [
        (agent, query)
        for agent in taking_part(agents, query_agents, predecessors)
        for query in queries.get(agent, no_query)
    ]


def _ordinals(agents: Collection[str], ordinals: Mapping[str, Collection[int]]) -> tuple[int, ...]:
    return tuple(sorted(ordinal for agent in {*agents} for ordinal in ordinals[agent]))
