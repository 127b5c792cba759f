"""What a refused condition means, for the conditions that several entities share."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import clock, models
from ai_coordination.caller import Caller
from ai_coordination.errors import Conflict, EngineError, HasChildren, NotFound, Throttled
from ai_coordination.models import reads, writes
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Refused
from ai_coordination.services import capacity

V = TypeVar("V", bound=models.Versioned)
T = TypeVar("T", bound=models.Entity)


def owned(kind: type[T], caller: Caller) -> Condition:
    """It exists and is the caller's tenant's: an item that is not there has no partition key."""
    return kind.partition_key == caller.partition_key


def not_found(noun: str, *path: str | int) -> NotFound:
    return NotFound(f"There is no such {noun}", *path)


def missing(noun: str, *path: str | int) -> Refused:
    """The one thing that a refusal can mean here is that the item is not the tenant's."""
    return lambda item: not_found(noun, *path)


def update(
    caller: Caller,
    entity: V,
    noun: str,
    changes: dict[str, Any],
    expected_version: int | None,
    *,
    condition: Condition | None = None,
    otherwise: Callable[[V], EngineError | None] = lambda old: None,
) -> V:
    """Sets attributes of an entity in one conditional write, and gives it as it is then.

    Attributes set to None are removed. Raises NotFound; Conflict where `expected_version` is
    not the entity's, with the version that is; what `otherwise` says where `condition` failed; and
    PayloadTooLarge where callers would put too much into the item. For that a large change reads
    the item first, and is written on condition that it is still the one read.
    """
    if not capacity.is_measured(type(entity), changes):
        return _update(caller, entity, noun, changes, expected_version, condition, otherwise)
    while True:
        try:
            seen = _measured(caller, entity, noun, changes)
            stands = type(entity).version == seen.version
            return _update(
                caller,
                entity,
                noun,
                changes,
                expected_version,
                stands if condition is None else stands & condition,
                partial(_unless_changed, int(seen.version), otherwise),
            )
        except _ChangedSince as changed:
            if time.monotonic() >= caller.deadline:
                raise Throttled(f"Others change the same {noun}: try again later") from changed


class _ChangedSince(EngineError):
    """The entity is no longer the one that was measured. Never leaves this module."""


def _unless_changed(
    version: int, otherwise: Callable[[V], EngineError | None], old: V
) -> EngineError | None:
    return _ChangedSince("measured before") if old.version != version else otherwise(old)


def _measured(caller: Caller, entity: V, noun: str, changes: Mapping[str, Any]) -> V:
    kind = type(entity)
    names = kind._hash_key_attribute().attr_name, kind._range_key_attribute().attr_name
    keys = [getattr(entity, name) for name in names]
    seen = reads.get(kind, keys[0], keys[1], caller.partition_key)
    if seen is None:
        raise not_found(noun)
    capacity.check_changed(seen, changes)
    return seen


def _update(
    caller: Caller,
    entity: V,
    noun: str,
    changes: Mapping[str, Any],
    expected_version: int | None,
    condition: Condition | None,
    otherwise: Callable[[V], EngineError | None],
) -> V:
    kind = type(entity)
    changes = {**changes, "updated_at": clock.now(), "updated_by": caller.user_id}
    attributes = kind.get_attributes()
    actions = [
        attributes[name].remove() if value is None else attributes[name].set(value)
        for name, value in changes.items()
    ]
    stands = owned(kind, caller)
    if expected_version is not None:
        stands &= kind.version == expected_version
    if condition is not None:
        stands &= condition

    def refused(old: V | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return not_found(noun)
        if expected_version is not None and old.version != expected_version:
            return conflict(noun, int(old.version))
        return otherwise(old) or conflict(noun, int(old.version))

    return writes.update(entity, actions, stands, refused, caller.deadline)


def conflict(noun: str, current_version: int) -> Conflict:
    return Conflict(f"Somebody else has changed this {noun}", currentVersion=current_version)


def children(
    caller: Caller, noun: str, **counts: str
) -> Callable[[models.Entity | None], EngineError]:
    """What the refused delete of a parent means. `counts` names the attribute of each kind."""

    def refused(old: models.Entity | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return not_found(noun)
        held = {name: int(getattr(old, attribute)) for name, attribute in counts.items()}
        held = {name: count for name, count in held.items() if count}
        if not held:
            return Conflict(f"This {noun} has just been changed; try again")
        listed = " and ".join(
            f"{count} {name if count > 1 else name[:-1]}" for name, count in held.items()
        )
        return HasChildren(f"This {noun} still has {listed}", held)

    return refused


def parsed(kind: type[T], refused: Callable[[T | None], EngineError | None]) -> Refused:
    """A refusal that wants the entity, for a transaction, which gives the raw item."""

    def read(item: Item | None) -> EngineError | None:
        return refused(kind.of(item) if item else None)

    return read
