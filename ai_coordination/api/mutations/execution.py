"""Mutations that execute sessions: start, end and retry them, and report of their agents."""

from typing import Any

import graphene

from ai_coordination.api import fields
from ai_coordination.api.agent import InputFileInput, SubtaskQueryInput, TokenUsageInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import several, text, uuid
from ai_coordination.api.mutations.session import SessionPayload
from ai_coordination.api.mutations.session_agent import SessionAgentPayload
from ai_coordination.engine import agent_commands, session_commands

RUN = "The run, as a token: a report of one that is over is refused with INVALID_STATE."


class StartSessionInput(graphene.InputObjectType):
    """Starts a session of a task."""

    coordination_uuid = uuid("The coordination whose agents work in it.")
    task_uuid = uuid("The task that is executed.")
    user_id = text("The user for whom it is.")
    task_query = text(
        "Text, or a JSON object whose members fill `{variables}` of the subtask queries. Default:"
        " the task's `initialTaskQuery`."
    )
    input_files = several(InputFileInput, "The files that its agents may read.", default_value=[])
    subtask_queries = several(SubtaskQueryInput, "Instead of the task's own.")
    thread_uuid = uuid("Goes on with a conversation.", required=False)
    idempotency_key = text(fields.IDEMPOTENCY_KEY)


class DispatchSessionInput(graphene.InputObjectType):
    """Starts a session that was built by hand with `createSession` and `createSessionAgent`."""

    coordination_uuid = uuid("The coordination whose agents work in it.")
    session_uuid = uuid("Which one.")


class CancelSessionInput(graphene.InputObjectType):
    """Which session to cancel, and why."""

    coordination_uuid = uuid("The coordination whose agents work in it.")
    session_uuid = uuid("Which one.")
    reason = text("Why; it is kept in the session's logs.")


class RetrySessionInput(graphene.InputObjectType):
    """Starts again what did not complete in a session that has ended, and everything that follows
    it; the rest stays as it is.
    """

    coordination_uuid = uuid("The coordination whose agents work in it.")
    session_uuid = uuid("Which one.")
    session_agent_uuids = several(
        graphene.ID,
        "These agents and what follows them, completed or not, instead. Where agents that failed"
        " or were cancelled are not among them, the session ends FAILED again.",
    )
    with_current_members = graphene.Boolean(
        default_value=False,
        description=(
            "With the coordination's members as they are now, instead of those pinned at the start."
        ),
    )


class AnswerSessionAgentInput(graphene.InputObjectType):
    """What a person answers to an agent that asks."""

    session_uuid = uuid("The session.")
    session_agent_uuid = uuid("The agent that asks.")
    run_uuid = uuid(
        "The run whose output is answered: an answer to an earlier one is INVALID_STATE."
    )
    user_input = text("What the person says.")
    approved = graphene.Boolean(
        description=("For APPROVAL; a rejection fails the agent, with `userInput` as its notes.")
    )


class AcceptSessionAgentInput(graphene.InputObjectType):
    """Says that the work is taken and will be reported later; sets what is not yet set, once."""

    session_uuid = uuid("The session.")
    session_agent_uuid = uuid("The agent.")
    run_uuid = uuid(RUN)
    async_task_uuid = uuid("The task of the other system that does the work.", required=False)
    thread_uuid = uuid("The conversation of the other system.", required=False)


class CompleteSessionAgentInput(graphene.InputObjectType):
    """Reports the output of a run."""

    session_uuid = uuid("The session.")
    session_agent_uuid = uuid("The agent.")
    run_uuid = uuid(RUN)
    agent_output = text("What the agent has answered.", required=True)
    usage = TokenUsageInput(description="What it used of a language model.")


class FailSessionAgentInput(graphene.InputObjectType):
    """Reports that a run has failed."""

    session_uuid = uuid("The session.")
    session_agent_uuid = uuid("The agent.")
    run_uuid = uuid(RUN)
    notes = text("Why.", required=True)
    retryable = graphene.Boolean(
        default_value=True, description="Whether another attempt may succeed."
    )


def _start(context: Context, given: dict[str, Any]) -> SessionPayload:
    return SessionPayload(session=session_commands.start(context.engine, context.caller, **given))


def _dispatch(context: Context, given: dict[str, Any]) -> SessionPayload:
    return SessionPayload(
        session=session_commands.dispatch(context.engine, context.caller, **given)
    )


def _cancel(context: Context, given: dict[str, Any]) -> SessionPayload:
    return SessionPayload(session=session_commands.cancel(context.engine, context.caller, **given))


def _retry(context: Context, given: dict[str, Any]) -> SessionPayload:
    return SessionPayload(session=session_commands.retry(context.engine, context.caller, **given))


def _answer(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    return SessionAgentPayload(
        session_agent=agent_commands.answer(context.engine, context.caller, **given)
    )


def _accept(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    return SessionAgentPayload(
        session_agent=agent_commands.accept(context.engine, context.caller, **given)
    )


def _complete(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    return SessionAgentPayload(
        session_agent=agent_commands.complete(context.engine, context.caller, **given)
    )


def _fail(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    return SessionAgentPayload(
        session_agent=agent_commands.fail(context.engine, context.caller, **given)
    )


class ExecutionMutations:
    """Fields of Mutation."""

    start_session = fields.mutation(
        SessionPayload, StartSessionInput, _start, "Starts a session of a task."
    )
    dispatch_session = fields.mutation(
        SessionPayload,
        DispatchSessionInput,
        _dispatch,
        "Starts a session that was built by hand.",
    )
    cancel_session = fields.mutation(
        SessionPayload,
        CancelSessionInput,
        _cancel,
        "Cancels a session that has not ended, with all its agents that have not.",
    )
    retry_session = fields.mutation(
        SessionPayload,
        RetrySessionInput,
        _retry,
        "Starts a session that has ended again: what failed, was cancelled or was skipped, and"
        " everything that follows it. An agent whose answer nobody has judged yet asks again,"
        " without another call.",
    )
    answer_session_agent = fields.mutation(
        SessionAgentPayload,
        AnswerSessionAgentInput,
        _answer,
        "Answers an agent that asks a person.",
    )
    accept_session_agent = fields.mutation(
        SessionAgentPayload,
        AcceptSessionAgentInput,
        _accept,
        "Says that the work of a run is taken and will be reported later.",
    )
    complete_session_agent = fields.mutation(
        SessionAgentPayload, CompleteSessionAgentInput, _complete, "Reports the output of a run."
    )
    fail_session_agent = fields.mutation(
        SessionAgentPayload, FailSessionAgentInput, _fail, "Reports that a run has failed."
    )
