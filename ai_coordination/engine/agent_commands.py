"""Commands on one agent: report a run's result or question, accept a run, answer what it asks.

The run's UUID is the token. The same report of the same run returns the same agent again. A
different report, or one of another run, raises InvalidState and changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.agent import accept_report, output_check
from ai_coordination.engine.agent import answer as answering
from ai_coordination.engine.agent import complete as reporting
from ai_coordination.engine.agent import fail as failing
from ai_coordination.engine.agent import heartbeat as heartbeats
from ai_coordination.engine.agent import question as asking
from ai_coordination.engine.agent.verdict import Said
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import is_pulled
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import moves, reads
from ai_coordination.runtimes.base import Answer, Question, RunFailed
from ai_coordination.services import guards, reported_usage, validation
from ai_coordination.services import session_agent as session_agents
from ai_coordination.states import RunOutcome, SessionAgentState

NOUN = "session agent"
LONGEST_NOTES = 10_000

NOT_CURRENT = "This run is not the agent's current one"
REPORTED = "This run has ended with another result, or its deadline has passed"


def agent_of(
    caller: Caller, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    """Read the agent, whatever its current run is."""
    validation.uuid(run_uuid, "run_uuid")
    agent = session_agents.get(caller, session_uuid, session_agent_uuid)
    if agent is None:
        raise guards.not_found(NOUN, "session_agent_uuid")
    return agent


def _agent_in_run(
    caller: Caller, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    agent = agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.current_run_uuid != run_uuid:
        raise refused(agent, NOT_CURRENT)
    return agent


def refused(agent: models.SessionAgent, message: str) -> InvalidState:
    return InvalidState(message, agent.state.upper())


def complete(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    agent_output: str,
    usage: Mapping[str, Any] | None = None,
) -> models.SessionAgent:
    """Take the output of a run in progress.

    An output that does not fit the schema of the action fails the attempt, and InvalidState says
    why. An external worker gets BadUserInput instead, and may report again: its run is still in
    progress. Raises BadUserInput, NotFound, InvalidState, PayloadTooLarge.
    """
    used = reported_usage.checked(usage)
    output = validation.required_text(agent_output, "agent_output")
    agent = _agent_in_run(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS:
        _check_output(engine, caller, agent, Answer(output, used))
        reporting.complete(engine, agent, Answer(output, used), reported=True)
        agent = _agent_in_run(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS or not texts.is_same(
        agent.agent_output, output
    ):
        raise refused(agent, REPORTED)
    return agent


def _check_output(
    engine: Engine, caller: Caller, agent: models.SessionAgent, answer: Answer
) -> None:
    """Raise BadUserInput or InvalidState for an output that does not fit its action's schema."""
    problem = output_check.problem(agent, output_check.schema_of(agent), answer.output)
    if problem is None:
        return
    if is_pulled(agent):
        # A person or a program that is still there, and can correct it at once.
        raise BadUserInput(problem, "agent_output")
    in_time = moves.in_time(engine.now())
    usage, output = answer.usage, answer.output
    failing.fail_attempt(engine, agent, problem, in_time, usage=usage, output=output)
    now = agent_of(caller, agent.session_uuid, agent.session_agent_uuid, agent.current_run_uuid)
    raise refused(now, f"The attempt has failed. {problem}")


def fail(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    notes: str,
    retryable: bool | None = True,
    usage: Mapping[str, Any] | None = None,
) -> models.SessionAgent:
    """Take the failure of a run in progress. Another attempt follows if the agent has one left.

    The same report returns the agent again, also when the next attempt has begun.
    """
    used = reported_usage.checked(usage)
    notes = validation.required_text(notes, "notes")[:LONGEST_NOTES]
    agent = agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS and agent.current_run_uuid == run_uuid:
        failing.fail_attempt(
            engine,
            agent,
            notes,
            moves.in_time(engine.now()),
            retryable=retryable is not False,
            usage=used,
        )
    run = run_of(caller, agent, run_uuid)
    if run.outcome != RunOutcome.FAILED or not texts.is_same(run.notes, notes):
        raise refused(agent, REPORTED)
    return agent_of(caller, session_uuid, session_agent_uuid, run_uuid)


def run_of(caller: Caller, agent: models.SessionAgent, run_uuid: str) -> models.SessionRun:
    """Read a run of the agent. Raises InvalidState if it is another's."""
    run = reads.get(models.SessionRun, agent.session_uuid, run_uuid, tenant=caller.partition_key)
    if run is None or run.session_agent_uuid != agent.session_agent_uuid:
        raise refused(agent, "This run is not one of the agent's runs")
    return run


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
    """Note that a worker has accepted the run and will report. Names its task and thread once."""
    async_task_uuid = validation.label(async_task_uuid, "async_task_uuid")
    thread_uuid = validation.label(thread_uuid, "thread_uuid")
    while True:
        agent = _agent_in_run(caller, session_uuid, session_agent_uuid, run_uuid)
        if accept_report.accepted(engine, agent, async_task_uuid, thread_uuid):
            return _agent_in_run(caller, session_uuid, session_agent_uuid, run_uuid)


def heartbeat(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    note: str | None = None,
    percent: int | None = None,
) -> models.SessionAgent:
    """Note a sign of life of a run in progress. Raises BadUserInput, NotFound, InvalidState."""
    note = validation.shown_label(note, "note")
    if percent is not None:
        validation.number(percent, 0, 100, "percent")
    before = None
    while True:
        agent = _agent_in_run(caller, session_uuid, session_agent_uuid, run_uuid)
        alive = heartbeats.note(engine, agent, note, percent)
        if alive is not None:
            return alive
        read = agent.state, agent.lease_until, agent.poll_at, agent.deadline_at
        if read == before:
            raise refused(agent, accept_report.OVER)
        before = read


def ask(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    question: str,
    form: Any = None,
    resume: Any = None,
    usage: Mapping[str, Any] | None = None,
) -> models.SessionAgent:
    """Take the question to a person with which a run in progress ends.

    The same question of the same run returns the agent again, also when it was answered. In its
    last turn the agent fails instead, and InvalidState says so. Raises BadUserInput, NotFound,
    PayloadTooLarge, Throttled too.
    """
    asked = Question(question, resume, form, reported_usage.checked(usage))
    asking.check(asked)
    agent = agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    if agent.state == SessionAgentState.IN_PROGRESS and agent.current_run_uuid == run_uuid:
        try:
            asking.ask(engine, agent, asked, reported=True)
        except RunFailed as failed:
            failing.fail_run(engine, agent, failed, moves.in_time(engine.now()))
    run = run_of(caller, agent, run_uuid)
    agent = agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    if run.outcome != RunOutcome.INPUT_REQUIRED or not texts.is_same(run.output, question):
        last_turn = asking.LAST_TURN.format(agent.agent_action.max_turns)
        raise refused(agent, last_turn if run.notes == last_turn else REPORTED)
    return agent


def answer(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    user_input: str | None = None,
    approved: bool | None = None,
    revise: bool | None = False,
    answer: Any = None,
    choice: str | None = None,
    comment: str | None = None,
) -> models.SessionAgent:
    """Take a person's answer to an agent that asks: a text or JSON, a choice, or a verdict.

    The same answer of the same person returns the agent again, until the next one is taken. Raises
    BadUserInput, NotFound, PayloadTooLarge, Throttled; Forbidden if the question is to others;
    InvalidState, which names who has claimed the question or has answered it.
    """
    said = Said(
        user_input=validation.text(user_input, "user_input"),
        approved=approved,
        revise=bool(revise),
        answer=validation.json_value(answer, "answer"),
        comment=validation.text(comment, "comment"),
        choice=validation.label(choice, "choice"),
    )
    key = session_uuid, session_agent_uuid, run_uuid
    agent = agent_of(caller, *key)
    while agent.state == SessionAgentState.WAITING_FOR_INPUT and agent.current_run_uuid == run_uuid:
        answering.answer(engine, caller, agent, said)
        before, agent = agent, agent_of(caller, *key)
        if agent.claimed_by == before.claimed_by:
            break
    if agent.answer_mark == said.mark(run_uuid) and answering.is_by(caller, agent):
        return agent
    if agent.current_run_uuid != run_uuid or not answering.was_answered_so(agent, said):
        raise not_asking(agent, run_uuid)
    return agent


def not_asking(agent: models.SessionAgent, run_uuid: str) -> InvalidState:
    """Return the error of a person who answers or claims a question that is no longer asked.

    It names who has answered.
    """
    is_answered = agent.answered_by is not None and answering.is_of_run(agent, run_uuid)
    if is_answered:
        return refused(agent, f"{agent.answered_by!r} has answered this question")
    if agent.current_run_uuid != run_uuid:
        return refused(agent, NOT_CURRENT)
    return refused(agent, "This agent does not wait for an answer, or got another one")
