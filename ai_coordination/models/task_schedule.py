"""Task schedules: when tasks start by themselves."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from ai_coordination.models.base import Versioned, table_name


class SchedulesOfTenant(GlobalSecondaryIndex["TaskSchedule"]):
    """A tenant's schedules, in the order they were created."""

    class Meta:
        index_name = "of-tenant"
        projection = AllProjection()

    partition_key = UnicodeAttribute(hash_key=True)
    schedule_uuid = UnicodeAttribute(range_key=True)


class TaskSchedule(Versioned):
    """When a task starts by itself.

    `token` names the timer that fires it, and is not there where none does; `counts_from` is the
    instant from which a rate counts. `last_run_at` is the time at which the last session was due.
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
