"""Mutations of session runs."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.agent import TokenUsageInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import text_field, time_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.session_run import SessionRun


class RecordSessionRunInput(graphene.InputObjectType):
    """Records an execution step that a caller ran itself. A run is immutable: no update."""

    coordination_uuid = uuid_field("The coordination of the session.")
    session_uuid = uuid_field("The session.")
    agent_uuid = uuid_field("The member of the coordination that ran. A logical reference.")
    thread_uuid = uuid_field("Thread (conversation) that the run belongs to.", required=False)
    async_task_uuid = uuid_field(
        "Identifier of the work in the external system that does it.", required=False
    )
    session_agent_uuid = uuid_field("The session agent that ran.", required=False)
    outcome = graphene.InputField(
        enums.RunOutcome, description="Outcome. Without one the run stays open."
    )
    notes = text_field("Notes for people, such as the reason of a failure.")
    usage = TokenUsageInput(description="Tokens of a language model that the run used.")
    finished_at = time_field(
        "When it ended: between the creation of its session and now, give or take 5 minutes, "
        "because clocks differ. With an outcome and without this, it ended now."
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class DeleteSessionRunInput(graphene.InputObjectType):
    """Names the run to delete."""

    session_uuid = uuid_field("The session.")
    run_uuid = uuid_field("UUID of the run.")


class SessionRunPayload(graphene.ObjectType):
    """The run after the change."""

    session_run = graphene.Field(SessionRun, required=True, description="The run.")


def _record(context: Context, given: dict[str, Any]) -> SessionRunPayload:
    return SessionRunPayload(session_run=services.session_run.record(context.caller, **given))


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["session_uuid"], given["run_uuid"]
    services.session_run.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.SessionRun(*key)))


class SessionRunMutations:
    """Fields of Mutation."""

    record_session_run = fields.mutation_field(
        SessionRunPayload,
        RecordSessionRunInput,
        _record,
        "Records an execution step that a caller ran itself.",
    )
    delete_session_run = fields.mutation_field(
        DeletePayload,
        DeleteSessionRunInput,
        _delete,
        "Deletes a run; INVALID_STATE while an agent works on it.",
    )
