"""Limit what callers may store in one item to 300 KB, so that the engine's own data fits too.

A full item can still be started, logged about, retried, cancelled and deleted.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from ai_coordination import models
from ai_coordination.errors import PayloadTooLarge
from ai_coordination.models import sizes

E = TypeVar("E", bound=models.Table)

# Smaller updates are not measured. Each field can exceed the limit by at most this much.
UNMEASURED_BYTES = 1_024

# The attributes that callers fill, by the names of their inputs.
_FIELDS: Mapping[type[models.Table], tuple[str, ...]] = {
    models.Coordination: ("agents", "coordination_description", "coordination_name"),
    models.Task: (
        "subtask_queries",
        "agent_actions",
        "output",
        "initial_task_query",
        "task_description",
        "task_name",
    ),
    models.TaskSchedule: ("schedule", "timezone"),
    models.Session: ("input_files", "subtask_queries", "task_query", "user_id"),
    models.SessionAgent: (
        "subtask_query",
        "agent_input",
        "user_input",
        "notes",
        "predecessors",
    ),
    models.SessionRun: ("notes", "async_task_uuid", "thread_uuid"),
}

# Attributes that the engine writes, by their stored names. They have limits of their own.
_GROWING = frozenset({"asking", "logs", "sole_successors", "successors", "waiting_on"})


def check(entity: models.Table) -> None:
    """Raise PayloadTooLarge at the largest field if callers have stored too much in an item.

    The graph that a session stores while it is being started counts only if the item is full.
    """
    if sizes.is_surely_within(entity, sizes.LARGEST_BYTES):
        return
    measured = sizes.by_attribute(entity)
    size = sum(bytes_ for name, bytes_ in measured.items() if name not in _GROWING)
    pinned = measured.get("graph", 0)
    if size - pinned <= sizes.LARGEST_BYTES and size <= sizes.LARGEST_GROWN_BYTES:
        return
    largest = max(_FIELDS[type(entity)], key=lambda name: measured.get(name, 0))
    raise PayloadTooLarge(
        f"An item has at most {sizes.LARGEST_BYTES} bytes, and with this it would have {size}",
        largest,
    )


def is_measured(model: type[models.Table], changes: Mapping[str, Any]) -> bool:
    """Whether an update is so large that the whole item must be measured."""
    stored = {name: value for name, value in changes.items() if value is not None}
    measured = sizes.by_attribute(model(**stored))
    return sum(measured[name] for name in stored) > UNMEASURED_BYTES


def check_changed(entity: E, changes: Mapping[str, Any]) -> None:
    """Do the same as `check` for an entity with changed attributes. None removes one."""
    check(entity.changed(changes))


def grown(agent: models.SessionAgent, field: str, text: models.Text) -> models.Text:
    """Return a text that is added to an agent's existing item, if there is room for it.

    There always is if a bucket stores large texts. Raises PayloadTooLarge at the field.
    """
    check_grown(agent.changed({field: text}), field)
    return text


def check_grown(agent: models.SessionAgent, field: str) -> None:
    """Raise PayloadTooLarge at the field if an agent's item is too large for what follows."""
    if sizes.is_surely_within(agent, sizes.LARGEST_GROWN_BYTES):
        return
    size = sizes.of_entity(agent)
    if size > sizes.LARGEST_GROWN_BYTES:
        raise PayloadTooLarge(
            f"An agent's item has at most {sizes.LARGEST_GROWN_BYTES} bytes, and with this it would"
            f" have {size}: large texts need a bucket",
            field,
        )
