"""The rules, one file an entity. Call sites read `services.session.create(...)`."""

from ai_coordination.services import (
    coordination,
    counts,
    graphs,
    rules,
    session,
    session_agent,
    session_run,
    task,
    task_schedule,
)

__all__ = [
    "coordination",
    "counts",
    "graphs",
    "rules",
    "session",
    "session_agent",
    "session_run",
    "task",
    "task_schedule",
]
