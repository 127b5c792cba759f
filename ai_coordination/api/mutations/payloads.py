"""Payloads that mutations of several entities share."""

import graphene

from ai_coordination.api.objects import ObjectType


class DeletePayload(ObjectType):
    """The result of a deletion."""

    deleted_id = graphene.ID(required=True, description="Global id of the deleted object.")
