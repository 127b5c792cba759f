"""Mutations that execute sessions: start, end and retry them, and report of their agents."""

from typing import Any

import graphene

from ai_coordination.api import fields
from ai_coordination.api.agent import InputFileInput, SubtaskQueryInput, TokenUsageInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import optional_list_field, text_field, uuid_field
from ai_coordination.api.mutations.session import SessionPayload
from ai_coordination.api.mutations.session_agent import SessionAgentPayload
from ai_coordination.engine import agent_commands, session_commands

RUN = "The run, as a token: a report of one that is over is refused with INVALID_STATE."


class StartSessionInput(graphene.InputObjectType):
    """Starts a session of a task."""

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    task_uuid = uuid_field("The task to execute.")
    user_id = text_field("The user on whose behalf the session runs.")
    task_query = text_field(
        "Text, or a JSON object whose members fill `{variables}` of the subtask queries. Default:"
        " the task's `initialTaskQuery`."
    )
    input_files = optional_list_field(
        InputFileInput, "Files that the agents of the session may read.", default_value=[]
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "Used instead of the task's own subtask queries."
    )
    thread_uuid = uuid_field("Thread (conversation) that the session continues.", required=False)
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class DispatchSessionInput(graphene.InputObjectType):
    """Starts a session that was built by hand with `createSession` and `createSessionAgent`."""

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")


class CancelSessionInput(graphene.InputObjectType):
    """Names the session to cancel, with a reason."""

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    reason = text_field("Reason, stored in the session's logs.")


class RetrySessionInput(graphene.InputObjectType):
    """Starts again what did not complete in a session that has ended, and everything that follows
    it; the rest stays as it is.
    """

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    session_agent_uuids = optional_list_field(
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
    """A person's answer to an agent that asks."""

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("The session agent that asks.")
    run_uuid = uuid_field(
        "The run whose output is answered: an answer to an earlier one is INVALID_STATE."
    )
    user_input = text_field("The person's text.")
    approved = graphene.Boolean(
        description=("For APPROVAL; a rejection fails the agent, with `userInput` as its notes.")
    )


class AcceptSessionAgentInput(graphene.InputObjectType):
    """Says that the work is taken and will be reported later; sets what is not yet set, once."""

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("The agent.")
    run_uuid = uuid_field(RUN)
    async_task_uuid = uuid_field(
        "Identifier of the work in the external system that does it.", required=False
    )
    thread_uuid = uuid_field("Thread (conversation) in the external system.", required=False)


class CompleteSessionAgentInput(graphene.InputObjectType):
    """Reports the output of a run."""

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("The agent.")
    run_uuid = uuid_field(RUN)
    agent_output = text_field("Output of the agent.", required=True)
    usage = TokenUsageInput(description="Tokens of a language model that the run used.")


class FailSessionAgentInput(graphene.InputObjectType):
    """Reports that a run has failed."""

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("The agent.")
    run_uuid = uuid_field(RUN)
    notes = text_field("Reason of the failure.", required=True)
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

    start_session = fields.mutation_field(
        SessionPayload, StartSessionInput, _start, "Starts a session of a task."
    )
    dispatch_session = fields.mutation_field(
        SessionPayload,
        DispatchSessionInput,
        _dispatch,
        "Starts a session that was built by hand.",
    )
    cancel_session = fields.mutation_field(
        SessionPayload,
        CancelSessionInput,
        _cancel,
        "Cancels a session that has not ended, with all its agents that have not.",
    )
    retry_session = fields.mutation_field(
        SessionPayload,
        RetrySessionInput,
        _retry,
        "Starts a session that has ended again: what failed, was cancelled or was skipped, and"
        " everything that follows it. An agent whose answer nobody has judged yet asks again,"
        " without another call.",
    )
    answer_session_agent = fields.mutation_field(
        SessionAgentPayload,
        AnswerSessionAgentInput,
        _answer,
        "Answers an agent that asks a person.",
    )
    accept_session_agent = fields.mutation_field(
        SessionAgentPayload,
        AcceptSessionAgentInput,
        _accept,
        "Says that the work of a run is taken and will be reported later.",
    )
    complete_session_agent = fields.mutation_field(
        SessionAgentPayload, CompleteSessionAgentInput, _complete, "Reports the output of a run."
    )
    fail_session_agent = fields.mutation_field(
        SessionAgentPayload, FailSessionAgentInput, _fail, "Reports that a run has failed."
    )
