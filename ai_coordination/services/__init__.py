"""The rules, one file for each entity. Callers write `services.session.create(...)`."""

from ai_coordination.services import (
    agent_rules,
    coordination,
    counts,
    diagrams,
    nested_tasks,
    open_agents,
    session,
    session_agent,
    session_changes,
    session_graph,
    session_lists,
    session_output,
    session_run,
    task,
    task_schedule,
)

__all__ = [
    "agent_rules",
    "coordination",
    "counts",
    "diagrams",
    "nested_tasks",
    "open_agents",
    "session",
    "session_agent",
    "session_changes",
    "session_graph",
    "session_lists",
    "session_output",
    "session_run",
    "task",
    "task_schedule",
]
