"""The agents of a session as parents and children, for the plan of a retry."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from ai_coordination import graph, models
from ai_coordination.engine.agent import answer
from ai_coordination.states import FailurePolicy, SessionAgentState

# What a retry begins from, unless the caller names agents, or it is handled.
UNFINISHED = (SessionAgentState.FAILED, SessionAgentState.CANCELLED, SessionAgentState.SKIPPED)


class Family:
    """The agents of a session without superseded ones, which are no part of it now."""

    def __init__(self, agents: Iterable[models.SessionAgent]) -> None:
        self.by_ordinal = {int(agent.ordinal): agent for agent in agents if not agent.superseded}
        self._after = {
            at: [int(one) for one in agent.successors or () if one in self.by_ordinal]
            for at, agent in self.by_ordinal.items()
        }
        self._children: dict[int, list[int]] = defaultdict(list)
        for at, agent in self.by_ordinal.items():
            if agent.parent_ordinal is not None:
                self._children[int(agent.parent_ordinal)].append(at)

    def downstream(self, begins: Iterable[int]) -> set[int]:
        """Return these agents and all that follow them. Children lead to their parent."""
        return graph.downstream(begins, self._after)

    def after(self, at: int) -> Sequence[int]:
        """Return the successors of an agent."""
        return self._after[at]

    def children(self, at: int) -> Sequence[int]:
        """Return the agents that an agent has added, of all its growths."""
        return self._children.get(at, ())

    def children_since(self, at: int, growth: int) -> list[int]:
        """Return the children of an agent in its growths from one on, and those in none.

        A child is in no growth if its parent was reset without it.
        """
        places = ((child, self.growth_of(child)) for child in self.children(at))
        return [child for child, place in places if place is None or place >= growth]

    def descendants(self, children: Iterable[int]) -> set[int]:
        """Return these agents, and everything that was added below them."""
        found: set[int] = set()
        pending = list(children)
        while pending:
            at = pending.pop()
            if at not in found:
                found.add(at)
                pending += self.children(at)
        return found

    def growth_of(self, at: int) -> int | None:
        """Return the place of a child's growth among those of its parent, from 0."""
        parent = self.parent(at)
        for place, growth in enumerate((parent and parent.grew) or ()):
            if growth.base <= at < growth.base + growth.size:
                return place
        return None

    def parent(self, at: int) -> models.SessionAgent | None:
        """Return the agent that has added an agent."""
        above = self.by_ordinal[at].parent_ordinal
        return None if above is None else self.by_ordinal.get(int(above))

    def unfinished(self, opened: Collection[int] = ()) -> set[int]:
        """Return what has failed, was cancelled or was skipped because of a failure.

        What is handled is left out, unless the session cannot complete without it. An agent that
        was skipped by a condition is complete. The children of `opened` agents are never handled.
        """
        return {
            at
            for at, agent in self.by_ordinal.items()
            if is_unfinished(agent)
            if falls_short(agent) or not self._is_handled(at, opened)
        }

    def below(self, tops: Collection[int]) -> set[int]:
        """Return everything below these agents."""
        return self.descendants(child for top in tops for child in self.children(top))

    def _is_handled(self, at: int, opened: Collection[int]) -> bool:
        """Whether a parent above the agent has gone on without it: it has answered, or grown again.

        An answer that waits for a person counts. A failure that a map tolerates is an example.
        """
        place = at
        while (parent := self.parent(place)) is not None:
            above = int(parent.ordinal)
            if self.growth_of(place) != len(parent.grew or ()) - 1:
                return True
            if above in opened:
                return False
            if parent.state == SessionAgentState.COMPLETED or answer.keeps_answer(parent):
                return True
            place = above
        return False


def is_unfinished(agent: models.SessionAgent) -> bool:
    """Whether an agent failed, was cancelled, or was skipped because of a failure."""
    if agent.state == SessionAgentState.SKIPPED:
        return bool(agent.skip_requested)
    return agent.state in UNFINISHED


def falls_short(agent: models.SessionAgent) -> bool:
    """Whether a session cannot complete with an agent as it is."""
    if agent.state == SessionAgentState.FAILED:
        return bool(agent.agent_action.on_failure == FailurePolicy.FAIL_SESSION)
    return bool(agent.state == SessionAgentState.CANCELLED)


def ordinals(edges: Iterable[float] | None) -> set[int]:
    """Return a set of edges as ordinals."""
    return {int(edge) for edge in edges or ()}


def last_sinks(agent: models.SessionAgent, growths: int | None = None) -> set[int]:
    """Return the children that an agent waits for: the sinks of the last of its first `growths`.

    None: of all its growths.
    """
    grew = list(agent.grew or ())[:growths]
    return grew[-1].sink_ordinals() if grew else set()


def delegates(agent: models.SessionAgent) -> int | None:
    """Return the place of an agent's first growth that it delegated in an answer; None: no one."""
    turns = [growth.turn for growth in agent.grew or ()]
    return next((place for place, turn in enumerate(turns) if turn is not None), None)
