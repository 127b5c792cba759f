"""Coordinations in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import Agent
from ai_coordination.api.fields import Info, instant, many, page_of, text, uuid, whole
from ai_coordination.api.node import Node
from ai_coordination.api.pagination import (
    Connection,
    List,
    connection,
    newest_first,
    paged,
    unknown,
)
from ai_coordination.api.session import SessionFilter, sessions_of
from ai_coordination.api.task import tasks_of


class Coordination(graphene.ObjectType):
    """A blueprint: which agents there are, and how they are reached."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Coordination,)

    partition_key = text(fields.PARTITION_KEY, required=True)
    coordination_uuid = uuid("UUID of the object.")
    endpoint_id = text("The first half of the tenant.", required=True)
    part_id = text("The second half of the tenant.", required=True)
    coordination_name = text("Display name.", required=True)
    coordination_description = text("Description for people.")
    agents = many(Agent, "Members of the coordination.")
    version = whole(fields.VERSION)
    updated_by = text(fields.UPDATED_BY)
    created_at = instant(fields.CREATED_AT, required=True)
    updated_at = instant(fields.UPDATED_AT, required=True)
    tasks = page_of("task.TaskConnection", "Its tasks, oldest first.")
    sessions = page_of(
        "session.SessionConnection",
        "Its sessions.",
        newest_first=newest_first(),
        filter=SessionFilter(description="Filter. Only matching rows are returned."),
    )

    @staticmethod
    async def resolve_tasks(
        coordination: models.Coordination, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await info.context.run(
            tasks_of,
            info.context,
            coordination.coordination_uuid,
            first,
            after,
            lambda: _total(coordination, info, "task_count"),
        )

    @staticmethod
    async def resolve_sessions(
        coordination: models.Coordination, info: Info, **arguments: Any
    ) -> Connection:
        return await info.context.run(
            sessions_of,
            info.context,
            coordination.coordination_uuid,
            count=lambda: _total(coordination, info, "session_count"),
            **arguments,
        )


async def _total(coordination: models.Coordination, info: Info, name: str) -> int:
    """How many children of a kind it has, which is read only where a total is asked for."""
    key = coordination.coordination_uuid, services.counts.TENANT
    counted = await info.context.load(models.ChildCounts, *key)
    return services.counts.total(coordination, counted, name)


CoordinationConnection = connection(Coordination)


class CoordinationFilter(graphene.InputObjectType):
    """Filter for coordinations."""

    name_contains = text("A part of the name, in whichever case.")


class CoordinationQueries:
    """Fields of Query."""

    coordination = graphene.Field(
        Coordination,
        description="A coordination, or null.",
        coordination_uuid=uuid("UUID of the object."),
    )
    coordinations = graphene.Field(
        CoordinationConnection,
        required=True,
        description="The tenant's coordinations, oldest first.",
        **paged(filter=CoordinationFilter(description="Filter. Only matching rows are returned.")),
    )

    @staticmethod
    def resolve_coordination(
        root: None, info: Info, coordination_uuid: str
    ) -> models.Coordination | None:
        return services.coordination.get(info.context.caller, coordination_uuid)

    @staticmethod
    def resolve_coordinations(
        root: None,
        info: Info,
        first: int | None,
        after: str | None = None,
        filter: dict[str, Any] | None = None,
    ) -> Connection:
        caller = info.context.caller
        chosen = {name: value for name, value in (filter or {}).items() if value}
        place = List("coordinations", caller.partition_key, chosen)
        wanted = place.wanted(first, after)
        page = services.coordination.page(caller, wanted, **chosen)
        return Connection(page, wanted, place, lambda row: row.coordination_uuid, unknown)
