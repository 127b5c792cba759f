"""What mutations of several entities answer."""

import graphene


class DeletePayload(graphene.ObjectType):
    """Global id of the deleted object."""

    deleted_id = graphene.ID(required=True, description="Global id of the deleted object.")
