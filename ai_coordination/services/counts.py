"""Counting the children of coordinations in small items beside them.

Version 0.1.0 counted in the coordination itself, and had nothing beside a task. The first
operation that needs what is not there yet moves it, in one transaction, and then writes again: see
`moving`.
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

# Where a coordination is.
TENANT = "tenant"


class _Unmoved(EngineError):
    """There is nothing beside the parent: it is of version 0.1.0, or it is gone."""

    def __init__(self, parent: Parent, *path: str | int) -> None:
        super().__init__("not counted beside it")
        self.parent = parent
        self.path = path


class _Changed(EngineError):
    """The parent has been changed since it was read."""


def counter_of(parent: Parent) -> models.ChildCounts:
    """The item beside a parent: its key, and what it says of a new one."""
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
    """The part of a transaction that creates a parent."""
    absent = models.ChildCounts.parent_uuid.does_not_exist()
    transaction.put(counter_of(parent), absent, lambda old: None)


def count_child(
    transaction: Transaction, caller: Caller, coordination_uuid: str, action: Action, *path: str
) -> None:
    """The part of a transaction that counts a child of a coordination in, or out.

    Refused, it is NotFound of the coordination. Only inside of `moving`.
    """
    parent = models.Coordination(caller.partition_key, coordination_uuid)
    transaction.update(counter_of(parent), [action], _owned(caller), _refused(parent, *path))


def require_task(transaction: Transaction, caller: Caller, task: models.Task, *path: str) -> None:
    """The part of a transaction that needs a task to exist. Only inside of `moving`."""
    transaction.check(counter_of(task), _owned(caller), _refused(task, *path))


def remove_counter(transaction: Transaction, caller: Caller, parent: Parent) -> None:
    """The part of a transaction that deletes a parent: refused, it is HasChildren."""
    kind = models.ChildCounts
    still_has = guards.children(caller, COORDINATION, tasks="task_count", sessions="session_count")
    childless = _owned(caller) & (kind.task_count == 0) & (kind.session_count == 0)
    transaction.delete(
        counter_of(parent),
        kind.parent_uuid.does_not_exist() | childless,
        guards.parsed(kind, still_has),
    )


def has_no_own_counts() -> Condition:
    """The coordination itself counts no children, as in version 0.1.0."""
    kind = models.Coordination
    no_tasks = kind.task_count.does_not_exist() | (kind.task_count == 0)
    condition: Condition = no_tasks & (
        kind.session_count.does_not_exist() | (kind.session_count == 0)
    )
    return condition


def refused(caller: Caller) -> Refused:
    """What it means that `nothing_inside` has failed. Only inside of `moving`."""

    def why(old: models.Coordination | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found(COORDINATION)
        return _Unmoved(old)

    return guards.parsed(models.Coordination, why)


def _owned(caller: Caller) -> Condition:
    return guards.owned(models.ChildCounts, caller)


def _refused(parent: Parent, *path: str | int) -> Refused:
    def refused(item: Item | None) -> EngineError:
        return _not_found(parent, *path) if item else _Unmoved(parent, *path)

    return refused


def _not_found(parent: Parent, *path: str | int) -> EngineError:
    noun = COORDINATION if isinstance(parent, models.Coordination) else TASK
    return guards.not_found(noun, *path)


def with_migration(caller: Caller, write: Callable[[], T]) -> T:
    """What `write` gives; where something is not counted beside its parent, that is moved first.

    Raises NotFound where the parent is gone, and Throttled where others change it all the time.
    """
    while True:
        try:
            return write()
        except _Unmoved as refused:
            _move(caller, refused)
        if caller.context.is_over():
            raise Throttled("Others change the same: try again later")


def _move(caller: Caller, refused: _Unmoved) -> None:
    """Each part is on condition that the parent is as it was read, so it is done once."""
    found = reads.get(
        type(refused.parent), *refused.parent.primary_key(), tenant=caller.partition_key
    )
    if found is None:
        raise _not_found(refused.parent, *refused.path)
    transaction = Transaction()
    if isinstance(found, models.Coordination):
        _move_counts(transaction, caller, found)
    else:
        transaction.check(found, guards.owned(models.Task, caller), _changed)
        _put(transaction, caller, found, 0, 0)
    try:
        transaction.commit(caller.context)
    except _Changed:
        return  # The next try sees what it is now.


def _move_counts(transaction: Transaction, caller: Caller, found: models.Coordination) -> None:
    kind = models.Coordination
    tasks, sessions = found.task_count, found.session_count
    as_read = guards.owned(kind, caller) & _is(kind.task_count, tasks)
    as_read &= _is(kind.session_count, sessions)
    transaction.update(
        found, [kind.task_count.remove(), kind.session_count.remove()], as_read, _changed
    )
    _put(transaction, caller, found, int(tasks or 0), int(sessions or 0))


def _is(attribute: Any, value: float | None) -> Condition:
    condition: Condition = attribute.does_not_exist() if value is None else attribute == value
    return condition


def _put(
    transaction: Transaction, caller: Caller, parent: Parent, tasks: int, sessions: int
) -> None:
    """Others may have put it meanwhile: then these are added."""
    kind = models.ChildCounts
    actions = [
        kind.partition_key.set(parent.partition_key),
        kind.created_at.set(parent.created_at),
        kind.task_count.add(tasks),
        kind.session_count.add(sessions),
    ]
    free = kind.parent_uuid.does_not_exist() | _owned(caller)
    transaction.update(counter_of(parent), actions, free, _changed)


def _changed(_: Item | None) -> EngineError:
    return _Changed("changed since it was read")


def of(caller: Caller, coordination_uuid: str) -> tuple[int, int] | None:
    """How many tasks and sessions a coordination has; None where it does not exist."""
    found, counted = reads.batch_get(
        [
            (models.Coordination, caller.partition_key, coordination_uuid),
            (models.ChildCounts, coordination_uuid, TENANT),
        ],
        tenant=caller.partition_key,
        context=caller.context,
    )
    if found is None:
        return None
    return total(found, counted, "task_count"), total(found, counted, "session_count")


def total(coordination: models.Coordination, counted: models.ChildCounts | None, name: str) -> int:
    """One of the counts of a coordination, of which both items have been read."""
    both = [coordination] if counted is None else [coordination, counted]
    return sum(int(getattr(one, name) or 0) for one in both)
