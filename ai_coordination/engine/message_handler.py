"""Handle a message: read the item as it is now, and perform its outstanding work.

A message says only where to look, so it may arrive twice, late or never.
"""

from contextlib import suppress

from pynamodb.expressions.condition import Condition

from ai_coordination import models, telemetry, texts, timestamps
from ai_coordination.engine import context, lanes, looks
from ai_coordination.engine.agent import (
    abandon,
    accept,
    answer,
    claim,
    complete,
    fail,
    heartbeat,
    invoke,
    lease,
    poll,
    release,
    reservation,
)
from ai_coordination.engine.agent.growth.rest import PlanLost
from ai_coordination.engine.context import Engine, HandedOver
from ai_coordination.engine.events import outbox
from ai_coordination.engine.session import (
    deadline,
    dispatch,
    end,
    operation,
    purge,
    retry,
    start,
)
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import InputError, TextUnavailable
from ai_coordination.messages import (
    AgentMessage,
    CancelMessage,
    CleanupMessage,
    Lane,
    Message,
    RuntimeMessage,
    SessionMessage,
    as_json,
)
from ai_coordination.models import moves, reads
from ai_coordination.states import (
    FailurePolicy,
    RunOutcome,
    SessionAgentState,
)

# Those members of a message that each line in the log repeats.
LOGGED = frozenset({"kind", "tenant", "coordination", "session", "agent"})


def work(engine: Engine, message: Message) -> None:
    """Perform the outstanding work of the item that a message names. Raises NoTime."""
    engine = engine._replace(waits=message.lane is Lane.CALLS)
    _name_message(message)
    if isinstance(message, CleanupMessage):
        texts.clean_up(message)
    elif isinstance(message, CancelMessage):
        abandon.cancel(engine, message)
    elif isinstance(message, SessionMessage):
        _work_on_session(engine, message)
    else:
        _work_on_agent(engine, message)


def go_on(engine: Engine, handed_over: HandedOver) -> None:
    """Invoke an agent that this worker has claimed with the end of the one before it."""
    agent = handed_over.agent
    _name_message(context.message(agent))
    _name(agent)
    engine = engine._replace(waits=handed_over.waits)
    invoke.invoke(engine, handed_over.session, agent, handed_over.predecessors)


def _work_on_session(engine: Engine, message: SessionMessage) -> None:
    session = reads.get(
        models.Session, message.coordination_uuid, message.session_uuid, tenant=message.tenant
    )
    if session is not None and session.iteration_count == message.iteration:
        session_work(engine, session, message.due_at)


def _work_on_agent(engine: Engine, message: AgentMessage | RuntimeMessage) -> None:
    agent = _agent_of(engine, message)
    if agent is None or agent.iteration != message.iteration:
        return
    _name(agent)
    try:
        if isinstance(message, RuntimeMessage):
            _wake(engine, agent, message.run_uuid)
        else:
            agent_work(engine, agent, message.due_at)
    except lanes.OtherLane:
        engine.send(agent)


def _agent_of(engine: Engine, message: AgentMessage | RuntimeMessage) -> models.SessionAgent | None:
    """The agent of a message: as it was read for the batch, or else as it is now."""
    read = engine.ahead and engine.ahead.take(message, engine.context)
    return read or reads.get(
        models.SessionAgent, message.session_uuid, message.session_agent_uuid, tenant=message.tenant
    )


def _wake(engine: Engine, agent: models.SessionAgent, run_uuid: str) -> None:
    """Poll a run of an earlier version, which has sent the message and stored no time for it."""
    if agent.current_run_uuid == run_uuid and agent.state == SessionAgentState.IN_PROGRESS:
        poll.poll(engine, agent)


def _name_message(message: Message) -> None:
    telemetry.name(**{name: value for name, value in as_json(message).items() if name in LOGGED})


def _name(agent: models.SessionAgent) -> None:
    telemetry.name(
        coordination=agent.coordination_uuid,
        run=agent.current_run_uuid,
        attempt=int(agent.attempt),
    )


def session_work(engine: Engine, session: models.Session, due_at: str | None = None) -> None:
    """Resume the operation on a session. `due_at` is from a sweep's message: see `looks`."""
    now = outbox.resume(engine, session, due_at)
    if now is None:
        return
    if not now.operation:
        deadline.look(engine, now)
        return
    now = looks.count(engine, now, due_at)
    if now is None:
        return
    if now.operation in end.ENDS:
        end.resume(engine, now)
    elif now.operation == Operation.START and now.graph:
        start.resume(engine, now)
    elif now.operation in operation.RETRIES:
        retry.resume(engine, now)
    elif now.operation == Operation.DISPATCH:
        _dispatch(engine, now)
    elif now.operation == Operation.PURGE:
        purge.resume(engine, now)


def _dispatch(engine: Engine, session: models.Session) -> None:
    """If it cannot be started, it is as it was before. No caller waits for the reason."""
    with suppress(InputError, TextUnavailable):
        dispatch.resume(engine, session)


def agent_work(engine: Engine, agent: models.SessionAgent, due_at: str | None = None) -> None:
    """Perform an agent's outstanding work. `due_at` is from a sweep's message: see `looks`.

    Raises OtherLane and NoTime.
    """
    now = outbox.resume(engine, agent, due_at)
    if now is not None:
        _agent_work(engine, now, due_at)


def _agent_work(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    state = SessionAgentState(agent.state)
    if state is SessionAgentState.INITIAL:
        _start(engine, agent, due_at)
    elif state is SessionAgentState.IN_PROGRESS:
        _look_after(engine, agent, due_at)
    elif state is SessionAgentState.WAITING_FOR_INPUT:
        _stop_asking(engine, agent, due_at)
    elif agent.due_at:
        _settle(engine, agent, due_at)


def _start(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Claim and invoke an agent. The session fails if its budget is used up, or if the plan of
    agents that are to be added is lost.
    """
    try:
        claim.start(engine, agent, due_at)
    except PlanLost as lost:
        marked = end.mark_failed(engine, lost.session, lost.message)
        if marked is not None:
            end.resume(engine, marked)
    except reservation.UsedUp as used_up:
        marked = end.mark_failed(engine, used_up.session, used_up.message, used_up.condition)
        if marked is not None:
            end.resume(engine, marked)
        else:
            # Tokens were given back meanwhile, or the session is being ended.
            engine.send(agent, delay_seconds=1.0)


def _look_after(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Check an agent in progress: its deadline may have passed, or its worker may have died."""
    if timestamps.parse(agent.deadline_at) <= engine.context.utc():
        now = looks.count(engine, agent, due_at)
        if now is not None:
            notes = f"No answer within {now.agent_action.timeout_seconds:g} s"
            _time_out(engine, now, notes, moves.same_deadline(now))
    elif agent.lease_until and not lease.is_out(engine, agent):
        _hold(engine, agent, agent.lease_until)
    elif poll.is_due(engine, agent):
        poll.poll(engine, agent, due_at)
    elif agent.lease_until:
        claim.take_over(engine, agent, due_at)
    elif heartbeat.is_silent(engine, agent):
        now = looks.count(engine, agent, due_at)
        if now is not None:
            notes = heartbeat.NOTES.format(now.agent_action.heartbeat_seconds)
            _time_out(engine, now, notes, moves.same_silence(now))
    else:
        _hold(engine, agent, accept.due_at(agent))


def _hold(engine: Engine, agent: models.SessionAgent, at: str) -> None:
    """Make an agent that a sweep has found too early due at the right time."""
    if agent.due_count:
        lease.hold(engine, agent, at)


def _time_out(engine: Engine, agent: models.SessionAgent, notes: str, fence: Condition) -> None:
    if looks.are_too_many(agent):
        fail.give_up(engine, agent, looks.NOTES)
        return
    fail.fail_attempt(engine, agent, notes, fence, outcome=RunOutcome.TIMED_OUT)


def _stop_asking(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    if not agent.deadline_at or timestamps.parse(agent.deadline_at) > engine.context.utc():
        return
    now = looks.count(engine, agent, due_at)
    if now is not None:
        answer.stop_waiting(engine, now)


def _settle(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Perform the outstanding work of an ended agent. It is tried forever, ever less often."""
    now = looks.count(engine, agent, due_at)
    if now is None:
        return
    state = SessionAgentState(now.state)
    if state is SessionAgentState.COMPLETED:
        complete.seal_and_release(engine, now)
    elif state is SessionAgentState.SKIPPED:
        release.release(engine, now)
    elif state is SessionAgentState.FAILED:
        _failed(engine, now)


def _failed(engine: Engine, agent: models.SessionAgent) -> None:
    """Apply a failed agent's policy."""
    policy = FailurePolicy(agent.agent_action.on_failure)
    if policy is not FailurePolicy.FAIL_SESSION:
        release.release(engine, agent)
        return
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )
    notes = "see its notes" if isinstance(agent.notes, models.LargeText) else agent.notes
    reason = f"{agent.member.agent_name} has failed: {notes or 'without a note'}"[:500]
    marked = None
    if session is not None and session.iteration_count == agent.iteration:
        marked = end.mark_failed(engine, session, reason)
    release.settle(engine, agent)
    if marked is not None:
        end.resume(engine, marked)
