"""Mutations of session agents."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent_action import AgentRulesInput
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
from ai_coordination.api.session_agent import SessionAgent

RULES = "Timeouts, retries, failure policy and approval. Default: the defaults of its fields."
USER_INPUT = "A text of a person for the agent, passed to it as `userInput`."
AGENT_INPUT = "A text that is shown until the first attempt, which replaces it."


class CreateSessionAgentInput(graphene.InputObjectType):
    """Input of `createSessionAgent`."""

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    agent_uuid = uuid_field(
        "`agentUuid` of the agent. It must exist in the coordination when the session is started."
    )
    predecessors = optional_list_field(
        graphene.ID,
        "`sessionAgentUuid`s of the agents of the session that must end before this one starts, at"
        " most 97.",
        default_value=[],
    )
    rules = AgentRulesInput(description=RULES)
    subtask_query = text_field("The work of the agent.")
    user_input = text_field(USER_INPUT)
    agent_input = text_field(AGENT_INPUT)
    notes = text_field("Notes for people.")
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateSessionAgentInput(graphene.InputObjectType):
    """Input of `updateSessionAgent`. Omitted fields are not changed. An explicit null clears one.
    After the start of the session only `notes` can be changed.
    """

    session_uuid = uuid_field("UUID of the session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")
    user_input = text_field(USER_INPUT)
    agent_input = text_field(AGENT_INPUT)
    notes = text_field("Notes for people.")
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteSessionAgentInput(graphene.InputObjectType):
    """Input of `deleteSessionAgent`."""

    session_uuid = uuid_field("UUID of the session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")


class SessionAgentPayload(ObjectType):
    """The result of a mutation of a session agent."""

    session_agent = graphene.Field(
        SessionAgent, required=True, description="The session agent after the change."
    )


def _create(context: Context, arguments: dict[str, Any]) -> SessionAgentPayload:
    created = services.session_agent.create(context.caller, **arguments)
    return SessionAgentPayload(session_agent=created)


def _update(context: Context, arguments: dict[str, Any]) -> SessionAgentPayload:
    changes = dict(arguments)
    key = changes.pop("session_uuid"), changes.pop("session_agent_uuid")
    version = changes.pop("expected_version", None)
    updated = services.session_agent.update(context.caller, *key, changes, version)
    return SessionAgentPayload(session_agent=updated)


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    key = arguments["session_uuid"], arguments["session_agent_uuid"]
    services.session_agent.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.SessionAgent(*key)))


class SessionAgentMutations:
    """Fields of Mutation."""

    create_session_agent = fields.mutation_field(
        SessionAgentPayload,
        CreateSessionAgentInput,
        _create,
        "Adds an agent to a session. Fails with INVALID_STATE if the session has started.",
    )
    update_session_agent = fields.mutation_field(
        SessionAgentPayload,
        UpdateSessionAgentInput,
        _update,
        "Changes an agent of a session. After the session's start, a change of anything but `notes`"
        " fails with INVALID_STATE.",
    )
    delete_session_agent = fields.mutation_field(
        DeletePayload,
        DeleteSessionAgentInput,
        _delete,
        "Deletes an agent of a session. Fails with HAS_CHILDREN if it has runs or, before the"
        " session's start, successors, and with INVALID_STATE while the session is in progress.",
    )
