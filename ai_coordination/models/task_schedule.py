"""Task schedules: when tasks are started automatically."""

from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from ai_coordination.models.base import Versioned, table_name
from ai_coordination.models.fast.attributes import UnicodeAttribute


class SchedulesOfTenant(GlobalSecondaryIndex["TaskSchedule"]):
    """A tenant's schedules, in order of creation."""

    class Meta:
        index_name = "of-tenant"
        projection = AllProjection()

    partition_key = UnicodeAttribute(hash_key=True)
    schedule_uuid = UnicodeAttribute(range_key=True)


class TaskSchedule(Versioned):
    """When a task is started automatically.

    `token` names the timer that fires the schedule; without a token, no timer does. A rate counts
    from `counts_from`. `last_run_at` is the time at which the latest session was due.
    """

    class Meta:
        table_name = table_name("task_schedules")

    of_tenant = SchedulesOfTenant()

    task_uuid = UnicodeAttribute(hash_key=True)
    schedule_uuid = UnicodeAttribute(range_key=True)
    coordination_uuid = UnicodeAttribute()
    schedule = UnicodeAttribute()
    timezone = UnicodeAttribute()
    status = UnicodeAttribute()
    token = UnicodeAttribute(null=True)
    counts_from = UnicodeAttribute(null=True)
    last_session_uuid = UnicodeAttribute(null=True)
    last_run_at = UnicodeAttribute(null=True)
