"""Conditions that several entities share, and the errors for their refusal."""

from collections.abc import Callable
from typing import TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import Conflict, EngineError, HasChildren, NotFound
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Refused

V = TypeVar("V", bound=models.Versioned)
T = TypeVar("T", bound=models.Entity)

# What deletes a parent together with its children.
_INSTEAD = {"session": ", or use purgeSession once the session has ended"}


def owned(model: type[T], caller: Caller) -> Condition:
    """The item exists and belongs to the caller's tenant. A missing item has no partition key."""
    return model.partition_key == caller.partition_key


def not_found(noun: str, *path: str | int) -> NotFound:
    return NotFound(f"There is no such {noun}", *path)


def missing(noun: str, *path: str | int) -> Refused:
    """For writes that are refused only if the tenant has no such item."""
    return lambda item: not_found(noun, *path)


def conflict(noun: str, current_version: int) -> Conflict:
    return Conflict(
        f"Another request has changed this {noun}: read it again, and repeat the update",
        currentVersion=current_version,
    )


def children(
    caller: Caller, noun: str, **counts: str
) -> Callable[[models.Entity | None], EngineError]:
    """Return the error for the refused delete of a parent.

    `counts` names the attribute that counts each kind of children.
    """

    def refused(old: models.Entity | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return not_found(noun)
        numbers = {name: int(getattr(old, attribute)) for name, attribute in counts.items()}
        numbers = {name: count for name, count in numbers.items() if count}
        if not numbers:
            return Conflict(f"Another request has just changed this {noun}: try again")
        listed = " and ".join(
            f"{count} {name if count > 1 else name[:-1]}" for name, count in numbers.items()
        )
        instead = _INSTEAD.get(noun, "")
        return HasChildren(f"This {noun} still has {listed}: delete them first{instead}", numbers)

    return refused


def parsed(model: type[T], refused: Callable[[T | None], EngineError | None]) -> Refused:
    """Adapt a function of the entity for a transaction, which passes the raw item."""

    def read(item: Item | None) -> EngineError | None:
        return refused(model.of(item) if item else None)

    return read
