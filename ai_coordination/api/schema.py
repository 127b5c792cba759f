"""The complete GraphQL schema. `python -m ai_coordination.api.schema` prints it."""

import sys
from typing import Any

import graphene
from graphql import print_schema

from ai_coordination import models, services
from ai_coordination.api import enums, uuids
from ai_coordination.api.agent_runtimes import AgentRuntimeQueries
from ai_coordination.api.coordination import Coordination, CoordinationQueries
from ai_coordination.api.fields import Info
from ai_coordination.api.mutations.claims import ClaimMutations
from ai_coordination.api.mutations.coordination import CoordinationMutations
from ai_coordination.api.mutations.delegation import DelegationMutations
from ai_coordination.api.mutations.execution import ExecutionMutations
from ai_coordination.api.mutations.session import SessionMutations
from ai_coordination.api.mutations.session_agent import SessionAgentMutations
from ai_coordination.api.mutations.session_run import SessionRunMutations
from ai_coordination.api.mutations.task import TaskMutations
from ai_coordination.api.mutations.task_schedule import TaskScheduleMutations
from ai_coordination.api.node import Node, key_of
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.session import Session
from ai_coordination.api.session_agent import SessionAgent
from ai_coordination.api.session_agent_queries import SessionAgentQueries
from ai_coordination.api.session_queries import SessionQueries
from ai_coordination.api.session_run import SessionRun, SessionRunQueries
from ai_coordination.api.task import Task, TaskQueries
from ai_coordination.api.task_schedule import TaskSchedule, TaskScheduleQueries
from ai_coordination.api.viewer import ViewerQueries
from ai_coordination.models import reads


class Query(
    ViewerQueries,
    AgentRuntimeQueries,
    SessionRunQueries,
    SessionAgentQueries,
    SessionQueries,
    TaskScheduleQueries,
    TaskQueries,
    CoordinationQueries,
    ObjectType,
):
    """Queries. They return only objects of the caller's tenant, as if there were no others."""

    node = graphene.Field(
        Node,
        description="The object with this global id. Null if it does not exist.",
        id=graphene.ID(required=True, description="The `id` of an object."),
    )

    @staticmethod
    def resolve_node(root: None, info: Info, id: str) -> models.Entity | None:
        tenant = info.context.caller.partition_key
        return services.session.present(reads.get(*key_of(id, tenant), tenant=tenant))


class Mutation(
    ExecutionMutations,
    ClaimMutations,
    DelegationMutations,
    SessionRunMutations,
    SessionAgentMutations,
    SessionMutations,
    TaskScheduleMutations,
    TaskMutations,
    CoordinationMutations,
    ObjectType,
):
    """Mutations. Each field takes effect completely or not at all. Several fields of one operation
    are executed one after another, and a failure does not undo the earlier ones.
    """


schema = graphene.Schema(
    query=Query,
    mutation=Mutation,
    types=[
        Coordination,
        Task,
        TaskSchedule,
        Session,
        SessionAgent,
        SessionRun,
        enums.ErrorCode,
    ],
)


uuids.accept_upper_case(schema.graphql_schema)


def sdl() -> str:
    """Return the schema in the schema definition language (SDL)."""
    return print_schema(schema.graphql_schema) + "\n"


def main(*_: Any) -> None:
    """Print the schema."""
    sys.stdout.write(sdl())


if __name__ == "__main__":
    main()
