"""Tasks in the API."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import SubtaskQuery
from ai_coordination.api.agent_action import AgentAction
from ai_coordination.api.budget import Budget
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    connection_field,
    int_field,
    list_field,
    object_field,
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
)
from ai_coordination.api.session_queries import sessions_of
from ai_coordination.api.task_schedule import schedules_of
from ai_coordination.engine.planning import task_variables

SUBTASK_QUERIES = (
    "The work of each agent. A session has one session agent for each subtask query. An agent"
    " without one works on the task query."
)
AGENT_ACTIONS = (
    "The graph: predecessors, conditions, loops, timeouts, retries, failure policy and approval of"
    " each agent. An agent takes part if it has an action or a subtask query, or if another one"
    " waits for it. If there is no such agent, all agents of the coordination take part."
)
OUTPUT = (
    "A JMESPath expression of at most 1,000 characters over the outputs of the agents without"
    " successors. Its value is the output of a session: see `Session.output`."
)
# Sub-tasks whose names a picture shows. Each is read as a whole.
MOST_NAMED_TASKS = 20


class Task(ObjectType):
    """A graph of agents: which agents of a coordination work, in which order, and on what."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Task,)

    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task.")
    partition_key = text_field(fields.PARTITION_KEY, required=True)
    task_name = text_field("Display name.", required=True)
    task_description = text_field("Description for people.")
    initial_task_query = text_field("Task query of sessions that are started without one.")
    subtask_queries = list_field(SubtaskQuery, SUBTASK_QUERIES)
    agent_actions = list_field(AgentAction, AGENT_ACTIONS)
    variables = list_field(
        graphene.String,
        "The names of the `{variables}` of the subtask queries and of whom agents ask, each once. A"
        " task query that is a JSON object must have all of them.",
    )
    output = text_field(OUTPUT)
    budget = graphene.Field(
        Budget, description="What each session of the task may spend. Null: no limit."
    )
    version = int_field(fields.VERSION)
    updated_by = text_field(fields.UPDATED_BY)
    created_at = time_field(fields.CREATED_AT, required=True)
    updated_at = time_field(fields.UPDATED_AT, required=True)
    coordination = object_field(
        "coordination.Coordination", "The coordination that the task belongs to."
    )
    schedules = connection_field(
        "task_schedule.TaskScheduleConnection",
        "Schedules that start the task, oldest first.",
    )
    sessions = connection_field(
        "session_queries.SessionConnection",
        "Sessions that were started from the task.",
        newest_first=newest_first_argument(),
    )
    mermaid = text_field(
        "The agent graph as a Mermaid flowchart, with the control flow of each agent in words.",
        required=True,
    )

    @staticmethod
    async def resolve_agent_actions(task: models.Task, info: Info) -> list[models.AgentAction]:
        actions = list(task.agent_actions.values())
        depends = any(action.timeout_by_kind for action in actions)
        if not (depends and fields.selects(info, "timeoutSeconds")):
            return actions
        coordination = await _coordination(task, info)
        return services.agent_rules.with_default_timeouts(actions, coordination.agents)

    @staticmethod
    def resolve_variables(task: models.Task, info: Info) -> list[str]:
        return task_variables.names(task)

    @staticmethod
    async def resolve_coordination(task: models.Task, info: Info) -> models.Coordination:
        return await _coordination(task, info)

    @staticmethod
    async def resolve_schedules(
        task: models.Task, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await info.context.run(
            schedules_of,
            info.context,
            task.task_uuid,
            first,
            after,
            count=lambda page: int(task.schedule_count),
        )

    @staticmethod
    async def resolve_sessions(task: models.Task, info: Info, **arguments: Any) -> Connection:
        return await info.context.run(
            sessions_of,
            info.context,
            task.coordination_uuid,
            filter={"task_uuid": task.task_uuid},
            of_one_coordination=True,
            **arguments,
        )

    @staticmethod
    async def resolve_mermaid(task: models.Task, info: Info) -> str:
        async def draw() -> str:
            coordination = await _coordination(task, info)
            uuids = services.nested_tasks.sub_tasks(task)[:MOST_NAMED_TASKS]
            loads = [info.context.load(models.Task, task.coordination_uuid, uuid) for uuid in uuids]
            found = [row for row in await info.context.all(loads) if row is not None]
            names = {each.task_uuid: each.task_name for each in found}
            return services.diagrams.of_task(coordination, task, names)

        # A list read from an index may show an older version of the same task.
        key = "picture", task.task_uuid, task.version
        picture: str = await info.context.once(key, draw)
        return picture


async def _coordination(task: models.Task, info: Info) -> Any:
    tenant = info.context.caller.partition_key
    return await fields.load_parent(
        info.context, models.Coordination, tenant, task.coordination_uuid
    )


TaskConnection = connection(Task)


def tasks_of(
    context: Context,
    coordination_uuid: str,
    first: int | None,
    after: str | None,
    count: Callable[[], Any],
) -> Connection:
    """Return a page of a coordination's tasks."""
    scope = CursorScope("tasks", context.caller.partition_key, coordination_uuid)
    request = scope.page_request(first, after)
    page = services.task.page(context.caller, coordination_uuid, request)
    return Connection(page, request, scope, lambda row: row.task_uuid, count)


class TaskQueries:
    """Fields of Query."""

    task = graphene.Field(
        Task,
        description="The task with this UUID. Null if it does not exist.",
        coordination_uuid=uuid_field("UUID of the coordination that the task belongs to."),
        task_uuid=uuid_field("UUID of the task."),
    )
    tasks = graphene.Field(
        TaskConnection,
        required=True,
        description="The tasks of a coordination, oldest first.",
        **paging_arguments(coordination_uuid=uuid_field("UUID of the coordination.")),
    )

    @staticmethod
    def resolve_task(
        root: None, info: Info, coordination_uuid: str, task_uuid: str
    ) -> models.Task | None:
        return services.task.get(info.context.caller, coordination_uuid, task_uuid)

    @staticmethod
    def resolve_tasks(
        root: None,
        info: Info,
        coordination_uuid: str,
        first: int | None,
        after: str | None = None,
    ) -> Connection:
        context = info.context

        def count() -> int | None:
            counts = services.counts.of(context.caller, coordination_uuid)
            return None if counts is None else counts[0]

        return tasks_of(context, coordination_uuid, first, after, count)
