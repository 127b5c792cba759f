"""Which parts of the context an expression names, so that only those are loaded."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from ai_coordination.expressions import syntax
from ai_coordination.expressions.failures import ExpressionFailed
from ai_coordination.expressions.syntax import Node

# The roots whose members are agents, by `agentUuid`.
OF_AGENTS: Final = frozenset({"outputs", "states", "answers"})
# What is evaluated over the first child's value, not over what the node itself is evaluated over.
PROJECTIONS: Final = frozenset(
    {
        "filter_projection",
        "flatten",
        "index_expression",
        "pipe",
        "projection",
        "subexpression",
        "value_projection",
    }
)


class Roots(NamedTuple):
    """The roots that an expression names, and of `outputs`, `states`, `answers` the agents.

    `all_roots`: it looks at the context as a whole, so every root is needed.
    """

    named: frozenset[str] = frozenset()
    all_roots: bool = False
    # By root: the agents, or None for all of them.
    by_root: Mapping[str, frozenset[str] | None] = MappingProxyType({})

    def needs(self, root: str) -> bool:
        """Whether the root is needed."""
        return self.all_roots or root in self.named

    def agents(self, root: str, known: Collection[str]) -> list[str]:
        """Those of the known agents that are needed under a root, in their order."""
        if self.all_roots:
            return list(known)
        agents = self.by_root.get(root, frozenset())
        return [agent for agent in known if agents is None or agent in agents]


EVERYTHING: Final = Roots(all_roots=True)


@lru_cache(maxsize=256)
def names(text: str) -> Roots:
    """Return what an expression names. Everything, if it cannot be read."""
    try:
        root = syntax.tree(text)
    except ExpressionFailed:
        return EVERYTHING
    agents: dict[str, frozenset[str] | None] = {}
    for name, agent in named(root):
        if name is None:
            return EVERYTHING
        known = agents.get(name, frozenset())
        agents[name] = None if agent is None or known is None else known | {agent}
    return Roots(frozenset(agents), False, agents)


def named(node: Node) -> Iterator[tuple[str | None, str | None]]:
    """Each root with its member that the node names, for a node evaluated over the context.

    A member None stands for the whole root, a root None for the whole context.
    """
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield node["value"], None
    elif kind in {"current", "identity"}:
        yield None, None
    elif kind == "subexpression" and children[0]["type"] == "field":
        yield children[0]["value"], _first_name(children[1])
    elif kind in PROJECTIONS:
        yield from named(children[0])
    elif kind != "expref":
        # An `&` expression is evaluated over the elements of a list.
        for child in syntax.children(node):
            yield from named(child)


def _first_name(node: Node) -> str | None:
    """The name that a node begins with: of `critic[0].score` it is `critic`."""
    while node["type"] in PROJECTIONS:
        node = node["children"][0]
    name: str | None = node["value"] if node["type"] == "field" else None
    return name
