"""Creating an entity, at most once a key.

The entity, the count of its parent and the record of the idempotency key are one transaction. So
no child stands under a parent that is gone, no count differs from the children, and a repeat
finds what the first call made, or nothing of it.

A repeat may come late, when the same input would be refused: its blueprint has changed, its parent
has ended, the rules are stricter. So whatever is refused, the record decides first.
"""

from collections.abc import Callable
from typing import TypeVar

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.errors import Conflict, EngineError, NotFound, Throttled
from ai_coordination.models import keys, reads
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Transaction
from ai_coordination.services import capacity, counts, fingerprints, validation
from ai_coordination.services.fingerprints import Input

E = TypeVar("E", bound=models.Entity)

WEEK_SECONDS = 7 * 24 * 3600


class _Repeated(EngineError):
    """The key has created an entity before. Never leaves this module."""

    def __init__(self, record: models.Idempotency) -> None:
        super().__init__("created before")
        self.record = record


class _OtherInput(Conflict):
    """The key was used with another input."""


class _DeletedSince(NotFound):
    """What the key has created is gone."""


class AddressTaken(Conflict):
    """Another entity has the address."""


def run(caller: Caller, kind: type[E], key: str | None, given: Input, write: Callable[[], E]) -> E:
    """What `write` writes by `create`; where it refuses, what an earlier call with this key made.

    Raises as `write` does, and as `create` does for a key that was used before.
    """
    try:
        return write()
    except (Throttled, _OtherInput, _DeletedSince):
        raise
    except EngineError:
        before = _created_before(caller, kind, key, given)
        if before is None:
            raise
        return before


def commit(
    caller: Caller,
    entity: E,
    key: str | None,
    given: Input,
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

    def write() -> E:
        transaction = Transaction()
        if key is not None:
            _remember(transaction, caller, entity, key, given)
        add_parts(transaction)
        hash_key = getattr(kind, kind.key_names()[0])
        transaction.put(entity, hash_key.does_not_exist(), _taken)
        transaction.commit(caller.context)
        return entity

    try:
        return counts.with_migration(caller, write)
    except _Repeated as repeated:
        return _named(caller, kind, repeated.record, given)


def _created_before(caller: Caller, kind: type[E], key: str | None, given: Input) -> E | None:
    """What an earlier call with this key created; None where there was none, or no key."""
    if key is None:
        return None
    validation.label(key, "idempotency_key")
    try:
        address = _address(caller, given.space, key)
        record = models.Idempotency.get(address, consistent_read=True)
    except models.Idempotency.DoesNotExist:
        return None
    if record.expires_at < caller.context.utc().timestamp():
        return None
    return _named(caller, kind, record, given)


def _address(caller: Caller, space: str, key: str) -> str:
    return keys.tenant_key(caller.partition_key, space, key)


def _remember(
    transaction: Transaction, caller: Caller, entity: models.Entity, key: str, given: Input
) -> None:
    validation.label(key, "idempotency_key")
    hash_key, range_key = entity.primary_key()
    now = int(caller.context.utc().timestamp())
    record = models.Idempotency(
        key=_address(caller, given.space, key),
        fingerprint=fingerprints.of(given),
        algorithm=fingerprints.CURRENT,
        entity_hash_key=hash_key,
        entity_range_key=range_key,
        expires_at=now + WEEK_SECONDS,
    )
    free = models.Idempotency.key.does_not_exist() | (models.Idempotency.expires_at < now)
    transaction.put(record, free, _repeated)


def _repeated(item: Item | None) -> EngineError | None:
    return _Repeated(models.Idempotency.of(item)) if item else None


def _taken(_: Item | None) -> EngineError:
    return AddressTaken("Somebody has just created this; try again")


def _named(caller: Caller, kind: type[E], record: models.Idempotency, given: Input) -> E:
    """The entity that the record of a key names."""
    algorithm = int(record.algorithm or fingerprints.OF_0_1_0)
    if not fingerprints.is_same(given, record.fingerprint, algorithm):
        raise _OtherInput("This key was used with another input", "idempotency_key")
    found = reads.get(
        kind, record.entity_hash_key, record.entity_range_key, tenant=caller.partition_key
    )
    if found is None:
        raise _DeletedSince("What this key created has been deleted since", "idempotency_key")
    return found
