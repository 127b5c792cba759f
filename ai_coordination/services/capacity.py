"""How much callers may put into one item: 300 KB, so that the rest of its life fits as well.

An item that is full can still be started, logged about, retried, cancelled and deleted.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from ai_coordination import models
from ai_coordination.errors import PayloadTooLarge
from ai_coordination.models import sizes

E = TypeVar("E", bound=models.Table)

# An update that writes less is not measured. It adds so much to a full item at the most, a field.
UNMEASURED_BYTES = 1_024

# What callers fill, by the name of its input.
_FIELDS: Mapping[type[models.Table], tuple[str, ...]] = {
    models.Coordination: ("agents", "coordination_description", "coordination_name"),
    models.Task: (
        "subtask_queries",
        "agent_actions",
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

# What the engine writes, and has a bound of its own.
_GROWING = frozenset({"asking", "logs", "sole_successors", "successors", "waiting_on"})


def check(entity: models.Table) -> None:
    """Raises PayloadTooLarge, at the largest field, where callers have put too much into it.

    The graph that a session pins while it is being started is not counted, as long as it fits.
    """
    measured = sizes.by_attribute(entity)
    size = sum(bytes_ for name, bytes_ in measured.items() if name not in _GROWING)
    pinned = measured.get("graph", 0)
    if size - pinned <= sizes.LARGEST_BYTES and size <= sizes.LARGEST_GROWN_BYTES:
        return
    largest = max(_FIELDS[type(entity)], key=lambda name: measured.get(name, 0))
    raise PayloadTooLarge(
        f"An item holds at most {sizes.LARGEST_BYTES} bytes, and with this it would have {size}",
        largest,
    )


def is_measured(kind: type[models.Table], changes: Mapping[str, Any]) -> bool:
    """Whether an update is so large that the whole item has to be measured."""
    given = {name: value for name, value in changes.items() if value is not None}
    measured = sizes.by_attribute(kind(**given))
    return sum(measured[name] for name in given) > UNMEASURED_BYTES


def check_changed(entity: E, changes: Mapping[str, Any]) -> None:
    """The same as `check`, of an entity with some attributes changed. None removes one."""
    check(entity.changed(changes))


def grown(agent: models.SessionAgent, field: str, text: models.Text) -> models.Text:
    """A text that an agent's item gets while it lives, where there is room for it.

    There always is where a bucket keeps large texts. Raises PayloadTooLarge at the field.
    """
    check_grown(agent.changed({field: text}), field)
    return text


def check_grown(agent: models.SessionAgent, field: str) -> None:
    """Raises PayloadTooLarge, at the field, where an agent's item has no room for what follows."""
    size = sizes.of_entity(agent)
    if size > sizes.LARGEST_GROWN_BYTES:
        raise PayloadTooLarge(
            f"An agent's item holds at most {sizes.LARGEST_GROWN_BYTES} bytes, and with this it"
            f" would have {size}: large texts need a bucket",
            field,
        )
