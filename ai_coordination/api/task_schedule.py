"""Task schedules in the API."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    int_field,
    object_field,
    optional_list_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.node import Node
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import Connection, CursorScope, connection, paging_arguments
from ai_coordination.models.reads import Page

SCHEDULE = (
    "When to start the task: `cron(...)`, `rate(...)` or `at(...)`, in the syntax of Amazon"
    " EventBridge Scheduler."
)
TIMEZONE = "IANA name of the time zone of the expression, such as `Europe/Berlin`."
STATUS = "ACTIVE or PAUSED. Only the engine sets COMPLETED."


class TaskSchedule(ObjectType):
    """A schedule that starts sessions of a task."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.TaskSchedule,)

    task_uuid = uuid_field("UUID of the task that the schedule starts.")
    schedule_uuid = uuid_field("UUID of the schedule.")
    coordination_uuid = uuid_field("UUID of the coordination that the task belongs to.")
    partition_key = text_field(fields.PARTITION_KEY, required=True)
    schedule = text_field(SCHEDULE, required=True)
    timezone = text_field(TIMEZONE, required=True)
    status = graphene.Field(
        enums.ScheduleStatus, required=True, description="Whether the schedule is active."
    )
    next_run_at = time_field(
        "Next time at which the schedule starts a session. Null if it does not, for example because"
        " it is paused."
    )
    last_session = object_field(
        "session.Session",
        "The session that the schedule started last. Null if there is none.",
        required=False,
    )
    version = int_field(fields.VERSION)
    updated_by = text_field(fields.UPDATED_BY)
    created_at = time_field(fields.CREATED_AT, required=True)
    updated_at = time_field(fields.UPDATED_AT, required=True)
    task = object_field("task.Task", "The task that the schedule starts.")
    coordination = object_field(
        "coordination.Coordination", "The coordination that the task belongs to."
    )

    @staticmethod
    def resolve_next_run_at(schedule: models.TaskSchedule, info: Info) -> str | None:
        key = "next run", schedule.schedule_uuid, schedule.version
        now = info.context.caller.context.utc()
        next_run_at: str | None = info.context.memoized(
            key, lambda: services.task_schedule.next_run_at(schedule, now)
        )
        return next_run_at

    @staticmethod
    async def resolve_last_session(schedule: models.TaskSchedule, info: Info) -> Any:
        if schedule.last_session_uuid is None:
            return None
        return await info.context.load(
            models.Session, schedule.coordination_uuid, schedule.last_session_uuid
        )

    @staticmethod
    async def resolve_task(schedule: models.TaskSchedule, info: Info) -> Any:
        key = schedule.coordination_uuid, schedule.task_uuid
        return await fields.load_parent(info.context, models.Task, *key)

    @staticmethod
    async def resolve_coordination(schedule: models.TaskSchedule, info: Info) -> Any:
        key = info.context.caller.partition_key, schedule.coordination_uuid
        return await fields.load_parent(info.context, models.Coordination, *key)


TaskScheduleConnection = connection(TaskSchedule)

Count = Callable[[Page[models.TaskSchedule]], int | None]


class TaskScheduleFilter(graphene.InputObjectType):
    """Filter for schedules."""

    status = optional_list_field(enums.ScheduleStatus, fields.ANY_OF)


def schedules_of(
    context: Context,
    task_uuid: str | None,
    first: int | None,
    after: str | None = None,
    filter: dict[str, Any] | None = None,
    count: Count = lambda page: None,
) -> Connection:
    """Return a page of a task's schedules, or of the tenant's."""
    filters = {name: value for name, value in (filter or {}).items() if value}
    scope = CursorScope("schedules", context.caller.partition_key, task_uuid, filters)
    request = scope.page_request(first, after)
    page = services.task_schedule.page(context.caller, task_uuid, request, **filters)
    return Connection(
        page,
        request,
        scope,
        lambda row: row.schedule_uuid,
        lambda: None if filters else count(page),
    )


class TaskScheduleQueries:
    """Fields of Query."""

    task_schedule = graphene.Field(
        TaskSchedule,
        description="The schedule with this UUID. Null if it does not exist.",
        task_uuid=uuid_field("UUID of the task that the schedule starts."),
        schedule_uuid=uuid_field("UUID of the schedule."),
    )
    task_schedules = graphene.Field(
        TaskScheduleConnection,
        required=True,
        description=(
            "The schedules of a task, oldest first. Without `taskUuid`: all schedules of the"
            " tenant."
        ),
        **paging_arguments(
            task_uuid=uuid_field("UUID of the task that the schedules start.", required=False),
            filter=TaskScheduleFilter(description=fields.FILTER),
        ),
    )

    @staticmethod
    def resolve_task_schedule(
        root: None, info: Info, task_uuid: str, schedule_uuid: str
    ) -> models.TaskSchedule | None:
        return services.task_schedule.get(info.context.caller, task_uuid, schedule_uuid)

    @staticmethod
    def resolve_task_schedules(
        root: None, info: Info, task_uuid: str | None = None, **arguments: Any
    ) -> Connection:
        caller = info.context.caller

        def count(page: Page[models.TaskSchedule]) -> int | None:
            # The task's key is not among the arguments. Its schedules have it.
            if task_uuid is None or not page.rows:
                return None if task_uuid is None or arguments.get("after") else 0
            task = services.task.get(caller, page.rows[0].coordination_uuid, task_uuid)
            return None if task is None else int(task.schedule_count)

        return schedules_of(info.context, task_uuid, count=count, **arguments)
