"""Retry an ended session: reset the agents that the plan names, in the session's next iteration.

All other agents stay as they are, with their iteration. Late messages and releases of the old
iteration have no effect.
"""

from collections.abc import Collection, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.agent import answer, spending, transitions
from ai_coordination.engine.agent.apply import apply, seal
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import operation, retry_plan
from ai_coordination.engine.session.operation import Operation
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.errors import TextUnavailable
from ai_coordination.models import moves, reads, writes
from ai_coordination.services.agent_rules import with_default_timeout
from ai_coordination.states import TERMINAL_SESSION, SessionAgentState


def mark(engine: Engine, session: models.Session, plan: Plan) -> models.Session | None:
    """Mark an ended session that has all the agents it started with, and pin the plan.

    Returns the marked session, also if another retry has marked it; None if it can no longer be
    retried. The plan belongs to the iteration in which the session was read.
    """
    kind = models.Session
    stored = texts.store(texts.Owner.of(session), retry_plan.dump(plan))
    return operation.mark(
        engine,
        session,
        Operation.RETRY,
        kind.status.is_in(*(status.value for status in TERMINAL_SESSION))
        & (kind.iteration_count == session.iteration_count)
        & (kind.iteration_count >= 1)
        & (kind.agent_count == session.graph_size)
        & operation.is_free(),
        [kind.retry_plan.set(stored)],
    )


def resume(engine: Engine, session: models.Session) -> models.Session | None:
    """Reset each agent of the plan, then start the session.

    Returns the started session; None if another worker was faster and the session has moved on.
    """
    iteration = int(session.iteration_count) + 1
    all_agents = reads.all_rows(
        models.SessionAgent, session.session_uuid, tenant=session.partition_key
    )
    try:
        plan = _plan(session, all_agents)
    except TextUnavailable:
        return _resume_with_new_plan(engine, session, retry_plan.recovered(all_agents, iteration))
    if not plan.reset:
        _undo(engine, session)
        return None
    ready: list[models.SessionAgent] = []
    sinks: set[float] = set()
    dead = {
        agent.ordinal
        for agent in all_agents
        if agent.was_skipped_by_condition and agent.ordinal not in plan.reset
    }
    for agent in all_agents:
        ordinal = int(agent.ordinal)
        if ordinal not in plan.reset:
            continue
        if not plan.reset.intersection(agent.successors or ()):
            sinks.add(ordinal)
        # A slow worker may find agents of an iteration that came after this one.
        is_behind = agent.iteration < iteration
        now = _reset(engine, agent, iteration, plan, dead) if is_behind else agent
        if not plan.reset.intersection(agent.predecessors or ()):
            ready.append(now)
    return _begin(engine, session, plan, sinks, ready)


def _plan(session: models.Session, all_agents: Sequence[models.SessionAgent]) -> Plan:
    if session.operation == Operation.RETRY_OF_0_1_0:
        return retry_plan.by_version_0_1_0(all_agents)
    return retry_plan.load(texts.read(session.partition_key, session.retry_plan))


def _resume_with_new_plan(
    engine: Engine, session: models.Session, plan: Plan
) -> models.Session | None:
    """The text of the plan is lost: replace it, unless another worker was faster."""
    kind = models.Session
    stored = texts.store(texts.Owner.of(session), retry_plan.dump(plan))
    _, after = writes.update_if(
        session,
        [kind.retry_plan.set(stored)],
        operation.is_marked_as_read(session) & _has_plan_as_read(session),
        engine.context,
    )
    if after is None or after.operation != Operation.RETRY:
        return None
    if after.iteration_count != session.iteration_count:
        return None
    return resume(engine, after)


def _has_plan_as_read(session: models.Session) -> Condition:
    kind = models.Session
    condition: Condition = kind.iteration_count == session.iteration_count
    condition &= moves.same(kind.retry_plan, session.retry_plan)
    return condition


def _begin(
    engine: Engine,
    session: models.Session,
    plan: Plan,
    sinks: set[float],
    ready: Sequence[models.SessionAgent],
) -> models.Session | None:
    kind = models.Session
    return operation.begin_iteration(
        engine,
        session,
        sinks=sinks,
        ready=ready,
        condition=_has_plan_as_read(session),
        actions=[
            kind.retry_plan.remove(),
            kind.awaiting_input.remove(),
            kind.finished_at.remove(),
            kind.falls_short.set(True) if plan.falls_short else kind.falls_short.remove(),
        ],
    )


def _undo(engine: Engine, session: models.Session) -> None:
    """Nothing is left to retry: leave the session as it was.

    A retry of version 0.1.0 may find a session just completed. Or a plan that named completed
    agents is lost, and none of them was reset.
    """
    plan_gone = [models.Session.retry_plan.remove()]
    operation.unmark(engine, session, _has_plan_as_read(session), plan_gone)


def _reset(
    engine: Engine,
    agent: models.SessionAgent,
    iteration: int,
    plan: Plan,
    dead: Collection[float],
) -> models.SessionAgent:
    """Reset an agent for the next iteration. Return it as the reset leaves it.

    The write is refused if another worker was first. The plan is pinned, so the result is the same.
    """
    if agent.due_at:
        # Its worker may have died before this. Once the agent is reset, nothing would do it.
        _finish(engine, agent)
    waits_for: set[float] = {*plan.reset.intersection(agent.predecessors or ())}
    is_sink = not plan.reset.intersection(agent.successors or ())
    changes: dict[str, Any] = {"is_sink": is_sink or None}
    if plan.members is not None:
        member = plan.members[agent.agent_uuid]
        action = with_default_timeout(agent.agent_action, member.runtime.kind)
        changes["member"] = models.anonymous(member)
        changes["agent_action"] = models.anonymous(action)
    if int(agent.ordinal) not in plan.asking:
        changes |= _forgotten(agent, follows=bool(waits_for))
    reset = transitions.to_next_iteration(engine, agent, iteration, waits_for, changes, dead)
    apply(engine, reset)
    return reset.result()


def _finish(engine: Engine, agent: models.SessionAgent) -> None:
    """Seal the run of an ended agent, and charge the session. Its successors are reset, too."""
    if agent.state == SessionAgentState.COMPLETED:
        seal(engine, agent)
    if spending.owes(agent):
        spending.settle(engine, [agent])


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
