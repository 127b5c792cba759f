"""Starting an ended session again, in its next iteration: what failed, and all that follows it.

What is not reset stays as it is, with its iteration; messages and releases of the old one meet
nothing.
"""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import answer, release
from ai_coordination.engine.agent.release import GRACE_SECONDS
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import mark, retry_plan
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.engine.session_log import entry
from ai_coordination.errors import TextUnavailable
from ai_coordination.models import due, moves, reads, writes
from ai_coordination.services.rules import for_kind
from ai_coordination.states import TERMINAL_SESSION, LogLevel, SessionAgentState, SessionStatus

# Workers of version 0.1.0 know neither this mark nor a plan, and leave such a session alone.
RETRY = "retry-plan"
RETRY_OF_0_1_0 = "retry"
RETRIES = (RETRY, RETRY_OF_0_1_0)


def begin(engine: Engine, session: models.Session, plan: Plan) -> models.Session | None:
    """Mark an ended session that has all the agents it started with, and pin the plan.

    Returns the marked session, also where another retry has marked it; None where it cannot be
    retried any more. The plan is of the iteration that the session was read in.
    """
    kind = models.Session
    stored = texts.keep(texts.Owner.of(session), retry_plan.pinned(plan))
    landed, after = writes.change(
        session,
        [*mark.marked(engine, session, RETRY), kind.retry_plan.set(stored)],
        kind.status.is_in(*(one.value for one in TERMINAL_SESSION))
        & (kind.iteration_count == session.iteration_count)
        & (kind.iteration_count >= 1)
        & (kind.agent_count == session.graph_size)
        & kind.doing.does_not_exist(),
        engine.deadline,
    )
    if landed or (after is not None and after.doing in RETRIES):
        return after
    return None


def go_on(engine: Engine, session: models.Session) -> models.Session | None:
    """Reset each agent of the plan, then start the session.

    Returns the session as it has started; None where another worker was faster, and the session
    has moved on since.
    """
    iteration = int(session.iteration_count) + 1
    everyone = reads.everything(models.SessionAgent, session.session_uuid, session.partition_key)
    try:
        plan = _plan(session, everyone)
    except TextUnavailable:
        return _planned_anew(engine, session, retry_plan.recovered(everyone, iteration))
    if not plan.reset:
        _undo(engine, session)
        return None
    ready = []
    last: set[float] = set()
    for agent in everyone:
        ordinal = int(agent.ordinal)
        if ordinal not in plan.reset:
            continue
        if not plan.reset.intersection(agent.successors or ()):
            last.add(ordinal)
        # A slow worker may meet agents of an iteration that came after this one.
        if agent.iteration < iteration:
            _reset(engine, agent, iteration, plan)
        if not plan.reset.intersection(agent.predecessors or ()):
            agent.iteration = iteration
            ready.append(agent)
    after = _started(engine, session, last, plan)
    if after is not None:
        engine.send(*ready)
    return after


def _plan(session: models.Session, everyone: Sequence[models.SessionAgent]) -> Plan:
    if session.doing == RETRY_OF_0_1_0:
        return retry_plan.by_version_0_1_0(everyone)
    return retry_plan.unpinned(texts.read(session.partition_key, session.retry_plan))


def _planned_anew(engine: Engine, session: models.Session, plan: Plan) -> models.Session | None:
    """The text of the plan is lost: another one takes its place, unless somebody was faster."""
    kind = models.Session
    stored = texts.keep(texts.Owner.of(session), retry_plan.pinned(plan))
    _, after = writes.change(
        session,
        [kind.retry_plan.set(stored)],
        _stands(session),
        engine.deadline,
    )
    if after is None or after.doing != RETRY or after.iteration_count != session.iteration_count:
        return None
    return go_on(engine, after)


def _stands(session: models.Session) -> Condition:
    """This retry of the session is under way, with this plan."""
    kind = models.Session
    same: Condition = mark.stands(session) & (kind.iteration_count == session.iteration_count)
    same &= moves.same(kind.retry_plan, session.retry_plan)
    return same


def _started(
    engine: Engine, session: models.Session, last: set[float], plan: Plan
) -> models.Session | None:
    kind = models.Session
    before = int(session.iteration_count)
    actions, stands = moves.session(SessionStatus.IN_PROGRESS, before, retry=True)
    now = engine.now()
    message = f"Started again: iteration {before + 1}"
    landed, after = writes.change(
        session,
        [
            *actions,
            *mark.unmarked(),
            *entry(engine, session, LogLevel.INFO, message),
            kind.retry_plan.remove(),
            kind.asking.remove(),
            kind.finished_at.remove(),
            kind.iteration_count.set(before + 1),
            kind.waiting_on.set(last),
            kind.falls_short.set(True) if plan.falls_short else kind.falls_short.remove(),
            kind.started_at.set(now),
            kind.updated_at.set(now),
        ],
        stands & _stands(session),
        engine.deadline,
    )
    if after is None or not (landed or after.iteration_count == before + 1):
        return None
    if landed:
        metrics.session_started()
    return after


def _undo(engine: Engine, session: models.Session) -> None:
    """A retry of version 0.1.0 may have met a session that had just completed."""
    kind = models.Session
    writes.change(
        session,
        mark.unmarked(),
        mark.stands(session)
        & (kind.doing == RETRY_OF_0_1_0)
        & (kind.iteration_count == session.iteration_count),
        engine.deadline,
    )


def _reset(engine: Engine, agent: models.SessionAgent, iteration: int, plan: Plan) -> None:
    """The agent waits for its first attempt again. Refused where an earlier try has reset it."""
    if agent.state == SessionAgentState.COMPLETED and agent.due_at:
        # Nobody would seal its run any more.
        release.seal(engine, agent)
    kind = models.SessionAgent
    waits_for: set[float] = {*plan.reset.intersection(agent.predecessors or ())}
    is_last = not plan.reset.intersection(agent.successors or ())
    actions, stands = moves.agent(SessionAgentState.INITIAL, int(agent.iteration), retry=True)
    dueness = (
        due.settled(kind)
        if waits_for
        else due.due(kind, agent.session_uuid, engine.later(GRACE_SECONDS))
    )
    if plan.members is not None:
        member = plan.members[agent.agent_uuid]
        action = for_kind(agent.agent_action, member.runtime.kind)
        actions.append(kind.agent.set(models.anonymous(member)))
        actions.append(kind.agent_action.set(models.anonymous(action)))
    if int(agent.ordinal) not in plan.asking:
        actions += _forgotten(agent, follows=bool(waits_for))
    writes.change(
        agent,
        [
            *actions,
            *dueness,
            kind.iteration.set(iteration),
            kind.attempt.set(0),
            kind.waiting_on.set(waits_for) if waits_for else kind.waiting_on.remove(),
            kind.last.set(True) if is_last else kind.last.remove(),
            kind.skip.remove(),
            kind.notes.remove(),
            kind.not_before.remove(),
            kind.user_input.remove(),
            kind.updated_at.set(engine.now()),
        ],
        stands,
        engine.deadline,
    )


def _forgotten(agent: models.SessionAgent, *, follows: bool) -> list[Action]:
    """What an agent that works anew has answered; of a rejected answer its next attempt is told.

    Where it `follows` what is done anew, that answer was about something else.
    """
    kind = models.SessionAgent
    actions: list[Action] = [kind.agent_output.remove(), kind.usage.remove()]
    if follows:
        return [*actions, kind.rejected_output.remove(), kind.rejected_because.remove()]
    if answer.was_rejected(agent):
        why = kind.rejected_because
        remark = why.remove() if agent.user_input is None else why.set(agent.user_input)
        actions += [kind.rejected_output.set(agent.agent_output), remark]
    return actions
