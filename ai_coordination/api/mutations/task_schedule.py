"""Mutations of task schedules."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import int_field, text_field, uuid_field
from ai_coordination.api.mutations.payloads import DeletePayload
from ai_coordination.api.node import global_id
from ai_coordination.api.task_schedule import SCHEDULE, STATUS, TIMEZONE, TaskSchedule
from ai_coordination.services import timers
from ai_coordination.states import ScheduleStatus


class CreateTaskScheduleInput(graphene.InputObjectType):
    """A new schedule of a task."""

    coordination_uuid = uuid_field("The coordination of the task.")
    task_uuid = uuid_field("The task that the schedule starts.")
    schedule = text_field(SCHEDULE, required=True)
    timezone = graphene.String(default_value="UTC", description=TIMEZONE)
    status = graphene.InputField(
        enums.ScheduleStatus, default_value=ScheduleStatus.ACTIVE, description=STATUS
    )
    idempotency_key = text_field(fields.IDEMPOTENCY_KEY)


class UpdateTaskScheduleInput(graphene.InputObjectType):
    """Changes of a schedule: the given fields alone."""

    task_uuid = uuid_field("The task that the schedule starts.")
    schedule_uuid = uuid_field("UUID of the schedule.")
    schedule = text_field(SCHEDULE)
    timezone = text_field(TIMEZONE)
    status = graphene.InputField(enums.ScheduleStatus, description=STATUS)
    expected_version = int_field(fields.EXPECTED_VERSION, required=False)


class DeleteTaskScheduleInput(graphene.InputObjectType):
    """Names the schedule to delete."""

    task_uuid = uuid_field("The task that the schedule starts.")
    schedule_uuid = uuid_field("UUID of the schedule.")


class TaskSchedulePayload(graphene.ObjectType):
    """The schedule after the change."""

    task_schedule = graphene.Field(TaskSchedule, required=True, description="The schedule.")


def _create(context: Context, given: dict[str, Any]) -> TaskSchedulePayload:
    created = services.task_schedule.create(timers.scheduler(), context.caller, **given)
    return TaskSchedulePayload(task_schedule=created)


def _update(context: Context, given: dict[str, Any]) -> TaskSchedulePayload:
    changes = dict(given)
    key = changes.pop("task_uuid"), changes.pop("schedule_uuid")
    version = changes.pop("expected_version", None)
    caller = context.caller
    updated = services.task_schedule.update(timers.scheduler(), caller, *key, changes, version)
    return TaskSchedulePayload(task_schedule=updated)


def _delete(context: Context, given: dict[str, Any]) -> DeletePayload:
    key = given["task_uuid"], given["schedule_uuid"]
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
