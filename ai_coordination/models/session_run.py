"""Session runs: attempts of agents, immutable once they have ended."""

from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination.models import keys
from ai_coordination.models.base import Entity, table_name
from ai_coordination.models.fast.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from ai_coordination.models.texts import TextAttribute
from ai_coordination.models.token_usage import TokenUsage


class RunsOfThread(GlobalSecondaryIndex["SessionRun"]):
    """A conversation: the runs of a tenant's thread, oldest first.

    A run's key is written once and its projected attributes never change, so a run costs one write
    here. A run whose thread may still get another name is not in the index.
    """

    class Meta:
        index_name = "of-thread"
        projection = IncludeProjection(["partition_key"])

    tenant_thread = UnicodeAttribute(hash_key=True)
    run_uuid = UnicodeAttribute(range_key=True)


class SessionRun(Entity):
    """One attempt of an agent, one call that was throttled, or a run that a caller has recorded.

    `attempt` of a throttled run is the number of the attempt that it would have been. The next run
    has the same number, because a throttled run does not count.
    """

    class Meta:
        table_name = table_name("session_runs")

    of_thread = RunsOfThread()

    session_uuid = UnicodeAttribute(hash_key=True)
    run_uuid = UnicodeAttribute(range_key=True)
    thread_uuid = UnicodeAttribute(null=True)
    tenant_thread = UnicodeAttribute(null=True)
    # The run begins a new thread, which the worker that accepts it may rename once. Until it does,
    # or until the run has ended, there is no `tenant_thread`.
    own_thread = BooleanAttribute(null=True)
    agent_uuid = UnicodeAttribute()
    coordination_uuid = UnicodeAttribute()
    async_task_uuid = UnicodeAttribute(null=True)
    session_agent_uuid = UnicodeAttribute(null=True)
    attempt = NumberAttribute(default=1)
    # 1 if absent. The session's iteration is absent for runs that a caller has recorded.
    turn = NumberAttribute(null=True)
    iteration = NumberAttribute(null=True)
    # The agent's run before this one. Absent for its first run, and for runs of earlier versions.
    previous_run_uuid = UnicodeAttribute(attr_name="previous", null=True)
    outcome = UnicodeAttribute(null=True)
    output = TextAttribute(null=True)
    notes = TextAttribute(null=True)
    usage = TokenUsage(null=True)
    # SHA-256 of the tokens with which an agent may report this run: one for each call.
    callback_tokens = UnicodeSetAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)


def tenant_thread(partition_key: str, thread_uuid: str | None) -> str | None:
    """Return the key that lists a thread's runs. Thread names are unique only within a tenant."""
    return None if thread_uuid is None else keys.tenant_key(partition_key, thread_uuid)
