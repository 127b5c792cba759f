"""Updating an entity: what every update mutation does, in one conditional write."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import EngineError, Throttled
from ai_coordination.models import reads, writes
from ai_coordination.services import capacity, guards

V = TypeVar("V", bound=models.Versioned)


def apply(
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
            if caller.context.is_over():
                raise Throttled(f"Others change the same {noun}: try again later") from changed


class _ChangedSince(EngineError):
    """The entity is no longer the one that was measured. Never leaves this module."""


def _unless_changed(
    version: int, otherwise: Callable[[V], EngineError | None], old: V
) -> EngineError | None:
    return _ChangedSince("measured before") if old.version != version else otherwise(old)


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
    otherwise: Callable[[V], EngineError | None],
) -> V:
    kind = type(entity)
    changes = {**changes, "updated_at": caller.context.now(), "updated_by": caller.user_id}
    attributes = kind.get_attributes()
    actions = [
        attributes[name].remove() if value is None else attributes[name].set(value)
        for name, value in changes.items()
    ]
    stands = guards.owned(kind, caller)
    if expected_version is not None:
        stands &= kind.version == expected_version
    if condition is not None:
        stands &= condition

    def refused(old: V | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found(noun)
        if expected_version is not None and old.version != expected_version:
            return guards.conflict(noun, int(old.version))
        return otherwise(old) or guards.conflict(noun, int(old.version))

    return writes.update_versioned(entity, actions, stands, refused, caller.context)
