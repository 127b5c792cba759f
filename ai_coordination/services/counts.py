"""Count the children of coordinations, in small items of their own.

Version 0.1.0 counted in the coordination itself and had no such item for a task. The first
operation that needs the item migrates the counts in one transaction, and then writes again: see
`with_migration`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import EngineError, Throttled
from ai_coordination.models import reads
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Refused, Transaction
from ai_coordination.services import guards

Parent = models.Coordination | models.Task
T = TypeVar("T")

COORDINATION = "coordination"
TASK = "task"

# The range key of a coordination's counter.
TENANT = "tenant"


class _NotMigrated(EngineError):
    """The parent has no counter: it was created by version 0.1.0, or does not exist."""

    def __init__(self, parent: Parent, *path: str | int) -> None:
        super().__init__("no counter")
        self.parent = parent
        self.path = path


class _Changed(EngineError):
    """The parent was changed since it was read."""


def counter_of(parent: Parent) -> models.ChildCounts:
    """Return the counter of a parent, as it is for a new parent."""
    key = parent.coordination_uuid, TENANT
    if isinstance(parent, models.Task):
        key = parent.task_uuid, parent.coordination_uuid
    return models.ChildCounts(
        *key,
        partition_key=parent.partition_key,
        updated_by=parent.updated_by,
        created_at=parent.created_at,
    )


def add_counter(transaction: Transaction, parent: Parent) -> None:
    """Add the part that creates the counter of a new parent."""
    absent = models.ChildCounts.parent_uuid.does_not_exist()
    transaction.put(counter_of(parent), absent, lambda old: None)


def count_child(
    transaction: Transaction, caller: Caller, coordination_uuid: str, action: Action, *path: str
) -> None:
    """Add the part that counts a child of a coordination in or out.

    If it is refused, the coordination is NotFound. Use only within `with_migration`.
    """
    parent = models.Coordination(caller.partition_key, coordination_uuid)
    transaction.update(counter_of(parent), [action], _owned(caller), _refused(parent, *path))


def require_task(transaction: Transaction, caller: Caller, task: models.Task, *path: str) -> None:
    """Add the part that requires a task to exist. Use only within `with_migration`."""
    transaction.check(counter_of(task), _owned(caller), _refused(task, *path))


def remove_counter(transaction: Transaction, caller: Caller, parent: Parent) -> None:
    """Add the part that deletes a parent's counter. If it is refused, HasChildren is raised."""
    model = models.ChildCounts
    still_has = guards.children(caller, COORDINATION, tasks="task_count", sessions="session_count")
    childless = _owned(caller) & (model.task_count == 0) & (model.session_count == 0)
    transaction.delete(
        counter_of(parent),
        model.parent_uuid.does_not_exist() | childless,
        guards.parsed(model, still_has),
    )


def has_no_own_counts() -> Condition:
    """The coordination itself has no counts of version 0.1.0, or they are 0."""
    model = models.Coordination
    no_tasks = model.task_count.does_not_exist() | (model.task_count == 0)
    condition: Condition = no_tasks & (
        model.session_count.does_not_exist() | (model.session_count == 0)
    )
    return condition


def refused(caller: Caller) -> Refused:
    """The error if `has_no_own_counts` is refused. Use only within `with_migration`."""

    def why(old: models.Coordination | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found(COORDINATION)
        return _NotMigrated(old)

    return guards.parsed(models.Coordination, why)


def _owned(caller: Caller) -> Condition:
    return guards.owned(models.ChildCounts, caller)


def _refused(parent: Parent, *path: str | int) -> Refused:
    def refused(item: Item | None) -> EngineError:
        return _not_found(parent, *path) if item else _NotMigrated(parent, *path)

    return refused


def _not_found(parent: Parent, *path: str | int) -> EngineError:
    noun = COORDINATION if isinstance(parent, models.Coordination) else TASK
    return guards.not_found(noun, *path)


def with_migration(caller: Caller, write: Callable[[], T]) -> T:
    """Return what `write` returns. If a parent has no counter yet, create it and write again.

    Raises NotFound if the parent does not exist, Throttled if others keep changing it.
    """
    while True:
        try:
            return write()
        except _NotMigrated as refused:
            _migrate(caller, refused)
        if caller.context.is_over():
            raise Throttled("Other requests keep changing the same item: try again later")


def _migrate(caller: Caller, refused: _NotMigrated) -> None:
    """Create a parent's counter. Each part requires the parent as it was read, so it lands once."""
    parent = reads.get(
        type(refused.parent), *refused.parent.primary_key(), tenant=caller.partition_key
    )
    if parent is None:
        raise _not_found(refused.parent, *refused.path)
    transaction = Transaction()
    if isinstance(parent, models.Coordination):
        _migrate_counts(transaction, caller, parent)
    else:
        transaction.check(parent, guards.owned(models.Task, caller), _changed)
        _put(transaction, caller, parent, 0, 0)
    try:
        transaction.commit(caller.context)
    except _Changed:
        return  # The next try reads it again.


def _migrate_counts(transaction: Transaction, caller: Caller, parent: models.Coordination) -> None:
    model = models.Coordination
    tasks, sessions = parent.task_count, parent.session_count
    as_read = guards.owned(model, caller) & _is(model.task_count, tasks)
    as_read &= _is(model.session_count, sessions)
    transaction.update(
        parent, [model.task_count.remove(), model.session_count.remove()], as_read, _changed
    )
    _put(transaction, caller, parent, int(tasks or 0), int(sessions or 0))


def _is(attribute: Any, value: float | None) -> Condition:
    condition: Condition = attribute.does_not_exist() if value is None else attribute == value
    return condition


def _put(
    transaction: Transaction, caller: Caller, parent: Parent, tasks: int, sessions: int
) -> None:
    """Create a counter, or add to one that another request has created meanwhile."""
    model = models.ChildCounts
    actions = [
        model.partition_key.set(parent.partition_key),
        model.created_at.set(parent.created_at),
        model.task_count.add(tasks),
        model.session_count.add(sessions),
    ]
    free = model.parent_uuid.does_not_exist() | _owned(caller)
    transaction.update(counter_of(parent), actions, free, _changed)


def _changed(_: Item | None) -> EngineError:
    return _Changed("changed since it was read")


def of(caller: Caller, coordination_uuid: str) -> tuple[int, int] | None:
    """Return how many tasks and sessions a coordination has. None if it does not exist."""
    coordination, counted = reads.batch_get(
        [
            (models.Coordination, caller.partition_key, coordination_uuid),
            (models.ChildCounts, coordination_uuid, TENANT),
        ],
        tenant=caller.partition_key,
        context=caller.context,
    )
    if coordination is None:
        return None
    return total(coordination, counted, "task_count"), total(coordination, counted, "session_count")


def total(coordination: models.Coordination, counted: models.ChildCounts | None, name: str) -> int:
    """Return one count of a coordination, from the coordination itself and its counter."""
    items = [coordination] if counted is None else [coordination, counted]
    return sum(int(getattr(item, name) or 0) for item in items)
