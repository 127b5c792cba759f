"""Chain those agents of a growth anew that a retry resets, so that no more of them run at a time.

The agents before them in the old chain may have ended long ago: then all would start at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from ai_coordination import graph, models
from ai_coordination.engine.session.family import Family, ordinals


class OrderEdges(NamedTuple):
    """The order edges of agents: for which others each waits, and which others it releases."""

    before: Mapping[int, set[int]]
    after: Mapping[int, set[int]]


class Lanes(NamedTuple):
    """A growth of `size` agents from `base` on, in copies of `step` agents. `width` copies run at a
    time.
    """

    base: int
    size: int
    step: int
    width: int


def lanes_of(family: Family, reset: Collection[int]) -> tuple[Lanes, ...]:
    """Return the growths with a limit of which agents are reset."""
    found: set[Lanes] = set()
    for at in reset:
        parent, place = family.parent(at), family.growth_of(at)
        each = parent.agent_action.for_each if parent is not None else None
        if parent is None or place is None or each is None or each.max_concurrency is None:
            continue
        growth = parent.grew[place]
        if growth.turn is None:
            width = int(each.max_concurrency)
            found.add(Lanes(int(growth.base), int(growth.size), int(growth.step), width))
    return tuple(sorted(found))


def chained(
    agents: Mapping[int, models.SessionAgent], lanes: Iterable[Lanes], iteration: int
) -> OrderEdges:
    """Return the order edges among the agents that are reset.

    Of each growth, a copy waits for the one that is `width` copies before it, among those of which
    agents are reset. Its first agents wait for the last ones of that copy. So do the first ones of
    what its agents have added: that is there already, and would not wait for the copy.

    Agents that are reset already, to the `iteration`, have edges of the same plan, or of one whose
    text is lost. Those hold, so that each edge is known at both ends.
    """
    children: dict[int, set[int]] = defaultdict(set)
    for at, agent in agents.items():
        if agent.parent_ordinal is not None:
            children[int(agent.parent_ordinal)].add(at)
    edges = {edge for of_growth in lanes for edge in _of_growth(agents, children, of_growth)}
    for at, agent in agents.items():
        if agent.iteration == iteration:
            edges |= {(before, at) for before in ordinals(agent.order_predecessors)}
            edges |= {(at, after) for after in ordinals(agent.order_successors)}
    waits_for: dict[int, set[int]] = defaultdict(set)
    releases: dict[int, set[int]] = defaultdict(set)
    for before, after in edges:
        waits_for[after].add(before)
        releases[before].add(after)
    return OrderEdges(waits_for, releases)


def _of_growth(
    agents: Mapping[int, models.SessionAgent], children: Mapping[int, set[int]], growth: Lanes
) -> Iterator[tuple[int, int]]:
    copies: dict[int, dict[int, models.SessionAgent]] = defaultdict(dict)
    for at in sorted(agents):
        if growth.base <= at < growth.base + growth.size:
            copies[(at - growth.base) // growth.step][at] = agents[at]
    rows = [copies[copy] for copy in sorted(copies)]
    for before, after in zip(rows, rows[growth.width :], strict=False):
        last = [at for at, one in before.items() if not ordinals(one.successors) & before.keys()]
        whole = graph.downstream(after, children)
        first = [at for at in whole if not ordinals(agents[at].predecessors) & whole]
        yield from product(last, first)
