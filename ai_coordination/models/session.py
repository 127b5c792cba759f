"""Sessions: executions of tasks."""

from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination import timestamps
from ai_coordination.models import keys, token_usage
from ai_coordination.models.base import Versioned, table_name
from ai_coordination.models.blueprint import SubtaskQuery
from ai_coordination.models.budget import Budget
from ai_coordination.models.due_times import DueIndex, HasDueTime
from ai_coordination.models.fast.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from ai_coordination.models.progress import Progress
from ai_coordination.models.retention import IsRetained, PurgeIndex
from ai_coordination.models.session_label import Label
from ai_coordination.models.texts import TextAttribute
from ai_coordination.models.token_usage import HasUsageSum

# Attributes that may be large stay out of the indexes, because AWS charges for each index's size. A
# projection cannot be changed later, so what lists show is included.
_SMALL = [
    "partition_key",
    "coordination_name",
    "task_name",
    "labels",
    "deadline_at",
    "final_progress",
    "task_uuid",
    "schedule_uuid",
    "user_id",
    "status",
    "asking",
    "iteration_count",
    "version",
    "updated_by",
    "created_at",
    "updated_at",
    "started_at",
    "finished_at",
]


# The operation that never ends otherwise than with the item: see `engine/session/purge.py`.
PURGE = "purge"


def _all_but(key: str) -> list[str]:
    return [name for name in _SMALL if name != key]


class InputFile(MapAttribute[Any, Any]):
    """A file that agents of a session may read. The engine stores only its address."""

    name = UnicodeAttribute()
    uri = UnicodeAttribute()
    media_type = UnicodeAttribute(null=True)


class LogEntry(MapAttribute[Any, Any]):
    """An event in a session's log."""

    at = UnicodeAttribute()
    level = UnicodeAttribute()
    message = UnicodeAttribute()
    session_agent_uuid = UnicodeAttribute(null=True)
    run_uuid = UnicodeAttribute(null=True)


class SessionsOfTenant(GlobalSecondaryIndex["Session"]):
    """A tenant's sessions over all its coordinations."""

    class Meta:
        index_name = "of-tenant"
        projection = IncludeProjection(_all_but("partition_key"))

    partition_key = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)


class SessionsOfTask(GlobalSecondaryIndex["Session"]):
    """A task's sessions."""

    class Meta:
        index_name = "of-task"
        projection = IncludeProjection(_all_but("task_uuid"))

    task_uuid = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)


class SessionsOfUser(GlobalSecondaryIndex["Session"]):
    """The sessions of a tenant's user."""

    class Meta:
        index_name = "of-user"
        projection = IncludeProjection(_SMALL)

    tenant_user = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)


class Session(HasDueTime, IsRetained, HasUsageSum, Versioned):
    """One execution of a task. It counts its agents, and the runs without an agent.

    It keeps the sum of what runs used: of each agent once the agent rests.
    """

    class Meta:
        table_name = table_name("sessions")

    of_tenant = SessionsOfTenant()
    of_task = SessionsOfTask()
    of_user = SessionsOfUser()
    to_purge = PurgeIndex()
    due = DueIndex()

    coordination_uuid = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)
    task_uuid = UnicodeAttribute(null=True)
    schedule_uuid = UnicodeAttribute(null=True)
    # The names at the time of the start. Absent before it.
    coordination_name = UnicodeAttribute(null=True)
    task_name = UnicodeAttribute(null=True)
    labels = ListAttribute(of=Label, null=True)
    user_id = UnicodeAttribute(null=True)
    tenant_user = UnicodeAttribute(null=True)
    task_query = TextAttribute(null=True)
    status = UnicodeAttribute()
    # The ordinals of the agents that ask a person.
    awaiting_input = NumberSetAttribute(attr_name="asking", null=True)
    # The operation in progress, and the token of its mark: see `engine/session/operation.py`.
    operation = UnicodeAttribute(attr_name="doing", null=True)
    operation_token = UnicodeAttribute(attr_name="doing_token", null=True)
    waiting_on = NumberSetAttribute(null=True)
    graph = TextAttribute(null=True)
    # How many agents it has, once all of a growth in progress are written. Superseded ones count.
    graph_size = NumberAttribute(null=True)
    superseded_count = NumberAttribute(null=True)
    # The ordinal of the next agent that is added. Only in a session whose graph may grow.
    next_ordinal = NumberAttribute(null=True)
    # The tasks and members that may be added: see `engine.planning.pinned_tasks`.
    pinned_tasks = TextAttribute(null=True)
    # The task's expression, and its value once the session has completed.
    output_expression = UnicodeAttribute(null=True)
    output = TextAttribute(null=True)
    # What a retry in progress resets: see `engine.session.retry_plan`.
    retry_plan = TextAttribute(null=True)
    # A retry has left failed or cancelled agents as they are, so the session cannot complete.
    falls_short = BooleanAttribute(null=True)
    thread_uuid = UnicodeAttribute(null=True)
    iteration_count = NumberAttribute(default=0)
    input_files = ListAttribute(of=InputFile, default=list)
    subtask_queries = ListAttribute(of=SubtaskQuery, default=list)
    logs = ListAttribute(of=LogEntry, default=list)
    agent_count = NumberAttribute(default=0)
    # How many agents have ended in which state. Absent until the session has ended, and once one of
    # its agents was deleted.
    final_progress = Progress(null=True)
    run_count = NumberAttribute(default=0)
    budget = Budget(null=True)
    # All that was used, and what runs in progress have reserved. It is kept without a budget too,
    # so that each of its writes is the same.
    committed_tokens = NumberAttribute(null=True)
    committed_nanodollars = NumberAttribute(null=True)
    # When the time of this iteration is over, if the budget has seconds.
    deadline_at = UnicodeAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)

    @property
    def is_being_purged(self) -> bool:
        """Whether its purge has begun. For callers it is deleted then."""
        return self.operation == PURGE

    @property
    def dollars(self) -> float | None:
        """What its runs have cost; None if no price was known."""
        return token_usage.dollars(self.used_nanodollars)

    @property
    def time_ends_at(self) -> str | None:
        """When the time of this iteration is over. A budget with more seconds extends it."""
        if self.deadline_at is None or self.budget is None or self.budget.seconds is None:
            return None
        by_budget = timestamps.later(self.started_at, int(self.budget.seconds))
        return max(str(self.deadline_at), by_budget)


def tenant_user(partition_key: str, user_id: str | None) -> str | None:
    """Return the key that lists a user's sessions. User names are unique only within a tenant."""
    return None if user_id is None else keys.tenant_key(partition_key, user_id)


def is_not_being_purged() -> Condition:
    """The session is not being purged: for callers it exists."""
    of_session = Session.operation
    condition: Condition = of_session.does_not_exist() | (of_session != PURGE)
    return condition
