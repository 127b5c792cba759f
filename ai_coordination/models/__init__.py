"""The tables, one file for each entity. Callers write `models.Session`."""

from ai_coordination.models.base import Entity, Table, Versioned, connection
from ai_coordination.models.blueprint import (
    Agent,
    AgentAction,
    AgentRuntime,
    AskRule,
    ForEach,
    Repeat,
    RetryPolicy,
    SubtaskQuery,
    anonymous,
)
from ai_coordination.models.budget import Budget
from ai_coordination.models.child_counts import ChildCounts
from ai_coordination.models.coordination import Coordination
from ai_coordination.models.growth import Growth
from ai_coordination.models.idempotency import Idempotency
from ai_coordination.models.keys import asked_of_group, asked_of_user
from ai_coordination.models.progress import Progress
from ai_coordination.models.session import (
    PURGE,
    InputFile,
    LogEntry,
    Session,
    is_not_being_purged,
    tenant_user,
)
from ai_coordination.models.session_agent import SessionAgent, open_as, opened
from ai_coordination.models.session_label import Label, SessionLabel, tenant_label
from ai_coordination.models.session_run import SessionRun, tenant_thread
from ai_coordination.models.task import Task
from ai_coordination.models.task_schedule import TaskSchedule
from ai_coordination.models.texts import LargeJson, LargeText, Text
from ai_coordination.models.token_usage import TokenUsage

TABLES: tuple[type[Table], ...] = (
    Coordination,
    ChildCounts,
    Task,
    TaskSchedule,
    Session,
    SessionAgent,
    SessionRun,
    SessionLabel,
    Idempotency,
)

# During the import, because registering a table is not thread-safe.
for _table in TABLES:
    _table._get_connection()

__all__ = [
    "PURGE",
    "TABLES",
    "Agent",
    "AgentAction",
    "AgentRuntime",
    "AskRule",
    "Budget",
    "ChildCounts",
    "Coordination",
    "Entity",
    "ForEach",
    "Growth",
    "Idempotency",
    "InputFile",
    "Label",
    "LargeJson",
    "LargeText",
    "LogEntry",
    "Progress",
    "Repeat",
    "RetryPolicy",
    "Session",
    "SessionAgent",
    "SessionLabel",
    "SessionRun",
    "SubtaskQuery",
    "Table",
    "Task",
    "TaskSchedule",
    "Text",
    "TokenUsage",
    "Versioned",
    "anonymous",
    "asked_of_group",
    "asked_of_user",
    "connection",
    "is_not_being_purged",
    "open_as",
    "opened",
    "tenant_label",
    "tenant_thread",
    "tenant_user",
]
