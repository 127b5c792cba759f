"""What a refused condition means, for the conditions that several entities share."""

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


def owned(kind: type[T], caller: Caller) -> Condition:
    """It exists and is the caller's tenant's: an item that is not there has no partition key."""
    return kind.partition_key == caller.partition_key


def not_found(noun: str, *path: str | int) -> NotFound:
    return NotFound(f"There is no such {noun}", *path)


def missing(noun: str, *path: str | int) -> Refused:
    """The one thing that a refusal can mean here is that the item is not the tenant's."""
    return lambda item: not_found(noun, *path)


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
