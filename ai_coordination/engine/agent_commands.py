"""What others report of an agent's run, or answer to it. The run uuid is the token.

The same report of the same run again gives the same; a different one, or another run's, is
InvalidState, and changes nothing.
"""

from collections.abc import Mapping

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.agent import answer as answering
from ai_coordination.engine.agent import complete as reporting
from ai_coordination.engine.agent import fail as failing
from ai_coordination.engine.context import Engine
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import moves, reads
from ai_coordination.models.writes import Transaction
from ai_coordination.runtimes.base import Answer
from ai_coordination.services import guards, validation
from ai_coordination.services import session_agent as session_agents
from ai_coordination.states import RunOutcome, SessionAgentState, UserInTheLoop

NOUN = "session agent"
LONGEST_NOTES = 10_000
MOST_TOKENS = 2**31 - 1


def _of_any_run(
    caller: Caller, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    validation.uuid(run_uuid, "run_uuid")
    found = session_agents.get(caller, session_uuid, session_agent_uuid)
    if found is None:
        raise guards.not_found(NOUN, "session_agent_uuid")
    return found


def _found(
    caller: Caller, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    found = _of_any_run(caller, session_uuid, session_agent_uuid, run_uuid)
    if found.current_run_uuid != run_uuid:
        raise _refused(found, "This run is not the agent's current one")
    return found


def _refused(agent: models.SessionAgent, message: str) -> InvalidState:
    return InvalidState(message, agent.state.upper())


def complete(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    agent_output: str,
    usage: Mapping[str, int] | None = None,
) -> models.SessionAgent:
    """Takes the output of a run in progress. Raises NotFound, InvalidState, PayloadTooLarge."""
    output = validation.required_text(agent_output, "agent_output")
    agent = _found(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS:
        reporting.complete(engine, agent, Answer(output, **tokens(usage)), reported=True)
        agent = _found(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS or not texts.is_same(
        agent.agent_output, output
    ):
        raise _refused(agent, "This run takes no such report any more")
    return agent


def tokens(usage: Mapping[str, int] | None) -> dict[str, int]:
    """What a run used, checked."""
    return {
        name: int(validation.number(value, 0, MOST_TOKENS, "usage", name))
        for name, value in (usage or {}).items()
    }


def fail(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    notes: str,
    retryable: bool | None = True,
) -> models.SessionAgent:
    """Takes the failure of a run in progress; the agent is tried again where it may be.

    Again it gives the same, also once the next attempt has begun.
    """
    notes = validation.required_text(notes, "notes")[:LONGEST_NOTES]
    agent = _of_any_run(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS and agent.current_run_uuid == run_uuid:
        failing.fail_attempt(
            engine, agent, notes, moves.in_time(engine.now()), retryable=retryable is not False
        )
    run = reads.get(models.SessionRun, session_uuid, run_uuid, tenant=caller.partition_key)
    if run is None or run.session_agent_uuid != session_agent_uuid:
        raise _refused(agent, "This run is none of the agent's")
    if run.outcome != RunOutcome.FAILED or not texts.is_same(run.notes, notes):
        raise _refused(agent, "This run takes no such report any more")
    return _of_any_run(caller, session_uuid, session_agent_uuid, run_uuid)


def accept(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    async_task_uuid: str | None = None,
    thread_uuid: str | None = None,
) -> models.SessionAgent:
    """The work is taken and will be reported: sets what is not yet set, once, or nothing."""
    async_task_uuid = validation.label(async_task_uuid, "async_task_uuid")
    thread_uuid = validation.label(thread_uuid, "thread_uuid")
    agent = _found(caller, session_uuid, session_agent_uuid, run_uuid)
    kind = models.SessionAgent
    actions = reporting.accepted(agent)
    if thread_uuid is not None:
        actions.append(kind.thread_uuid.set(thread_uuid))
    transaction = Transaction()
    transaction.update(
        agent,
        actions,
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & moves.in_time(engine.now()),
        lambda old: _refused(agent, "Nobody works on this run any more"),
    )
    _name(transaction, agent, async_task_uuid, thread_uuid)
    transaction.commit(engine.context)
    return _found(caller, session_uuid, session_agent_uuid, run_uuid)


def _name(
    transaction: Transaction,
    agent: models.SessionAgent,
    async_task_uuid: str | None,
    thread_uuid: str | None,
) -> None:
    kind = models.SessionRun
    actions = []
    stands = kind.run_uuid.exists() & kind.outcome.does_not_exist()
    if async_task_uuid is not None:
        actions.append(kind.async_task_uuid.set(async_task_uuid))
        stands &= kind.async_task_uuid.does_not_exist() | (kind.async_task_uuid == async_task_uuid)
    if thread_uuid is not None:
        key = models.tenant_thread(agent.partition_key, thread_uuid)
        actions += [
            kind.thread_uuid.set(thread_uuid),
            kind.tenant_thread.set(str(key)),
            kind.own_thread.remove(),
        ]
        stands &= kind.own_thread.exists() | (kind.thread_uuid == thread_uuid)
    if actions:
        transaction.update(
            kind(agent.session_uuid, agent.current_run_uuid),
            actions,
            stands,
            lambda old: _refused(agent, "This run has another task or thread already, or is over"),
        )


def answer(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    user_input: str | None = None,
    approved: bool | None = None,
) -> models.SessionAgent:
    """What a person says to the output of a run: text, or whether it is approved."""
    user_input = validation.text(user_input, "user_input")
    agent = _found(caller, session_uuid, session_agent_uuid, run_uuid)
    is_approved = _verdict(agent, user_input, approved)
    if agent.state == SessionAgentState.WAITING_FOR_INPUT:
        answering.answer(
            engine,
            agent,
            user_input=user_input,
            approved=is_approved,
            updated_by=caller.user_id,
            notes=None if is_approved else user_input,
            fence=moves.in_time(engine.now()),
        )
        agent = _found(caller, session_uuid, session_agent_uuid, run_uuid)
    expected = SessionAgentState.COMPLETED if is_approved else SessionAgentState.FAILED
    too_late = agent.user_input is None and agent.notes == answering.NOT_IN_TIME
    if agent.state != expected or too_late or not texts.is_same(agent.user_input, user_input):
        raise _refused(agent, "This agent does not ask for this answer")
    return agent


def _verdict(agent: models.SessionAgent, user_input: str | None, approved: bool | None) -> bool:
    asks = agent.agent_action.user_in_the_loop
    if asks is None:
        raise _refused(agent, "This agent asks nobody")
    if asks == UserInTheLoop.APPROVAL:
        if approved is None:
            raise BadUserInput("An approval says whether it is one", "approved")
        return approved
    if approved is not None:
        raise BadUserInput("This agent asks for text, not for an approval", "approved")
    if user_input is None:
        raise BadUserInput("This agent asks for text", "user_input")
    return True
