"""Coordinations in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import Agent
from ai_coordination.api.fields import (
    Info,
    connection_field,
    int_field,
    list_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.node import Node
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    connection,
    newest_first_argument,
    paging_arguments,
    unknown_total,
)
from ai_coordination.api.session_queries import SessionFilter, sessions_of
from ai_coordination.api.task import tasks_of


class Coordination(ObjectType):
    """A set of agents that work together, and how the engine reaches each of them. Tasks arrange
    them in graphs, and sessions execute these.
    """

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Coordination,)

    partition_key = text_field(fields.PARTITION_KEY, required=True)
    coordination_uuid = uuid_field("UUID of the coordination.")
    endpoint_id = text_field("First part of the tenant's name.", required=True)
    part_id = text_field("Second part of the tenant's name.", required=True)
    coordination_name = text_field("Display name.", required=True)
    coordination_description = text_field("Description for people.")
    agents = list_field(Agent, "The agents of the coordination, its members.")
    version = int_field(fields.VERSION)
    updated_by = text_field(fields.UPDATED_BY)
    created_at = time_field(fields.CREATED_AT, required=True)
    updated_at = time_field(fields.UPDATED_AT, required=True)
    tasks = connection_field("task.TaskConnection", "Tasks of the coordination, oldest first.")
    sessions = connection_field(
        "session_queries.SessionConnection",
        "Sessions of the coordination.",
        newest_first=newest_first_argument(),
        filter=SessionFilter(description=fields.FILTER),
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
    """Return the number of children of one type. Called only if a total is selected."""
    key = coordination.coordination_uuid, services.counts.TENANT
    counts = await info.context.load(models.ChildCounts, *key)
    return services.counts.total(coordination, counts, name)


CoordinationConnection = connection(Coordination)


class CoordinationFilter(graphene.InputObjectType):
    """Filter for coordinations."""

    name_contains = text_field("Only coordinations whose name contains this text, ignoring case.")


class CoordinationQueries:
    """Fields of Query."""

    coordination = graphene.Field(
        Coordination,
        description="The coordination with this UUID. Null if it does not exist.",
        coordination_uuid=uuid_field("UUID of the coordination."),
    )
    coordinations = graphene.Field(
        CoordinationConnection,
        required=True,
        description="The tenant's coordinations, oldest first.",
        **paging_arguments(
            filter=CoordinationFilter(description="Filter. Only matching rows are returned.")
        ),
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
        filters = {name: value for name, value in (filter or {}).items() if value}
        scope = CursorScope("coordinations", caller.partition_key, filters)
        request = scope.page_request(first, after)
        page = services.coordination.page(caller, request, **filters)
        return Connection(page, request, scope, lambda row: row.coordination_uuid, unknown_total)
