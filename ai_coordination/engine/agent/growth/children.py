"""Plan the agents that a rule adds: copies of the agent itself, one or many."""

from collections.abc import Sequence
from typing import NamedTuple

from ai_coordination import graph, models, texts
from ai_coordination.engine.agent.growth.plan import Plan, below
from ai_coordination.engine.planning import asked
from ai_coordination.engine.planning.asked import Asked
from ai_coordination.engine.planning.planned_agents import Place, PlannedAgent
from ai_coordination.states import FailurePolicy


class Work(NamedTuple):
    """What one element of a list, or one round, is told. A round continues a thread.

    `asked` is whom an element asks. A round asks whom the agent asks that is repeated.
    """

    text: str
    item_index: int | None = None
    thread_uuid: str | None = None
    asked: Asked | None = None


def of_itself(
    agent: models.SessionAgent, work: Sequence[Work], pending: texts.PendingTexts
) -> Plan:
    """Plan a copy of the agent itself for each piece of work. Large texts are `pending`."""
    action = _action(agent)
    lanes = Lanes(agent, len(work))
    return Plan(
        [
            PlannedAgent(
                ordinal=number,
                member=agent.member,
                action=action,
                text=pending.stored_form(one.text),
                predecessors=(),
                successors=(),
                place=place(agent, one)._replace(
                    order_predecessors=lanes.before(number),
                    order_successors=lanes.after(number),
                ),
                asked=asked.of_item(agent) if one.asked is None else one.asked,
            )
            for number, one in enumerate(work)
        ],
        step=1,
    )


def place(agent: models.SessionAgent, work: Work) -> Place:
    """The place of an agent that the next growth adds."""
    return Place(
        parent=int(agent.ordinal),
        depth=below(agent),
        round=int(agent.grown or 0) + 1,
        item_index=work.item_index,
        thread_from=graph.OWN_THREAD,
        thread_uuid=work.thread_uuid,
    )


class Lanes:
    """Which copy waits for which: each begins once the one so many places before it has ended."""

    def __init__(self, agent: models.SessionAgent, copies: int) -> None:
        for_each = agent.agent_action.for_each
        at_once = None if for_each is None else for_each.max_concurrency
        self._at_once = copies if at_once is None else int(at_once)
        self._copies = copies

    def before(self, copy: int) -> tuple[int, ...]:
        """The copy that must have ended before this one begins, if any."""
        return (copy - self._at_once,) if copy >= self._at_once else ()

    def after(self, copy: int) -> tuple[int, ...]:
        """The copy that begins after this one, if any."""
        return (copy + self._at_once,) if copy + self._at_once < self._copies else ()


def tolerates_failures(agent: models.SessionAgent) -> bool:
    """Whether the failures of elements are counted, and end neither the session nor the list."""
    for_each = agent.agent_action.for_each
    return for_each is not None and for_each.tolerated_failures is not None


def _action(agent: models.SessionAgent) -> models.AgentAction:
    """How a copy of the agent runs. The other settings are for the agent that adds it."""
    own = agent.agent_action
    on_failure = own.on_failure
    if tolerates_failures(agent):
        on_failure = FailurePolicy.CONTINUE.value
    return models.AgentAction(
        **{
            **own.attribute_values,
            "predecessors": [],
            "when": None,
            "delay_seconds": 0,
            "input": None,
            "for_each": None,
            "repeat": None,
            "task_uuid": None,
            "on_failure": on_failure,
        }
    )
