"""Graphs of agents as plain data: a mapping from each node to those that it waits for.

Everything here takes time linear in nodes and edges, and nothing recurses.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal, TypeVar

K = TypeVar("K", bound=str | int)

LONGEST_LABEL: Final = 80


def successors(predecessors: Mapping[K, Collection[K]]) -> dict[K, list[K]]:
    """For each node those that wait for it, in the order of the mapping, each once.

    Predecessors that are no nodes are left out.
    """
    after: dict[K, list[K]] = {node: [] for node in predecessors}
    for node, befores in predecessors.items():
        for before in dict.fromkeys(befores):
            if before in after:
                after[before].append(node)
    return after


def unknown_predecessors(predecessors: Mapping[K, Collection[K]]) -> dict[K, list[K]]:
    """The predecessors that are no nodes themselves, by the node that names them."""
    unknown = {
        node: [before for before in dict.fromkeys(befores) if before not in predecessors]
        for node, befores in predecessors.items()
    }
    return {node: befores for node, befores in unknown.items() if befores}


def find_cycle(predecessors: Mapping[K, Collection[K]]) -> list[K] | None:
    """Return a cycle of nodes that wait for each other, or None.

    Each node comes before the one that waits for it, and the first is repeated at the end. A node
    that waits for itself is a cycle. Predecessors that are not nodes are left out.
    """
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        cycle: list[K] = error.args[1]
        return cycle
    return None


def downstream(start: Iterable[int], successors: Mapping[int, Collection[int]]) -> set[int]:
    """These nodes and all that follow them, directly or not."""
    reached = set(start)
    ahead = list(reached)
    while ahead:
        for node in successors[ahead.pop()]:
            if node not in reached:
                reached.add(node)
                ahead.append(node)
    return reached


SESSION_THREAD: Final = -1
OWN_THREAD: Final = -2


def threads(
    predecessors: Mapping[int, Collection[int]], primary: Collection[int]
) -> dict[int, int]:
    """For each node the predecessor whose thread it continues, SESSION_THREAD or OWN_THREAD.

    A node on the primary path continues the thread of its lowest predecessor there, or the
    session's where it has none. Each thread is continued by one node alone, the lowest: branches
    that run side by side would read each other.
    """
    taken = {OWN_THREAD}
    sources = {}
    for node in sorted(predecessors):
        along = [before for before in predecessors[node] if before in primary]
        source = min(along, default=SESSION_THREAD) if node in primary else OWN_THREAD
        sources[node] = OWN_THREAD if source in taken else source
        taken.add(source)
    return sources


@dataclass(frozen=True, slots=True)
class Node:
    """One agent's part in a session. Ordinals count from 0; `query` is the subtask query's index.

    `query` is None where the agent has no subtask query, and works on the task query.
    """

    ordinal: int
    agent_uuid: str
    query: int | None
    predecessors: tuple[int, ...]
    successors: tuple[int, ...]


def expand(
    agents: Sequence[str],
    query_agents: Sequence[str],
    predecessors: Mapping[str, Collection[str]],
) -> list[Node]:
    """The agents of a session, from those of its coordination, `agents`, in their order.

    `query_agents` holds the agent of each subtask query, `predecessors` those of each agent that
    has an action. An agent that either names has one part for each of its queries, or one without
    a query; where nothing is named, each agent of the coordination has one. A successor waits for
    every part of its predecessor.

    Everything named has been checked: it is in `agents`, predecessors take part, there is no cycle.
    """
    parts = _parts(agents, query_agents, predecessors)
    ordinals: dict[str, list[int]] = {}
    for ordinal, (agent, _) in enumerate(parts):
        ordinals.setdefault(agent, []).append(ordinal)
    before = {agent: predecessors.get(agent, ()) for agent in ordinals}
    # One tuple an agent, shared by its parts: two agents of 500 parts have 250,000 edges.
    waits_for = {agent: _ordinals(befores, ordinals) for agent, befores in before.items()}
    frees = {agent: _ordinals(afters, ordinals) for agent, afters in successors(before).items()}
    return [
        Node(ordinal, agent, query, waits_for[agent], frees[agent])
        for ordinal, (agent, query) in enumerate(parts)
    ]


def _parts(
    agents: Sequence[str], query_agents: Sequence[str], named_by_actions: Collection[str]
) -> list[tuple[str, int | None]]:
    queries: dict[str, list[int | None]] = {}
    for index, agent in enumerate(query_agents):
        queries.setdefault(agent, []).append(index)
    named = {*query_agents, *named_by_actions} or set(agents)
    nothing: list[int | None] = [None]
    return [
        (agent, query)
        for agent in agents
        if agent in named
        for query in queries.get(agent, nothing)
    ]


def _ordinals(agents: Collection[str], ordinals: Mapping[str, Collection[int]]) -> tuple[int, ...]:
    return tuple(sorted(ordinal for agent in {*agents} for ordinal in ordinals[agent]))


@dataclass(frozen=True, slots=True)
class Box:
    """How a node is drawn.

    A node whose `user_in_the_loop` is given is a hexagon that says which. A node with a `state`
    has its colour. Edges into one that is not on the primary path are dotted.
    """

    name: str
    state: str | None = None
    user_in_the_loop: str | None = None
    primary_path: bool = True


COLOURS: Final = {
    "initial": "fill:#f3f4f6,stroke:#9ca3af,color:#111827",
    "in_progress": "fill:#dbeafe,stroke:#2563eb,color:#111827",
    "waiting_for_input": "fill:#fef3c7,stroke:#d97706,color:#111827",
    "completed": "fill:#d1fae5,stroke:#059669,color:#111827",
    "failed": "fill:#fee2e2,stroke:#dc2626,color:#111827",
    "skipped": "fill:#f3f4f6,stroke:#9ca3af,color:#6b7280,stroke-dasharray:4 4",
    "cancelled": "fill:#e5e7eb,stroke:#4b5563,color:#374151",
}


def mermaid(
    boxes: Sequence[Box],
    edges: Iterable[tuple[int, int]],
    direction: Literal["TD", "LR"] = "TD",
) -> str:
    """A Mermaid flowchart of `boxes`; an edge names two of them by position, and is drawn once."""
    states = dict.fromkeys(box.state for box in boxes if box.state in COLOURS)
    lines = [
        f"flowchart {direction}",
        *(_draw(index, box) for index, box in enumerate(boxes)),
        *(
            f"n{before} {'-->' if boxes[after].primary_path else '-.->'} n{after}"
            for before, after in dict.fromkeys(edges)
        ),
        *(f"classDef {state} {COLOURS[state]}" for state in states if state),
    ]
    return "\n    ".join(lines) + "\n"


def _draw(index: int, box: Box) -> str:
    label = escaped(box.name)
    colour = f":::{box.state}" if box.state in COLOURS else ""
    if box.user_in_the_loop is None:
        return f'n{index}["{label}"]{colour}'
    return f'n{index}{{{{"{label} #40;{escaped(box.user_in_the_loop)}#41;"}}}}{colour}'


# Mermaid reads quotes, markdown, HTML, directives and comments even inside a quoted label, and a
# line with "direction LR" anywhere in it is a statement to it. Letters, digits and other single
# spaces it leaves alone.
_UNSAFE: Final = re.compile(r"[^\w ]|_|(?<=direction) ")


def escaped(text: str) -> str:
    """Any text as the inside of a quoted Mermaid label: one line, bounded, itself when drawn."""
    line = " ".join(text.split()) or "?"
    if len(line) > LONGEST_LABEL:
        line = line[: LONGEST_LABEL - 1] + "…"
    return _UNSAFE.sub(lambda unsafe: f"#{ord(unsafe[0])};", line)
