"""Mutations of coordinations."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import AgentInput
from ai_coordination.api.context import Context
from ai_coordination.api.coordination import Coordination
from ai_coordination.api.fields import int_field, optional_list_field, text_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.objects import ObjectType


class CreateCoordinationInput(graphene.InputObjectType):
    """Input of `createCoordination`."""

    coordination_name = text_field("Display name, 1 to 256 characters.", required=True)
    coordination_description = text_field("Description for people.")
    agents = optional_list_field(
        AgentInput, "The agents of the coordination, at most 1,000.", default_value=[]
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateCoordinationInput(graphene.InputObjectType):
    """Input of `updateCoordination`. Omitted fields are not changed. An explicit null clears an
    optional one.
    """

    coordination_uuid = uuid_field("UUID of the coordination.")
    coordination_name = text_field("Display name, 1 to 256 characters.")
    coordination_description = text_field("Description for people.")
    agents = optional_list_field(
        AgentInput, "The agents of the coordination, at most 1,000. Replaces the stored list."
    )
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteCoordinationInput(graphene.InputObjectType):
    """Input of `deleteCoordination`."""

    coordination_uuid = uuid_field("UUID of the coordination.")


class CoordinationPayload(ObjectType):
    """The result of a mutation of a coordination."""

    coordination = graphene.Field(
        Coordination, required=True, description="The coordination after the change."
    )


def _create(context: Context, arguments: dict[str, Any]) -> CoordinationPayload:
    created = services.coordination.create(context.caller, **arguments)
    return CoordinationPayload(coordination=created)


def _update(context: Context, arguments: dict[str, Any]) -> CoordinationPayload:
    changes = dict(arguments)
    uuid, version = changes.pop("coordination_uuid"), changes.pop("expected_version", None)
    updated = services.coordination.update(context.caller, uuid, changes, version)
    return CoordinationPayload(coordination=updated)


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    uuid = arguments["coordination_uuid"]
    services.coordination.delete(context.caller, uuid)
    gone = models.Coordination(context.caller.partition_key, uuid)
    return DeletePayload(deleted_id=global_id(gone))


class CoordinationMutations:
    """Fields of Mutation."""

    create_coordination = fields.mutation_field(
        CoordinationPayload, CreateCoordinationInput, _create, "Creates a coordination."
    )
    update_coordination = fields.mutation_field(
        CoordinationPayload,
        UpdateCoordinationInput,
        _update,
        "Changes a coordination. Sessions that have started are not affected.",
    )
    delete_coordination = fields.mutation_field(
        DeletePayload,
        DeleteCoordinationInput,
        _delete,
        "Deletes a coordination. Fails with HAS_CHILDREN if it has tasks or sessions.",
    )
