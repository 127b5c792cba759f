"""Mutations of tasks."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import AgentActionInput, SubtaskQueryInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import int_field, optional_list_field, text_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.task import Task


class CreateTaskInput(graphene.InputObjectType):
    """A new task. Where it names no agent, each agent of the coordination takes part."""

    coordination_uuid = uuid_field("The coordination that provides the agents.")
    task_name = text_field("Display name, 1 to 256 characters.", required=True)
    task_description = text_field("Description for people.")
    initial_task_query = text_field("Task query of sessions that are started without one.")
    subtask_queries = optional_list_field(
        SubtaskQueryInput,
        "Subtask queries: the work of each agent. An agent without one works on the task query.",
        default_value=[],
    )
    agent_actions = optional_list_field(
        AgentActionInput, "The graph: predecessors and rules of each agent.", default_value=[]
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateTaskInput(graphene.InputObjectType):
    """Changes of a task: the given fields alone; an explicit null clears an optional one."""

    coordination_uuid = uuid_field("The coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task.")
    task_name = text_field("Display name.")
    task_description = text_field("Description for people.")
    initial_task_query = text_field("Task query of sessions that are started without one.")
    subtask_queries = optional_list_field(
        SubtaskQueryInput, "Subtask queries: the work of each agent. Replaces the stored list."
    )
    agent_actions = optional_list_field(
        AgentActionInput,
        "The graph: predecessors and rules of each agent. Replaces the stored graph.",
    )
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteTaskInput(graphene.InputObjectType):
    """Names the task to delete."""

    coordination_uuid = uuid_field("The coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task.")


class TaskPayload(graphene.ObjectType):
    """The task after the change."""

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

    create_task = fields.mutation_field(
        TaskPayload, CreateTaskInput, _create, "Creates a task of a coordination."
    )
    update_task = fields.mutation_field(
        TaskPayload,
        UpdateTaskInput,
        _update,
        "Changes a task. Sessions that have started keep the graph they started with.",
    )
    delete_task = fields.mutation_field(
        DeletePayload,
        DeleteTaskInput,
        _delete,
        "Deletes a task that has no schedules, else HAS_CHILDREN. Its sessions stay.",
    )
