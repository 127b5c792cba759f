"""Mutations of task schedules."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import int_field, text_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.task_schedule import SCHEDULE, STATUS, TIMEZONE, TaskSchedule
from ai_coordination.services import timers
from ai_coordination.states import ScheduleStatus


class CreateTaskScheduleInput(graphene.InputObjectType):
    """Input of `createTaskSchedule`."""

    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    task_uuid = uuid_field("UUID of the task that the schedule starts.")
    schedule = text_field(SCHEDULE, required=True)
    timezone = graphene.String(default_value="UTC", description=TIMEZONE)
    status = graphene.InputField(
        enums.ScheduleStatus, default_value=ScheduleStatus.ACTIVE, description=STATUS
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateTaskScheduleInput(graphene.InputObjectType):
    """Input of `updateTaskSchedule`. Omitted fields are not changed."""

    task_uuid = uuid_field("UUID of the task that the schedule starts.")
    schedule_uuid = uuid_field("UUID of the schedule.")
    schedule = text_field(SCHEDULE)
    timezone = text_field(TIMEZONE)
    status = graphene.InputField(enums.ScheduleStatus, description=STATUS)
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteTaskScheduleInput(graphene.InputObjectType):
    """Input of `deleteTaskSchedule`."""

    task_uuid = uuid_field("UUID of the task that the schedule starts.")
    schedule_uuid = uuid_field("UUID of the schedule.")


class TaskSchedulePayload(ObjectType):
    """The result of a mutation of a schedule."""

    task_schedule = graphene.Field(
        TaskSchedule, required=True, description="The schedule after the change."
    )


def _create(context: Context, arguments: dict[str, Any]) -> TaskSchedulePayload:
    created = services.task_schedule.create(timers.scheduler(), context.caller, **arguments)
    return TaskSchedulePayload(task_schedule=created)


def _update(context: Context, arguments: dict[str, Any]) -> TaskSchedulePayload:
    changes = dict(arguments)
    key = changes.pop("task_uuid"), changes.pop("schedule_uuid")
    version = changes.pop("expected_version", None)
    caller = context.caller
    updated = services.task_schedule.update(timers.scheduler(), caller, *key, changes, version)
    return TaskSchedulePayload(task_schedule=updated)


def _delete(context: Context, arguments: dict[str, Any]) -> DeletePayload:
    key = arguments["task_uuid"], arguments["schedule_uuid"]
    services.task_schedule.delete(timers.scheduler(), context.caller, *key)
    return DeletePayload(deleted_id=global_id(models.TaskSchedule(*key)))


class TaskScheduleMutations:
    """Fields of Mutation."""

    create_task_schedule = fields.mutation_field(
        TaskSchedulePayload, CreateTaskScheduleInput, _create, "Creates a schedule of a task."
    )
    update_task_schedule = fields.mutation_field(
        TaskSchedulePayload, UpdateTaskScheduleInput, _update, "Changes a schedule."
    )
    delete_task_schedule = fields.mutation_field(
        DeletePayload, DeleteTaskScheduleInput, _delete, "Deletes a schedule."
    )
