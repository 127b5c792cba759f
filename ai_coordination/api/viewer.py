"""Who is asking, in the API."""

import graphene

from ai_coordination.api.fields import Info, list_field, text_field
from ai_coordination.api.objects import ObjectType
from ai_coordination.caller import Caller


class Viewer(ObjectType):
    """The verified caller of the request."""

    endpoint_id = text_field("Endpoint of the caller's tenant.", required=True)
    part_id = text_field("Part of the caller's tenant.", required=True)
    user_id = text_field("The user. Null if the caller has none.")
    groups = list_field(graphene.String, "The groups that the user is a member of.")


class ViewerQueries:
    """Fields of Query."""

    viewer = graphene.Field(
        Viewer,
        required=True,
        description="The verified caller. It decides which questions the caller may answer.",
    )

    @staticmethod
    def resolve_viewer(root: None, info: Info) -> Caller:
        caller: Caller = info.context.caller
        return caller
