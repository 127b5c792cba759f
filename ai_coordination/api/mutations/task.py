"""Mutations of tasks."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.agent import SubtaskQueryInput
from ai_coordination.api.agent_action import AgentActionInput
from ai_coordination.api.budget import BudgetInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import int_field, optional_list_field, text_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.task import AGENT_ACTIONS, OUTPUT, SUBTASK_QUERIES, Task


class CreateTaskInput(graphene.InputObjectType):
    """Input of `createTask`."""

    coordination_uuid = uuid_field("UUID of the coordination that provides the agents.")
    task_name = text_field("Display name, 1 to 256 characters.", required=True)
    task_description = text_field("Description for people.")
    initial_task_query = text_field("Task query of sessions that are started without one.")
    subtask_queries = optional_list_field(
        SubtaskQueryInput, f"{SUBTASK_QUERIES} At most 1,000.", default_value=[]
    )
    agent_actions = optional_list_field(
        AgentActionInput, f"{AGENT_ACTIONS} At most 1,000.", default_value=[]
    )
    output = text_field(OUTPUT)
    budget = BudgetInput(description="What each session of the task may spend. Null: no limit.")
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateTaskInput(graphene.InputObjectType):
    """Input of `updateTask`. Omitted fields are not changed. An explicit null clears an optional
    one.
    """

    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task.")
    task_name = text_field("Display name, 1 to 256 characters.")
    task_description = text_field("Description for people.")
    initial_task_query = text_field("Task query of sessions that are started without one.")
    subtask_queries = optional_list_field(
        SubtaskQueryInput, f"{SUBTASK_QUERIES} At most 1,000. Replaces the stored list."
    )
    agent_actions = optional_list_field(
        AgentActionInput, f"{AGENT_ACTIONS} At most 1,000. Replaces the stored list."
    )
    output = text_field(OUTPUT)
    budget = BudgetInput(description="What each session of the task may spend. Null: no limit.")
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteTaskInput(graphene.InputObjectType):
    """Input of `deleteTask`."""

    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task.")


class TaskPayload(ObjectType):
    """The result of a mutation of a task."""

    task = graphene.Field(Task, required=True, description="The task after the change.")


def _create(context: Context, arguments: dict[str, Any]) -> TaskPayload:
    return TaskPayload(task=services.task.create(context.caller, **arguments))


def _update(context: Context, arguments: dict[str, Any]) -> TaskPayload:
    changes = dict(arguments)
    key = changes.pop("coordination_uuid"), changes.pop("task_uuid")
    version = changes.pop("expected_version", None)
    return TaskPayload(task=services.task.update(context.caller, *key, changes, version))


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    key = arguments["coordination_uuid"], arguments["task_uuid"]
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
        "Changes a task. Sessions that have started are not affected.",
    )
    delete_task = fields.mutation_field(
        DeletePayload,
        DeleteTaskInput,
        _delete,
        "Deletes a task. Fails with HAS_CHILDREN if it has schedules. Its sessions are kept.",
    )
