"""Mutations of sessions."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import InputFileInput, SubtaskQueryInput
from ai_coordination.api.budget import BudgetInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    int_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.session import TASK_QUERY, Session
from ai_coordination.api.session_parts import LABELS, LabelInput
from ai_coordination.engine import session_commands


class CreateSessionInput(graphene.InputObjectType):
    """Input of `createSession`."""

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    task_uuid = uuid_field(
        "UUID of the task to record as the session's task. Null for none.", required=False
    )
    user_id = text_field("The user for whom the session runs, 1 to 256 characters.")
    task_query = text_field(TASK_QUERY)
    input_files = optional_list_field(
        InputFileInput,
        "Files that the agents of the session may read, at most 1,000.",
        default_value=[],
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "The work of each agent, at most 1,000.", default_value=[]
    )
    labels = optional_list_field(LabelInput, LABELS, default_value=[])
    budget = BudgetInput(description="What the session may spend. Null: no limit.")
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateSessionInput(graphene.InputObjectType):
    """Input of `updateSession`. Omitted fields are not changed. An explicit null clears an optional
    one. After the start only `userId` and `budget` can be changed.
    """

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    user_id = text_field("The user for whom the session runs, 1 to 256 characters.")
    task_query = text_field(TASK_QUERY)
    input_files = optional_list_field(
        InputFileInput,
        "Files that the agents of the session may read, at most 1,000. Replaces the stored list.",
    )
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "The work of each agent, at most 1,000. Replaces the stored list."
    )
    budget = BudgetInput(
        description=(
            "What the session may spend, from its start on. It can be changed after the start too,"
            " and after the end: a retry continues with what is left. Null: no limit. A session"
            " that has started without a limit of tokens, or of dollars, cannot get one."
        )
    )
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteSessionInput(graphene.InputObjectType):
    """Input of `deleteSession`."""

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")


class PurgeSessionInput(graphene.InputObjectType):
    """Input of `purgeSession`."""

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")


class SessionPayload(ObjectType):
    """The result of a mutation of a session."""

    session = graphene.Field(Session, required=True, description="The session after the change.")


def _create(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    return SessionPayload(session=services.session.create(context.caller, **arguments))


def _update(context: Context, arguments: dict[str, Any]) -> SessionPayload:
    changes = dict(arguments)
    key = changes.pop("coordination_uuid"), changes.pop("session_uuid")
    version = changes.pop("expected_version", None)
    return SessionPayload(session=services.session.update(context.caller, *key, changes, version))


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    key = arguments["coordination_uuid"], arguments["session_uuid"]
    services.session.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.Session(*key)))


def _purge(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    session = session_commands.purge(context.engine, context.caller, **arguments)
    return DeletePayload(deleted_id=global_id(session))


class SessionMutations:
    """Fields of Mutation."""

    create_session = fields.mutation_field(
        SessionPayload,
        CreateSessionInput,
        _create,
        "Creates a session without agents, and does not start it. Add agents with"
        " `createSessionAgent` and start it with `dispatchSession`. To start a session of a task,"
        " use `startSession`.",
    )
    update_session = fields.mutation_field(
        SessionPayload,
        UpdateSessionInput,
        _update,
        "Changes a session. After its start, a change of anything but `userId` and `budget` fails"
        " with INVALID_STATE.",
    )
    purge_session = fields.mutation_field(
        DeletePayload,
        PurgeSessionInput,
        _purge,
        "Deletes a session that has ended, with all its agents, runs, labels and texts. From now on"
        " it does not exist. Lists may show it for some seconds, and its agents and runs may still"
        " be read; texts in the bucket are deleted a quarter of an hour later. Fails with"
        " INVALID_STATE if the session has not ended.",
    )
    delete_session = fields.mutation_field(
        DeletePayload,
        DeleteSessionInput,
        _delete,
        "Deletes a session. Fails with HAS_CHILDREN if it has agents or runs.",
    )
