"""Mutations of session runs."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.agent import TokenUsageInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import instant, text, uuid
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.session_run import SessionRun


class RecordSessionRunInput(graphene.InputObjectType):
    """Records an execution step that a caller ran itself. A run is immutable: no update."""

    coordination_uuid = uuid("The coordination of the session.")
    session_uuid = uuid("The session.")
    agent_uuid = uuid("Which member of the coordination ran: a logical reference.")
    thread_uuid = uuid("The conversation that it belongs to.", required=False)
    async_task_uuid = uuid("The task of the other system that does the work.", required=False)
    session_agent_uuid = uuid("The agent of the session that ran.", required=False)
    outcome = graphene.InputField(
        enums.RunOutcome, description="How it ended. Without an outcome the run stays open."
    )
    notes = text("What is to be said about it.")
    usage = TokenUsageInput(description="What it used of a language model.")
    finished_at = instant(
        "When it ended: between the creation of its session and now, give or take 5 minutes, "
        "because clocks differ. With an outcome and without this, it ended now."
    )
    idempotency_key = text(fields.IDEMPOTENCY_KEY)


class DeleteSessionRunInput(graphene.InputObjectType):
    """Which run to delete."""

    session_uuid = uuid("The session.")
    run_uuid = uuid("Which one.")


class SessionRunPayload(graphene.ObjectType):
    """The run as it is then."""

    session_run = graphene.Field(SessionRun, required=True, description="The run.")


def _record(context: Context, given: dict[str, Any]) -> SessionRunPayload:
    return SessionRunPayload(session_run=services.session_run.record(context.caller, **given))


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["session_uuid"], given["run_uuid"]
    services.session_run.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.SessionRun(*key)))


class SessionRunMutations:
    """Fields of Mutation."""

    record_session_run = fields.mutation(
        SessionRunPayload,
        RecordSessionRunInput,
        _record,
        "Records an execution step that a caller ran itself.",
    )
    delete_session_run = fields.mutation(
        DeletePayload,
        DeleteSessionRunInput,
        _delete,
        "Deletes a run; INVALID_STATE while an agent works on it.",
    )
