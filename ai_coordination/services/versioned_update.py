"""Update an entity as update mutations do: one conditional write, which counts its version."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import EngineError, Throttled
from ai_coordination.models import reads, writes
from ai_coordination.services import capacity, guards

T = TypeVar("T")
V = TypeVar("V", bound=models.Versioned)


class ChangedSince(EngineError):
    """The entity is no longer the one that was read. Never leaves the services."""

    def __init__(self) -> None:
        super().__init__("changed since it was read")


class _ChangedSinceMeasured(ChangedSince):
    """The same for the read of `apply` itself, which repeats no read of its caller."""


def until_unchanged(
    caller: Caller,
    noun: str,
    read_and_write: Callable[[], T],
    repeat_on: type[ChangedSince] = ChangedSince,
) -> T:
    """Repeat a read and a write until nothing has changed the entity in between.

    `read_and_write` raises `repeat_on` to be repeated. Raises Throttled at the deadline.
    """
    while True:
        try:
            return read_and_write()
        except repeat_on as changed:
            if caller.context.is_over():
                raise Throttled(
                    f"Other requests keep changing this {noun}: try again later"
                ) from changed


def apply(
    caller: Caller,
    entity: V,
    noun: str,
    changes: dict[str, Any],
    expected_version: int | None,
    *,
    condition: Condition | None = None,
    refused: Callable[[V], EngineError | None] = lambda old: None,
) -> V:
    """Set attributes of an entity and return the updated entity. None removes an attribute.

    Raises NotFound; Conflict with the current version if it is not `expected_version`; the error
    that `refused` returns if `condition` does not hold; PayloadTooLarge if the item would have more
    than callers may store. To check that, a large change first reads the item, and is written on
    condition that its version is still the same.
    """
    if not capacity.is_measured(type(entity), changes):
        return _update(caller, entity, noun, changes, expected_version, condition, refused)

    def read_and_write() -> V:
        seen = _measured(caller, entity, noun, changes)
        unchanged = type(entity).version == seen.version
        return _update(
            caller,
            entity,
            noun,
            changes,
            expected_version,
            unchanged if condition is None else unchanged & condition,
            partial(_unless_changed, int(seen.version), refused),
        )

    return until_unchanged(caller, noun, read_and_write, _ChangedSinceMeasured)


def _unless_changed(
    version: int, refused: Callable[[V], EngineError | None], old: V
) -> EngineError | None:
    return _ChangedSinceMeasured() if old.version != version else refused(old)


def _measured(caller: Caller, entity: V, noun: str, changes: Mapping[str, Any]) -> V:
    seen = reads.get(type(entity), *entity.primary_key(), tenant=caller.partition_key)
    if seen is None:
        raise guards.not_found(noun)
    capacity.check_changed(seen, changes)
    return seen


def _update(
    caller: Caller,
    entity: V,
    noun: str,
    changes: Mapping[str, Any],
    expected_version: int | None,
    condition: Condition | None,
    refused: Callable[[V], EngineError | None],
) -> V:
    model = type(entity)
    changes = {**changes, "updated_at": caller.context.now(), "updated_by": caller.user_id}
    attributes = model.get_attributes()
    actions = [
        attributes[name].remove() if value is None else attributes[name].set(value)
        for name, value in changes.items()
    ]
    all_conditions = guards.owned(model, caller)
    if expected_version is not None:
        all_conditions &= model.version == expected_version
    if condition is not None:
        all_conditions &= condition

    def error(old: V | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found(noun)
        if expected_version is not None and old.version != expected_version:
            return guards.conflict(noun, int(old.version))
        return refused(old) or guards.conflict(noun, int(old.version))

    return writes.update_versioned(entity, actions, all_conditions, error, caller.context)
