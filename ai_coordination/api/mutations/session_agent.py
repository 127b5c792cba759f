"""Mutations of session agents."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import AgentRulesInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    int_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.session_agent import SessionAgent


class CreateSessionAgentInput(graphene.InputObjectType):
    """Adds an agent to a session that has not started."""

    coordination_uuid = uuid_field("The coordination of the session.")
    session_uuid = uuid_field("The session.")
    agent_uuid = uuid_field("The member of the coordination. A logical reference.")
    predecessors = optional_list_field(
        graphene.ID,
        "`sessionAgentUuid`s of the same session: at most 97.",
        default_value=[],
    )
    rules = AgentRulesInput(description="Rules of the agent: retries, timeouts, failure policy.")
    subtask_query = text_field("The work of the agent.")
    user_input = text_field("Text from a person.")
    agent_input = text_field("The text that the agent is given.")
    notes = text_field("Notes for people, such as the reason of a failure.")
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateSessionAgentInput(graphene.InputObjectType):
    """Changes of an agent: the given fields alone; an explicit null clears one. After the start of
    the session only `notes` may change.
    """

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")
    user_input = text_field("Text from a person.")
    agent_input = text_field("The text that the agent is given.")
    notes = text_field("Notes for people, such as the reason of a failure.")
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteSessionAgentInput(graphene.InputObjectType):
    """Names the session agent to delete."""

    session_uuid = uuid_field("The session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")


class SessionAgentPayload(graphene.ObjectType):
    """The session agent after the change."""

    session_agent = graphene.Field(SessionAgent, required=True, description="The agent.")


def _create(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    created = services.session_agent.create(context.caller, **given)
    return SessionAgentPayload(session_agent=created)


def _update(context: Context, given: dict[str, Any]) -> SessionAgentPayload:
    changes = dict(given)
    key = changes.pop("session_uuid"), changes.pop("session_agent_uuid")
    version = changes.pop("expected_version", None)
    updated = services.session_agent.update(context.caller, *key, changes, version)
    return SessionAgentPayload(session_agent=updated)


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["session_uuid"], given["session_agent_uuid"]
    services.session_agent.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.SessionAgent(*key)))


class SessionAgentMutations:
    """Fields of Mutation."""

    create_session_agent = fields.mutation_field(
        SessionAgentPayload,
        CreateSessionAgentInput,
        _create,
        "Adds an agent to a session that has not started, else INVALID_STATE.",
    )
    update_session_agent = fields.mutation_field(
        SessionAgentPayload,
        UpdateSessionAgentInput,
        _update,
        "Changes an agent; after the session's start `notes` alone, else INVALID_STATE.",
    )
    delete_session_agent = fields.mutation_field(
        DeletePayload,
        DeleteSessionAgentInput,
        _delete,
        "Deletes an agent that has no runs, else HAS_CHILDREN. Before the session's start nothing"
        " may wait for it; while the session is in progress it is INVALID_STATE.",
    )
