"""What a worker does with a message: it looks at the item as it is, and does what is due.

A message says only where to look, so it may come twice, late, or not at all.
"""

from contextlib import suppress
from dataclasses import replace

from ai_coordination import clock, models, telemetry
from ai_coordination.errors import InputError, TextUnavailable
from ai_coordination.models import due, moves, reads, writes
from ai_coordination.services import texts
from ai_coordination.services.execution import (
    answering,
    claiming,
    counting,
    dispatching,
    ending,
    failing,
    lanes,
    leases,
    releasing,
    reporting,
    retrying,
    starting,
)
from ai_coordination.services.execution.engine import Answer, Engine, Message
from ai_coordination.states import (
    FailurePolicy,
    RunOutcome,
    SessionAgentState,
    SessionStatus,
)


def work(engine: Engine, message: Message) -> None:
    """Does what one message is about: `messages.read` has found it to be one."""
    engine = replace(engine, waits=message.get("lane") == lanes.CALLS)
    about = ("kind", "tenant", "coordination", "session", "agent")
    telemetry.name(**{name: message[name] for name in about if name in message})
    if message["kind"] == texts.KIND:
        texts.delete_if_gone(message)
        return
    if message["kind"] == "session":
        session = reads.get(
            models.Session, message["coordination"], message["session"], message["tenant"]
        )
        if session is not None and session.iteration_count == message["iteration"]:
            session_work(engine, session)
        return
    agent = reads.get(models.SessionAgent, message["session"], message["agent"], message["tenant"])
    if agent is None or agent.iteration != message["iteration"]:
        return
    _name(agent)
    if message["kind"] == "echo":
        _echo(engine, agent, message["run"])
        return
    try:
        agent_work(engine, agent)
    except lanes.OtherLane:
        engine.send(agent)


def _name(agent: models.SessionAgent) -> None:
    telemetry.name(
        coordination=agent.coordination_uuid,
        run=agent.current_run_uuid,
        attempt=int(agent.attempt),
    )


def _echo(engine: Engine, agent: models.SessionAgent, run_uuid: str) -> None:
    """An ECHO agent answers later than it was asked."""
    if agent.current_run_uuid == run_uuid and agent.state == SessionAgentState.IN_PROGRESS:
        reporting.complete(engine, agent, Answer(agent.subtask_query or ""))


def session_work(engine: Engine, session: models.Session) -> None:
    """Goes on with what is being done to a session."""
    if session.doing in ending.ENDS:
        ending.go_on(engine, session)
    elif session.doing == ending.START and session.graph:
        starting.go_on(engine, session)
    elif session.doing in retrying.RETRIES:
        retrying.go_on(engine, session)
    elif session.doing == dispatching.DISPATCH:
        _dispatch(engine, session)


def _dispatch(engine: Engine, session: models.Session) -> None:
    """Where it cannot be started it is as it was before: its caller has not been answered."""
    with suppress(InputError, TextUnavailable):
        dispatching.go_on(engine, session)


def agent_work(engine: Engine, agent: models.SessionAgent) -> None:
    """Does what an agent's state asks for."""
    state = SessionAgentState(agent.state)
    if state is SessionAgentState.INITIAL:
        _start(engine, agent)
    elif state is SessionAgentState.IN_PROGRESS:
        _look_after(engine, agent)
    elif state is SessionAgentState.WAITING_FOR_INPUT:
        _stop_asking(engine, agent)
    elif not agent.due_at:
        return
    elif state is SessionAgentState.COMPLETED:
        releasing.completed(engine, agent)
    elif state is SessionAgentState.SKIPPED:
        releasing.release(engine, agent, skip=True)
    elif state is SessionAgentState.FAILED:
        _failed(engine, agent)


def _start(engine: Engine, agent: models.SessionAgent) -> None:
    if agent.waiting_on:
        return
    session, before = claiming.around(agent)
    if session is None or session.status != SessionStatus.IN_PROGRESS:
        return
    if session.iteration_count != agent.iteration:
        return
    if agent.skip:
        _skip(engine, agent)
    elif agent.not_before and clock.moment(agent.not_before) > engine.utc():
        wait = (clock.moment(agent.not_before) - engine.utc()).total_seconds()
        engine.send(agent, delay_seconds=wait)
    else:
        claiming.claim(engine, session, agent, before)


def _skip(engine: Engine, agent: models.SessionAgent) -> None:
    kind = models.SessionAgent
    actions, stands = moves.agent(
        SessionAgentState.SKIPPED, int(agent.iteration), out_of=SessionAgentState.INITIAL
    )
    landed, after = writes.change(
        agent,
        [
            *actions,
            kind.updated_at.set(engine.now()),
            *due.moved(kind, agent, releasing.soon(engine, agent)),
        ],
        stands & kind.waiting_on.does_not_exist() & (kind.skip == True),  # noqa: E712
        engine.deadline,
    )
    if landed:
        counting.agent_ended(SessionAgentState.SKIPPED)
    if after is not None and (landed or after.state == SessionAgentState.SKIPPED):
        releasing.release(engine, after, skip=True)


def _look_after(engine: Engine, agent: models.SessionAgent) -> None:
    """An agent in progress: its time may be over, or its worker dead."""
    if clock.moment(agent.deadline_at) <= engine.utc():
        notes = f"No answer within {agent.agent_action.timeout_seconds:g} s"
        failing.fail_attempt(engine, agent, notes, outcome=RunOutcome.TIMED_OUT)
    elif leases.is_out(engine, agent):
        session, before = claiming.around(agent)
        if session is not None and session.status == SessionStatus.IN_PROGRESS:
            claiming.take_over(engine, session, agent, before)
    elif agent.lease_until and agent.due_count:
        leases.hold(engine, agent)


def _stop_asking(engine: Engine, agent: models.SessionAgent) -> None:
    if agent.deadline_at and clock.moment(agent.deadline_at) <= engine.utc():
        answering.answer(
            engine,
            agent,
            user_input=None,
            approved=False,
            updated_by="engine",
            notes=answering.NOT_IN_TIME,
        )


def _failed(engine: Engine, agent: models.SessionAgent) -> None:
    """A failed agent's policy."""
    policy = FailurePolicy(agent.agent_action.on_failure)
    if policy is not FailurePolicy.FAIL_SESSION:
        releasing.release(engine, agent, skip=policy is FailurePolicy.SKIP_SUCCESSORS)
        return
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, agent.partition_key
    )
    notes = "see its notes" if isinstance(agent.notes, models.LargeText) else agent.notes
    reason = f"{agent.agent.agent_name} has failed: {notes or 'without a note'}"[:500]
    marked = None
    if session is not None and session.iteration_count == agent.iteration:
        marked = ending.begin(engine, session, ending.FAIL, reason)
    releasing.settle(engine, agent)
    if marked is not None:
        ending.go_on(engine, marked)
