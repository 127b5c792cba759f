"""What a session agent has to do with agents that were added while the session runs."""

import graphene

from ai_coordination import models
from ai_coordination.api import neighbours
from ai_coordination.api.fields import (
    Info,
    connection_field,
    int_field,
    lazy_text,
    uuid_field,
)
from ai_coordination.api.pagination import Connection


class Growths:
    """Fields of a session agent: its parent, its place below it, and its own children."""

    parent_uuid = uuid_field(
        "UUID of the session agent that has added this one: by `forEach`, `repeat`, `taskUuid`, or"
        " by delegation. Null if it was part of the session from its start.",
        required=False,
    )
    round = int_field(
        "Which growth of its parent has added it, from 1: of `repeat`, the round; of a delegation,"
        " the turn that has delegated. Null without a parent.",
        required=False,
    )
    item_index = int_field(
        "Index of its element in the list of `forEach`, or of its piece of delegated work, from 0."
        " Null for others.",
        required=False,
    )
    superseded = graphene.Boolean(
        required=True,
        description=(
            "Whether a retry has replaced it: its parent adds new agents instead. It is kept as"
            " history, and is no part of `progress`, `mermaid` and outputs."
        ),
    )
    children = connection_field(
        "session_agent.SessionAgentConnection",
        "Agents that this one has added, without superseded ones, in the order in which they were"
        " added.",
    )

    resolve_parent_uuid = lazy_text("parent_uuid")
    resolve_round = lazy_text("round")
    resolve_item_index = lazy_text("item_index")

    @staticmethod
    def resolve_superseded(agent: models.SessionAgent, info: Info) -> bool:
        # Rows of an index lack it: they are open, and a superseded agent has ended.
        return bool(agent.superseded)

    @staticmethod
    async def resolve_children(
        agent: models.SessionAgent, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await neighbours.page_of(info, agent, "children", first, after)
