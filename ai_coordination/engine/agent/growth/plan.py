"""The plan of agents that another one adds in front of itself."""

from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

from ai_coordination import models
from ai_coordination.engine.planning.planned_agents import Place, PlannedAgent


class Plan(NamedTuple):
    """The agents to add, with ordinals from 0 and places: the session says later where they begin.

    They are equal copies of `step` agents each, one after the other. Agents without successors lead
    to the parent. `turn` is the parent's turn if it has delegated the work, None if a rule adds
    them.
    """

    agents: Sequence[PlannedAgent]
    step: int
    turn: int | None = None

    def growth(self, base: int) -> models.Growth:
        """What the parent stores of the agents that begin at an ordinal."""
        of_a_copy = self.agents[: self.step]
        sinks = [agent.ordinal for agent in of_a_copy if not agent.successors]
        return models.Growth(
            base=base, size=len(self.agents), step=self.step, sinks=sinks, turn=self.turn
        )

    def placed(self, base: int) -> list[PlannedAgent]:
        """Return the agents with their ordinals, each after all that it leads to.

        So a part of the list, from the first on, lacks nothing that its agents release.
        """
        waits_for = {agent.ordinal: agent.waits_for for agent in self.agents}
        in_order = [self.agents[at] for at in TopologicalSorter(waits_for).static_order()]
        return [_placed(agent, base) for agent in reversed(in_order)]


def _placed(agent: PlannedAgent, base: int) -> PlannedAgent:
    place = _place_of(agent)
    thread_from = place.thread_from if place.thread_from < 0 else place.thread_from + base
    return agent._replace(
        ordinal=agent.ordinal + base,
        predecessors=_moved(agent.predecessors, base),
        successors=_moved(agent.successors, base) or (place.parent,),
        place=place._replace(
            order_predecessors=_moved(place.order_predecessors, base),
            order_successors=_moved(place.order_successors, base),
            thread_from=thread_from,
        ),
    )


def _place_of(agent: PlannedAgent) -> Place:
    if agent.place is None:
        raise ValueError("an agent that is added has a place")
    return agent.place


def _moved(ordinals: Sequence[int], base: int) -> tuple[int, ...]:
    return tuple(ordinal + base for ordinal in ordinals)


def below(agent: models.SessionAgent) -> int:
    """The depth of what an agent adds."""
    return int(agent.depth or 0) + 1
