"""Session runs: execution steps, immutable once they have ended."""

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination.models import keys
from ai_coordination.models.base import Entity, table_name
from ai_coordination.models.blueprint import TokenUsage
from ai_coordination.models.texts import TextAttribute


class RunsOfThread(GlobalSecondaryIndex["SessionRun"]):
    """A conversation: the runs of a tenant's thread, oldest first.

    Its key is written once, and all that it holds then stays: so a run costs one write here. While
    a run's thread may still get another name, the run is not in it.
    """

    class Meta:
        index_name = "of-thread"
        projection = IncludeProjection(["partition_key"])

    tenant_thread = UnicodeAttribute(hash_key=True)
    run_uuid = UnicodeAttribute(range_key=True)


class SessionRun(Entity):
    """One execution step of an agent."""

    class Meta:
        table_name = table_name("session_runs")

    of_thread = RunsOfThread()

    session_uuid = UnicodeAttribute(hash_key=True)
    run_uuid = UnicodeAttribute(range_key=True)
    thread_uuid = UnicodeAttribute(null=True)
    tenant_thread = UnicodeAttribute(null=True)
    # The engine began the thread: the worker that accepts the run may name its own instead, once.
    # Until then, or until the run has ended, it has no `tenant_thread`.
    own_thread = BooleanAttribute(null=True)
    agent_uuid = UnicodeAttribute()
    coordination_uuid = UnicodeAttribute()
    async_task_uuid = UnicodeAttribute(null=True)
    session_agent_uuid = UnicodeAttribute(null=True)
    attempt = NumberAttribute(default=1)
    outcome = UnicodeAttribute(null=True)
    output = TextAttribute(null=True)
    notes = TextAttribute(null=True)
    usage = TokenUsage(null=True)
    finished_at = UnicodeAttribute(null=True)


def tenant_thread(partition_key: str, thread_uuid: str | None) -> str | None:
    """The key under which a thread's runs are listed: a thread's name is the tenant's own."""
    return None if thread_uuid is None else keys.tenant_key(partition_key, thread_uuid)
