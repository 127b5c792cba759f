"""What an agent is after a retry has reset it: what it forgets, and what it keeps."""

from collections.abc import Collection
from typing import Any

from ai_coordination import models
from ai_coordination.engine.agent import answer
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.session.family import delegates, last_sinks, ordinals
from ai_coordination.engine.session.order_edges import OrderEdges
from ai_coordination.engine.session.retry_plan import Plan, continues_turn
from ai_coordination.services.agent_rules import with_default_timeout


def inputs(agent: models.SessionAgent, plan: Plan) -> frozenset[int]:
    """Return the agents that are reset, and whose outputs an agent gets: it waits for them."""
    kept = plan.keeps.get(int(agent.ordinal))
    return plan.reset.intersection(ordinals(agent.predecessors) | last_sinks(agent, kept))


def changes(
    agent: models.SessionAgent, plan: Plan, edges: OrderEdges, dead: Collection[int]
) -> Changes:
    """Return what the reset changes, apart from what it changes of every agent.

    `edges` are the order edges of all agents that are reset. `dead` are the agents that conditions
    have skipped, and that the retry leaves so.
    """
    ordinal = int(agent.ordinal)
    before = ordinals(agent.predecessors)
    is_sink = plan.reset.isdisjoint(ordinals(agent.successors))
    result: dict[str, Any] = {
        "is_sink": is_sink or None,
        "order_predecessors": edges.before.get(ordinal),
        "order_successors": edges.after.get(ordinal),
        "dead": before.intersection(dead) or None,
        **_growth(agent, plan),
    }
    if agent.delayed and _has_begun(agent) and plan.reset.isdisjoint(before):
        result["delayed"] = True
    if plan.members is not None:
        member = plan.members[agent.agent_uuid]
        action = with_default_timeout(agent.agent_action, member.runtime.kind)
        result["member"] = models.anonymous(member)
        result["agent_action"] = models.anonymous(action)
    if ordinal not in plan.asking:
        result |= _forgotten(agent, follows=bool(inputs(agent, plan)))
    return result


def _growth(agent: models.SessionAgent, plan: Plan) -> Changes:
    """Drop the growths that the plan says. An agent that continues in its turn keeps the turn."""
    grew = list(agent.grew or ())
    kept = plan.keeps.get(int(agent.ordinal))
    if kept is not None:
        grown = sum(growth.turn is None for growth in grew[:kept])
        return {"grew": grew[:kept] or None, "grown": grown or None}
    asks_after = int(agent.ordinal) in plan.asking and delegates(agent) is not None
    if asks_after or continues_turn(agent):
        return {"turn": agent.turn, "resume": agent.resume}
    return {}


def _has_begun(agent: models.SessionAgent) -> bool:
    """Whether the agent was started, so that its delay was over."""
    return bool(agent.attempt or agent.turn or agent.grew)


def _forgotten(agent: models.SessionAgent, *, follows: bool) -> Changes:
    """Forget what an agent has answered, before it runs again. The next attempt gets a rejected
    answer and the remark.

    If the agent `follows` another that is reset, that answer was about something else.
    """
    changes: dict[str, Any] = {"agent_output": None, "usage": None}
    if follows:
        return {**changes, "rejected_output": None, "rejected_because": None}
    if answer.was_rejected(agent):
        changes["rejected_output"] = agent.agent_output
        changes["rejected_because"] = agent.user_input
    return changes
