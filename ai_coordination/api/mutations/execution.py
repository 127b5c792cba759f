"""Mutations that execute sessions: start, cancel and retry them, and report agents' results."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api import fields
from ai_coordination.api.agent import (
    InputFileInput,
    SubtaskQueryInput,
    TokenUsageInput,
)
from ai_coordination.api.budget import BudgetInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import optional_list_field, text_field, uuid_field
from ai_coordination.api.heartbeats import HeartbeatSessionAgentInput
from ai_coordination.api.mutations.session import SessionPayload
from ai_coordination.api.mutations.session_agent import SessionAgentPayload
from ai_coordination.api.scalars import JSON
from ai_coordination.api.session import TASK_QUERY
from ai_coordination.api.session_parts import LABELS, LabelInput
from ai_coordination.engine import agent_commands, session_commands

RUN = (
    "UUID of the run that is reported, from `currentRun` or the agent's payload. If the run is not"
    " the open run of the agent, the report fails with INVALID_STATE."
)
COORDINATION = "UUID of the coordination that the session belongs to."
SESSION = "UUID of the session."
SESSION_AGENT = "UUID of the session agent."


class StartSessionInput(graphene.InputObjectType):
    """Input of `startSession`."""

    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task to execute.")
    user_id = text_field("The user for whom the session runs, 1 to 256 characters.")
    task_query = text_field(f"{TASK_QUERY} Default: the task's `initialTaskQuery`.")
    input_files = optional_list_field(
        InputFileInput,
        "Files that the agents of the session may read, at most 1,000.",
        default_value=[],
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput,
        "The work of each agent, at most 1,000. Default: the task's subtask queries.",
    )
    thread_uuid = uuid_field(
        "Name of the thread (conversation) that the session continues, 1 to 256 characters. Null:"
        " it starts new threads.",
        required=False,
    )
    labels = optional_list_field(LabelInput, LABELS, default_value=[])
    budget = BudgetInput(description="What the session may spend. Default: the budget of the task.")
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class DispatchSessionInput(graphene.InputObjectType):
    """Input of `dispatchSession`."""

    coordination_uuid = uuid_field(COORDINATION)
    session_uuid = uuid_field(SESSION)


class CancelSessionInput(graphene.InputObjectType):
    """Input of `cancelSession`."""

    coordination_uuid = uuid_field(COORDINATION)
    session_uuid = uuid_field(SESSION)
    reason = text_field("Reason of the cancellation, stored in the session's logs.")


class RetrySessionInput(graphene.InputObjectType):
    """Input of `retrySession`."""

    coordination_uuid = uuid_field(COORDINATION)
    session_uuid = uuid_field(SESSION)
    session_agent_uuids = optional_list_field(
        graphene.ID,
        "UUIDs of the session agents to run again, together with everything downstream of them,"
        " even if completed. Default: all agents that failed, were cancelled, or were skipped"
        " because of a failure. If an agent that failed or was cancelled is not among them, the"
        " session ends FAILED again.",
    )
    with_current_members = graphene.Boolean(
        default_value=False,
        description=(
            "Whether to use the coordination's agents as they are now, also for what is added"
            " later. Otherwise the retry uses those of the session's start."
        ),
    )


class AnswerSessionAgentInput(graphene.InputObjectType):
    """Input of `answerSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field("UUID of the session agent that waits for the answer.")
    run_uuid = uuid_field(
        "UUID of the run whose output or question the person has seen, from `currentRun`. If the"
        " agent has run again since, the answer fails with INVALID_STATE."
    )
    user_input = text_field(
        "The person's text. Required if a text is asked for, not allowed if a form is, optional for"
        " APPROVAL and CHOICE."
    )
    approved = graphene.Boolean(
        description=(
            "Required if the agent asks for APPROVAL, otherwise only false is allowed, to refuse"
            " the agent's question. False fails the agent, and `userInput` becomes its `notes`; or"
            " the agent completes, if it asks for APPROVAL and `onRejection` is CONTINUE."
        )
    )
    revise = graphene.Boolean(
        default_value=False,
        description=(
            "With `approved: false`, instead of a failure: the agent runs again, with its own"
            " output and `userInput`, and asks again. Not in its last turn (`maxTurns`)."
        ),
    )
    answer = JSON(
        description="The answer to a question with a form, which it must fit: see `ask { form }`."
    )
    choice = text_field("For CHOICE: one of `ask { options }`.")
    comment = text_field("A comment for other people. The agent does not receive it.")


class AskSessionAgentInput(graphene.InputObjectType):
    """Input of `askSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)
    question = text_field("The question, for a person, at most 2 MB.", required=True)
    form = JSON(
        description=(
            "JSON Schema of the answer, of the type `object`, at most 16 KB. Null: the answer is a"
            " text."
        )
    )
    resume = JSON(
        description=(
            "JSON of at most 2 MB that the agent receives together with the answer, to continue."
        )
    )
    usage = TokenUsageInput(description="Tokens of a language model that the run used.")


class AcceptSessionAgentInput(graphene.InputObjectType):
    """Input of `acceptSessionAgent`. Each name can be set once."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)
    async_task_uuid = uuid_field(
        "Identifier of the work in the external system that does it, 1 to 256 characters.",
        required=False,
    )
    thread_uuid = uuid_field(
        "Name of the thread (conversation) in the external system, 1 to 256 characters.",
        required=False,
    )


class CompleteSessionAgentInput(graphene.InputObjectType):
    """Input of `completeSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)
    agent_output = text_field("The result of the agent, at most 2 MB.", required=True)
    usage = TokenUsageInput(description="Tokens of a language model that the run used.")


class FailSessionAgentInput(graphene.InputObjectType):
    """Input of `failSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)
    notes = text_field("Reason of the failure, for people.", required=True)
    retryable = graphene.Boolean(
        default_value=True,
        description="Whether another attempt may succeed. False: the agent is not tried again.",
    )
    usage = TokenUsageInput(description="Tokens that the run used until it failed.")


def _start(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    return SessionPayload(
        session=session_commands.start(context.engine, context.caller, **arguments)
    )


def _dispatch(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    return SessionPayload(
        session=session_commands.dispatch(context.engine, context.caller, **arguments)
    )


def _cancel(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    return SessionPayload(
        session=session_commands.cancel(context.engine, context.caller, **arguments)
    )


def _retry(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    return SessionPayload(
        session=session_commands.retry(context.engine, context.caller, **arguments)
    )


def _on_agent(
    command: Callable[..., models.SessionAgent],
) -> Callable[[Context, dict[str, Any]], SessionAgentPayload]:
    """Return the resolver of a command on one agent."""

    def resolve(context: Context, arguments: dict[str, Any]) -> SessionAgentPayload:
        return SessionAgentPayload(
            session_agent=command(context.engine, context.caller, **arguments)
        )

    return resolve


class ExecutionMutations:
    """Fields of Mutation."""

    start_session = fields.mutation_field(
        SessionPayload, StartSessionInput, _start, "Creates a session of a task and starts it."
    )
    dispatch_session = fields.mutation_field(
        SessionPayload,
        DispatchSessionInput,
        _dispatch,
        "Starts a session that was built with `createSession` and `createSessionAgent`. Fails with"
        " INVALID_STATE if it has started.",
    )
    cancel_session = fields.mutation_field(
        SessionPayload,
        CancelSessionInput,
        _cancel,
        "Cancels a session and all its agents that have not ended. Fails with INVALID_STATE if the"
        " session has completed or failed. Cancelling again is harmless.",
    )
    retry_session = fields.mutation_field(
        SessionPayload,
        RetrySessionInput,
        _retry,
        "Starts a session that has ended again: all agents that failed, were cancelled, or were"
        " skipped because of a failure, and everything downstream of them. Of a list only those"
        " elements run again, unless an agent before it runs again: then new agents replace all of"
        " them. An agent that was waiting for a person's answer asks again without running again."
        " Fails with INVALID_STATE if the session has not ended.",
    )
    answer_session_agent = fields.mutation_field(
        SessionAgentPayload,
        AnswerSessionAgentInput,
        _on_agent(agent_commands.answer),
        "Records a person's answer to an agent in the state WAITING_FOR_INPUT. Repeating the answer"
        " is harmless. Fails with FORBIDDEN if the question is to another user or group, and with"
        " INVALID_STATE if another user has claimed or answered it, whom the message names.",
    )
    ask_session_agent = fields.mutation_field(
        SessionAgentPayload,
        AskSessionAgentInput,
        _on_agent(agent_commands.ask),
        "Ends a run with a question to a person. The agent waits for the answer, and then runs"
        " again with it. Repeating the question is harmless. In the agent's last turn (`maxTurns`)"
        " this fails with INVALID_STATE, and so does the agent.",
    )
    accept_session_agent = fields.mutation_field(
        SessionAgentPayload,
        AcceptSessionAgentInput,
        _on_agent(agent_commands.accept),
        "Records that the work of a run was accepted and will be reported later, and how the"
        " external system names it. Reporting without accepting is allowed.",
    )
    heartbeat_session_agent = fields.mutation_field(
        SessionAgentPayload,
        HeartbeatSessionAgentInput,
        _on_agent(agent_commands.heartbeat),
        "Reports that a run is still in progress, and how far it is. See `heartbeatSeconds`.",
    )
    complete_session_agent = fields.mutation_field(
        SessionAgentPayload,
        CompleteSessionAgentInput,
        _on_agent(agent_commands.complete),
        "Reports the result of a run. Repeating a report is harmless. One that does not fit the"
        " action's `outputSchema` is refused with BAD_USER_INPUT if the agent is EXTERNAL, and can"
        " be corrected. The attempt of any other agent has failed then: INVALID_STATE.",
    )
    fail_session_agent = fields.mutation_field(
        SessionAgentPayload,
        FailSessionAgentInput,
        _on_agent(agent_commands.fail),
        "Reports that a run has failed. Repeating a report is harmless.",
    )
