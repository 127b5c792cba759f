"""Mutations of sessions."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import InputFileInput, SubtaskQueryInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    several,
    text,
    uuid,
    whole,
)
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.session import Session


class CreateSessionInput(graphene.InputObjectType):
    """Creates a session without agents and without starting it: for callers that build its graph
    themselves.
    """

    coordination_uuid = uuid("The coordination whose agents work in it.")
    task_uuid = uuid("The task that is executed, if it is one.", required=False)
    user_id = text("The user for whom it is.")
    task_query = text("What is asked.")
    input_files = several(InputFileInput, "The files that its agents may read.", default_value=[])
    subtask_queries = several(SubtaskQueryInput, "The pieces of work.", default_value=[])
    idempotency_key = text(fields.IDEMPOTENCY_KEY)


class UpdateSessionInput(graphene.InputObjectType):
    """Changes of a session: the given fields alone; an explicit null clears an optional one. After
    the start only `userId` may change.
    """

    coordination_uuid = uuid("The coordination whose agents work in it.")
    session_uuid = uuid("Which one.")
    user_id = text("The user for whom it is.")
    task_query = text("What is asked.")
    input_files = several(InputFileInput, "All files that its agents may read.")
    subtask_queries = several(SubtaskQueryInput, "All pieces of work.")
    expected_version = whole(fields.EXPECTED_VERSION, required=False)


class DeleteSessionInput(graphene.InputObjectType):
    """Which session to delete."""

    coordination_uuid = uuid("The coordination whose agents work in it.")
    session_uuid = uuid("Which one.")


class SessionPayload(graphene.ObjectType):
    """The session as it is then."""

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

    create_session = fields.mutation(
        SessionPayload,
        CreateSessionInput,
        _create,
        "Creates a session without agents and without starting it.",
    )
    update_session = fields.mutation(
        SessionPayload,
        UpdateSessionInput,
        _update,
        "Changes a session; after its start `userId` alone, else INVALID_STATE.",
    )
    delete_session = fields.mutation(
        DeletePayload,
        DeleteSessionInput,
        _delete,
        "Deletes a session that has neither agents nor runs, else HAS_CHILDREN.",
    )
