"""Tasks in the API."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import AgentAction, AgentActionInput, SubtaskQuery, SubtaskQueryInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import Info, instant, many, one, page_of, several, text, uuid, whole
from ai_coordination.api.node import Node, global_id
from ai_coordination.api.pagination import Connection, List, connection, newest_first, paged
from ai_coordination.api.payloads import DeletePayload
from ai_coordination.api.session import sessions_of
from ai_coordination.api.task_schedule import schedules_of


class Task(graphene.ObjectType):
    """What the agents of a coordination do together: a graph of agent actions."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Task,)

    coordination_uuid = uuid("The coordination whose agents they are.")
    task_uuid = uuid("Its uuid.")
    partition_key = text(fields.PARTITION_KEY, required=True)
    task_name = text("What people call it.", required=True)
    task_description = text("What it is for.")
    initial_task_query = text("The task query of sessions that are started without one.")
    subtask_queries = many(SubtaskQuery, "The pieces of work.")
    agent_actions = many(AgentAction, "The graph, and each agent's rules.")
    version = whole(fields.VERSION)
    updated_by = text(fields.UPDATED_BY)
    created_at = instant(fields.CREATED_AT, required=True)
    updated_at = instant(fields.UPDATED_AT, required=True)
    coordination = one("coordination.Coordination", "The coordination whose agents they are.")
    schedules = page_of("task_schedule.TaskScheduleConnection", "When it starts by itself.")
    sessions = page_of("session.SessionConnection", "Its sessions.", newest_first=newest_first())
    mermaid = text("The agent graph as a Mermaid flowchart.", required=True)

    @staticmethod
    def resolve_agent_actions(task: models.Task, info: Info) -> list[models.AgentAction]:
        return list(task.agent_actions.values())

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
            **arguments,
        )

    @staticmethod
    async def resolve_mermaid(task: models.Task, info: Info) -> str:
        coordination = await _coordination(task, info)
        return services.task.mermaid(coordination, task)


async def _coordination(task: models.Task, info: Info) -> Any:
    tenant = info.context.caller.partition_key
    return await fields.parent(info.context, models.Coordination, tenant, task.coordination_uuid)


TaskConnection = connection(Task)


def tasks_of(
    context: Context,
    coordination_uuid: str,
    first: int | None,
    after: str | None,
    count: Callable[[], Any],
) -> Connection:
    """A page of a coordination's tasks."""
    place = List("tasks", context.caller.partition_key, coordination_uuid)
    wanted = place.wanted(first, after)
    page = services.task.page(context.caller, coordination_uuid, wanted)
    return Connection(page, wanted, place, lambda row: row.task_uuid, count)


class TaskQueries:
    """Fields of Query."""

    task = graphene.Field(
        Task,
        description="A task, or null.",
        coordination_uuid=uuid("The coordination whose it is."),
        task_uuid=uuid("Its uuid."),
    )
    tasks = graphene.Field(
        TaskConnection,
        required=True,
        description="The tasks of a coordination, oldest first.",
        **paged(coordination_uuid=uuid("The coordination whose they are.")),
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
            found = services.coordination.get(context.caller, coordination_uuid)
            return None if found is None else int(found.task_count)

        return tasks_of(context, coordination_uuid, first, after, count)


class CreateTaskInput(graphene.InputObjectType):
    """A new task. Where it names no agent, each agent of the coordination takes part."""

    coordination_uuid = uuid("The coordination whose agents do it.")
    task_name = text("What people call it: 1 to 256 characters.", required=True)
    task_description = text("What it is for.")
    initial_task_query = text("The task query of sessions that are started without one.")
    subtask_queries = several(
        SubtaskQueryInput,
        "The pieces of work; an agent without one gets the task query.",
        default_value=[],
    )
    agent_actions = several(
        AgentActionInput, "The graph, and each agent's rules.", default_value=[]
    )
    idempotency_key = text(fields.IDEMPOTENCY_KEY)


class UpdateTaskInput(graphene.InputObjectType):
    """Changes of a task: the given fields alone; an explicit null clears an optional one."""

    coordination_uuid = uuid("The coordination whose it is.")
    task_uuid = uuid("Which one.")
    task_name = text("What people call it.")
    task_description = text("What it is for.")
    initial_task_query = text("The task query of sessions that are started without one.")
    subtask_queries = several(SubtaskQueryInput, "All pieces of work.")
    agent_actions = several(AgentActionInput, "The whole graph, and each agent's rules.")
    expected_version = whole(fields.EXPECTED_VERSION, required=False)


class DeleteTaskInput(graphene.InputObjectType):
    """Which task to delete."""

    coordination_uuid = uuid("The coordination whose it is.")
    task_uuid = uuid("Which one.")


class TaskPayload(graphene.ObjectType):
    """The task as it is then."""

    task = graphene.Field(Task, required=True, description="The task.")


def _create(context: Context, given: dict[str, Any]) -> TaskPayload:
    return TaskPayload(task=services.task.create(context.caller, **given))


def _update(context: Context, given: dict[str, Any]) -> TaskPayload:
    changes = dict(given)
    key = changes.pop("coordination_uuid"), changes.pop("task_uuid")
    version = changes.pop("expected_version", None)
    return TaskPayload(task=services.task.update(context.caller, *key, changes, version))


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["coordination_uuid"], given["task_uuid"]
    services.task.delete(context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.Task(*key)))


class TaskMutations:
    """Fields of Mutation."""

    create_task = fields.mutation(
        TaskPayload, CreateTaskInput, _create, "Creates a task of a coordination."
    )
    update_task = fields.mutation(
        TaskPayload,
        UpdateTaskInput,
        _update,
        "Changes a task. Sessions that have started keep the graph they started with.",
    )
    delete_task = fields.mutation(
        DeletePayload,
        DeleteTaskInput,
        _delete,
        "Deletes a task that has no schedules, else HAS_CHILDREN. Its sessions stay.",
    )
