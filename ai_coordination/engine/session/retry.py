"""Retry an ended session: reset the agents that the plan names, in the session's next iteration.

All other agents stay as they are, with their iteration. Late messages and releases of the old
iteration have no effect.
"""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, texts
from ai_coordination.engine.agent import spending, transitions
from ai_coordination.engine.agent.apply import apply, seal
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.planning import pinned_tasks
from ai_coordination.engine.session import operation, order_edges, retry_plan, retry_reset
from ai_coordination.engine.session.operation import Operation
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.errors import TextUnavailable
from ai_coordination.models import moves, reads, retention, writes
from ai_coordination.states import TERMINAL_AGENT, TERMINAL_SESSION, SessionAgentState


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
        # An ended session continues only in a later iteration, so the iteration would be enough.
        kind.status.is_in(*(status.value for status in TERMINAL_SESSION))
        & (kind.iteration_count == session.iteration_count)
        & (kind.iteration_count >= 1)
        & (kind.agent_count == session.graph_size)
        & operation.is_free(),
        [kind.retry_plan.set(stored)],
    )


def resume(engine: Engine, session: models.Session) -> models.Session | None:
    """Reset each agent of the plan, supersede those that it replaces, then start the session.

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
    by_ordinal = {int(agent.ordinal): agent for agent in all_agents}
    agents = {at: by_ordinal[at] for at in sorted(plan.reset)}
    edges = order_edges.chained(agents, plan.lanes, iteration)
    dead = {
        at
        for at, agent in by_ordinal.items()
        if agent.was_skipped_by_condition and at not in plan.reset
    }
    ready: list[models.SessionAgent] = []
    sinks: set[float] = set()
    for at, agent in agents.items():
        if plan.reset.isdisjoint(agent.successors or ()):
            sinks.add(at)
        waiting_on = {*retry_reset.inputs(agent, plan), *edges.before.get(at, ())}
        now = agent
        # A slow worker may find agents of an iteration that came after this one.
        if agent.iteration < iteration:
            changes = retry_reset.changes(agent, plan, edges, dead)
            now = _reset(engine, agent, iteration, waiting_on, changes)
        if not waiting_on:
            ready.append(now)
    for at in sorted(plan.superseded):
        _supersede(engine, by_ordinal[at], iteration)
    superseded = {at for at, agent in by_ordinal.items() if agent.superseded} | plan.superseded
    return _begin(engine, session, plan, sinks, ready, len(superseded))


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
        # Each plan belongs to one mark, so the plan alone would be enough.
        operation.is_marked_as_read(session) & _has_plan_as_read(session),
        engine.context,
    )
    if after is None or after.operation != Operation.RETRY:
        return None
    if after.iteration_count != session.iteration_count:
        return None
    return resume(engine, after)


def _has_plan_as_read(session: models.Session) -> Condition:
    """A plan whose text is lost is replaced under the same mark. The mark is of this iteration."""
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
    superseded: int,
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
            kind.final_progress.remove(),
            *([] if session.purge_at is None else retention.clear(kind)),
            kind.output.remove(),
            kind.falls_short.set(True) if plan.falls_short else kind.falls_short.remove(),
            *([kind.superseded_count.set(superseded)] if superseded else []),
            *_pinned_members(session, plan),
        ],
    )


def _pinned_members(session: models.Session, plan: Plan) -> list[Action]:
    """Let the members of now do what is added from now on, if the retry takes them."""
    if plan.members is None or session.pinned_tasks is None:
        return []
    try:
        pinned = pinned_tasks.of(session)
    except TextUnavailable:
        return []
    pending = texts.PendingTexts(texts.Owner.of(session))
    stored = pinned_tasks.stored(pinned_tasks.with_members(pinned, plan.members), pending)
    pending.write()
    return [models.Session.pinned_tasks.set(stored)]


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
    waiting_on: set[float],
    changes: Changes,
) -> models.SessionAgent:
    """Reset an agent for the next iteration. Return it as the reset leaves it.

    The write is refused if another worker was first. The plan is pinned, so the result is the same.
    """
    _finish(engine, agent)
    reset = transitions.to_next_iteration(engine, agent, iteration, waiting_on, changes)
    apply(engine, reset)
    return reset.result()


def _supersede(engine: Engine, agent: models.SessionAgent, iteration: int) -> None:
    """Note that a retry replaces an ended agent: its parent begins again without it."""
    if agent.superseded:
        return
    _finish(engine, agent)
    kind = models.SessionAgent
    writes.update_if(
        agent,
        [
            kind.superseded.set(True),
            kind.updated_at.set(engine.now()),
            kind.change_count.add(1),
            *outbox.cleared(agent),
        ],
        # No later retry resets a superseded agent (see Family), so a late write does no harm.
        kind.state.is_in(*(state.value for state in TERMINAL_AGENT)) & (kind.iteration < iteration),
        engine.context,
    )


def _finish(engine: Engine, agent: models.SessionAgent) -> None:
    """Seal the run of an ended agent that is due, and charge the session.

    Its worker may have died before this. Once the agent is reset, nothing would do it. What follows
    it is reset, too.
    """
    if not agent.due_at:
        return
    if agent.state == SessionAgentState.COMPLETED:
        seal(engine, agent)
    if spending.owes(agent):
        spending.settle(engine, [agent])
