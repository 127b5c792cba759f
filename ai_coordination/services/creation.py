"""Creating an entity, at most once a key.

The entity, the count of its parent and the record of the idempotency key are one transaction. So
no child stands under a parent that is gone, no count differs from the children, and a repeat
finds what the first call made, or nothing of it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import Conflict, EngineError, NotFound
from ai_coordination.models import keys, reads
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Transaction
from ai_coordination.services import capacity, validation

E = TypeVar("E", bound=models.Entity)

WEEK_SECONDS = 7 * 24 * 3600


class _Repeated(EngineError):
    """The key has created an entity before. Never leaves this module."""

    def __init__(self, record: models.Idempotency) -> None:
        super().__init__("created before")
        self.record = record


class Taken(Conflict):
    """Another entity has the address."""


def create(
    caller: Caller,
    entity: E,
    key: str | None,
    given: Any,
    add_parts: Callable[[Transaction], None] = lambda transaction: None,
) -> E:
    """Writes `entity` with the parts that `add_parts` adds, and gives it back.

    With a `key` that was used before, for the same `given` input, it gives the entity of then;
    Conflict where the input was another one, NotFound where the entity has been deleted since.
    Raises Taken where another has its address, which only addresses that are drawn may have, and
    PayloadTooLarge where the entity is larger than an item may be.
    """
    capacity.check(entity)
    kind = type(entity)
    transaction = Transaction()
    if key is not None:
        _remember(transaction, caller, entity, key, given)
    add_parts(transaction)
    hash_key = kind._hash_key_attribute()
    transaction.put(entity, hash_key.does_not_exist(), _taken)
    try:
        transaction.commit(caller.deadline)
    except _Repeated as repeated:
        return _created_before(caller, kind, repeated.record, given)
    return entity


def created_before(caller: Caller, kind: type[E], key: str | None, given: Any) -> E | None:
    """What an earlier call with this key created; None where there was none, or no key."""
    if key is None:
        return None
    validation.label(key, "idempotency_key")
    try:
        address = _address(caller, kind.__name__, key)
        record = models.Idempotency.get(address, consistent_read=True)
    except models.Idempotency.DoesNotExist:
        return None
    if record.expires_at < time.time():
        return None
    return _created_before(caller, kind, record, given)


def _address(caller: Caller, space: str, key: str) -> str:
    return keys.of_tenant(caller.partition_key, space, key)


def _space(entity: models.Entity) -> str:
    """The keys of firings are the engine's own: none is ever a caller's."""
    is_fired = isinstance(entity, models.Session) and entity.schedule_uuid is not None
    return "Firing" if is_fired else type(entity).__name__


def _remember(
    transaction: Transaction, caller: Caller, entity: models.Entity, key: str, given: Any
) -> None:
    validation.label(key, "idempotency_key")
    kind = type(entity)
    now = int(time.time())
    record = models.Idempotency(
        key=_address(caller, _space(entity), key),
        fingerprint=_fingerprint(given),
        entity_hash_key=getattr(entity, kind._hash_key_attribute().attr_name),
        entity_range_key=getattr(entity, kind._range_key_attribute().attr_name),
        expires_at=now + WEEK_SECONDS,
    )
    free = models.Idempotency.key.does_not_exist() | (models.Idempotency.expires_at < now)
    transaction.put(record, free, _repeated)


def _repeated(item: Item | None) -> EngineError | None:
    return _Repeated(models.Idempotency.of(item)) if item else None


def _taken(_: Item | None) -> EngineError:
    return Taken("Somebody has just created this; try again")


def _created_before(caller: Caller, kind: type[E], record: models.Idempotency, given: Any) -> E:
    if record.fingerprint != _fingerprint(given):
        raise Conflict("This key was used with another input", "idempotency_key")
    found = reads.get(kind, record.entity_hash_key, record.entity_range_key, caller.partition_key)
    if found is None:
        raise NotFound("What this key created has been deleted since", "idempotency_key")
    return found


def _fingerprint(given: Any) -> str:
    written = json.dumps(_without_nulls(given), sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    """A member that is null says the same as one that was left out."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(one) for one in value]
    return value
