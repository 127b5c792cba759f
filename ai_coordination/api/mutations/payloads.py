"""What mutations of several entities answer."""

import graphene


class DeletePayload(graphene.ObjectType):
    """The global id of what is gone."""

    deleted_id = graphene.ID(required=True, description="The global id of what is gone.")
