"""Mutations of sessions."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import InputFileInput, SubtaskQueryInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    int_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.session import Session


class CreateSessionInput(graphene.InputObjectType):
    """Creates a session without agents and without starting it: for callers that build its graph
    themselves.
    """

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    task_uuid = uuid_field(
        "The task of the session. Null for a session without a task.", required=False
    )
    user_id = text_field("The user on whose behalf the session runs.")
    task_query = text_field(
        "The task query: text, or a JSON object whose members fill `{variables}`."
    )
    input_files = optional_list_field(
        InputFileInput, "Files that the agents of the session may read.", default_value=[]
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "Subtask queries: the work of each agent.", default_value=[]
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateSessionInput(graphene.InputObjectType):
    """Changes of a session: the given fields alone; an explicit null clears an optional one. After
    the start only `userId` may change.
    """

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    user_id = text_field("The user on whose behalf the session runs.")
    task_query = text_field(
        "The task query: text, or a JSON object whose members fill `{variables}`."
    )
    input_files = optional_list_field(
        InputFileInput, "Files that the agents of the session may read. Replaces the stored list."
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "Subtask queries: the work of each agent. Replaces the stored list."
    )
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteSessionInput(graphene.InputObjectType):
    """Names the session to delete."""

    coordination_uuid = uuid_field("The coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")


class SessionPayload(graphene.ObjectType):
    """The session after the change."""

    session = graphene.Field(Session, required=True, description="The session.")


def _create(context: Context, given: dict[str, Any]) -> SessionPayload:
    return SessionPayload(session=services.session.create(context.caller, **given))


def _update(context: Context, given: dict[str, Any]) -> SessionPayload:
    changes = dict(given)
    key = changes.pop("coordination_uuid"), changes.pop("session_uuid")
    version = changes.pop("expected_version", None)
    return SessionPayload(session=services.session.update(context.caller, *key, changes, version))


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["coordination_uuid"], given["session_uuid"]
    services.session.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.Session(*key)))


class SessionMutations:
    """Fields of Mutation."""

    create_session = fields.mutation_field(
        SessionPayload,
        CreateSessionInput,
        _create,
        "Creates a session without agents and without starting it.",
    )
    update_session = fields.mutation_field(
        SessionPayload,
        UpdateSessionInput,
        _update,
        "Changes a session; after its start `userId` alone, else INVALID_STATE.",
    )
    delete_session = fields.mutation_field(
        DeletePayload,
        DeleteSessionInput,
        _delete,
        "Deletes a session that has neither agents nor runs, else HAS_CHILDREN.",
    )
