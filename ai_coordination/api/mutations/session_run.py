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
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.session_run import SessionRun


class RecordSessionRunInput(graphene.InputObjectType):
    """Input of `recordSessionRun`. A recorded run cannot be changed."""

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    agent_uuid = uuid_field("`agentUuid` of the agent that ran. It need not exist.")
    thread_uuid = uuid_field(
        "Name of the thread (conversation) that the run belongs to, 1 to 256 characters.",
        required=False,
    )
    async_task_uuid = uuid_field(
        "Identifier of the work in the external system that did it, 1 to 256 characters.",
        required=False,
    )
    session_agent_uuid = uuid_field(
        "UUID of the session agent that ran. Null if it was not an agent of the session.",
        required=False,
    )
    outcome = graphene.InputField(
        enums.RunOutcome, description="Outcome. Null: the run stays open."
    )
    notes = text_field("Notes for people, such as the reason of a failure.")
    usage = TokenUsageInput(
        description=(
            "Tokens of a language model that the run used. They are added to the sums of its agent"
            " and its session."
        )
    )
    finished_at = time_field(
        "When the run ended: between the creation of its session and now, with a tolerance of 5"
        " minutes, because clocks differ. Default: now, if there is an outcome."
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class DeleteSessionRunInput(graphene.InputObjectType):
    """Input of `deleteSessionRun`."""

    session_uuid = uuid_field("UUID of the session.")
    run_uuid = uuid_field("UUID of the run.")


class SessionRunPayload(ObjectType):
    """The result of a mutation of a run."""

    session_run = graphene.Field(SessionRun, required=True, description="The run as recorded.")


def _record(context: Context, arguments: dict[str, Any]) -> SessionRunPayload:
    return SessionRunPayload(session_run=services.session_run.record(context.caller, **arguments))


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    key = arguments["session_uuid"], arguments["run_uuid"]
    services.session_run.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.SessionRun(*key)))


class SessionRunMutations:
    """Fields of Mutation."""

    record_session_run = fields.mutation_field(
        SessionRunPayload,
        RecordSessionRunInput,
        _record,
        "Records a run of work that a caller did itself, outside of the engine.",
    )
    delete_session_run = fields.mutation_field(
        DeletePayload,
        DeleteSessionRunInput,
        _delete,
        "Deletes a run. Fails with INVALID_STATE while it is the open run of an agent.",
    )
