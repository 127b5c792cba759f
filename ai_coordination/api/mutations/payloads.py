"""Payloads that mutations of several entities share."""

import graphene


class DeletePayload(graphene.ObjectType):
    """The result of a deletion."""

    deleted_id = graphene.ID(required=True, description="Global id of the deleted object.")
