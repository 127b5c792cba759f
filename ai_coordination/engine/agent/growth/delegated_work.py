"""The plan of the agents that do delegated work."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ai_coordination import models, texts
from ai_coordination.engine.agent import delegated
from ai_coordination.engine.agent.growth import plan
from ai_coordination.engine.agent.growth.plan import Plan
from ai_coordination.engine.planning import asked
from ai_coordination.engine.planning.planned_agents import Place, PlannedAgent
from ai_coordination.runtimes.delegations import Work
from ai_coordination.services.agent_rules import build_action, with_default_timeout
from ai_coordination.states import FailurePolicy

# What places an agent in a graph, or lets it run as anything but itself.
_NOWHERE: Final[Mapping[str, Any]] = {
    "predecessors": [],
    "when": None,
    "input": None,
    "delay_seconds": 0,
    "for_each": None,
    "repeat": None,
    "task_uuid": None,
    "on_failure": FailurePolicy.CONTINUE.value,
}


def plan_of(
    session: models.Session,
    agent: models.SessionAgent,
    work: Sequence[Work],
    pending: texts.PendingTexts,
) -> Plan:
    """Plan an agent for each piece of work. Its large texts are `pending` afterwards."""
    members, actions = delegated.rules(session, agent)
    successors: dict[int, list[int]] = defaultdict(list)
    for index, piece in enumerate(work):
        for before in piece.after:
            successors[before].append(index)
    rules = [_action(actions.get(one.agent_uuid), members[one.agent_uuid]) for one in work]
    task_query = agent.task_query or session.task_query
    planned = [
        PlannedAgent(
            ordinal=index,
            member=members[piece.agent_uuid],
            action=rules[index],
            text=pending.stored_form(piece.subtask_query),
            predecessors=piece.after,
            successors=tuple(successors[index]),
            place=Place(
                parent=int(agent.ordinal),
                depth=plan.below(agent),
                round=agent.current_turn,
                item_index=index,
                task_query=agent.task_query,
            ),
            asked=asked.of_query(agent.partition_key, rules[index], task_query),
        )
        for index, piece in enumerate(work)
    ]
    return Plan(planned, step=len(planned), turn=agent.current_turn)


def _action(rules: models.AgentAction | None, member: models.Agent) -> models.AgentAction:
    """The rules of a member that does delegated work: those of the task that do not place it."""
    if rules is None:
        rules = build_action(member.agent_uuid, [], {}, 0)
    own = {**rules.attribute_values, **_NOWHERE, "agent_uuid": member.agent_uuid}
    kind: Any = models.AgentAction
    return with_default_timeout(kind(**own), member.runtime.kind)
