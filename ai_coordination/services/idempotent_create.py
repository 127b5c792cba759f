"""Create an entity, at most once for each idempotency key.

The entity, its parent's count and the key's record are one transaction. So no child exists without
its parent, counts always equal the number of children, and a repeated call finds either everything
that the first call wrote or nothing.

A repeated call may come when its input would be refused: the blueprint has changed, the parent has
ended, the rules are stricter. So before an error is raised, the key's record is checked.
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
from ai_coordination.services.fingerprints import MutationInput

E = TypeVar("E", bound=models.Entity)

WEEK_SECONDS = 7 * 24 * 3600


class _Repeated(EngineError):
    """An entity was created with this key before. Never leaves this module."""

    def __init__(self, record: models.Idempotency) -> None:
        super().__init__("created before")
        self.record = record


class _OtherInput(Conflict):
    """The key was used with another input."""


class _DeletedSince(NotFound):
    """The entity that was created with the key has been deleted."""


class AddressTaken(Conflict):
    """Another entity has the same key in the table."""


def run(
    caller: Caller,
    model: type[E],
    key: str | None,
    mutation_input: MutationInput,
    write: Callable[[], E],
) -> E:
    """Return what `write` creates by `commit`. If it is refused, return what the key has created.

    Raises what `write` raises, and for a used key what `commit` raises.
    """
    try:
        return write()
    except (Throttled, _OtherInput, _DeletedSince):
        raise
    except EngineError:
        earlier = _created_before(caller, model, key, mutation_input)
        if earlier is None:
            raise
        return earlier


def commit(
    caller: Caller,
    entity: E,
    key: str | None,
    mutation_input: MutationInput,
    add_parts: Callable[[Transaction], None] = lambda transaction: None,
) -> E:
    """Write `entity` and the parts that `add_parts` adds, and return it.

    If `key` was used with the same `mutation_input`, return the entity of that call. Raises
    Conflict if it was another input, NotFound if the entity has been deleted since, AddressTaken if
    another entity has its key, which happens only to random keys, and PayloadTooLarge.
    """
    capacity.check(entity)
    model = type(entity)

    def write() -> E:
        transaction = Transaction()
        if key is not None:
            _remember(transaction, caller, entity, key, mutation_input)
        add_parts(transaction)
        hash_key = getattr(model, model.key_names()[0])
        transaction.put(entity, hash_key.does_not_exist(), _taken)
        transaction.commit(caller.context)
        return entity

    try:
        return counts.with_migration(caller, write)
    except _Repeated as repeated:
        return _named(caller, model, repeated.record, mutation_input)


def _created_before(
    caller: Caller, model: type[E], key: str | None, mutation_input: MutationInput
) -> E | None:
    """Return what an earlier call with this key created. None without one, or without a key."""
    if key is None:
        return None
    validation.label(key, "idempotency_key")
    try:
        address = _address(caller, mutation_input.space, key)
        record = models.Idempotency.get(address, consistent_read=True)
    except models.Idempotency.DoesNotExist:
        return None
    if record.expires_at < caller.context.utc().timestamp():
        return None
    return _named(caller, model, record, mutation_input)


def _address(caller: Caller, space: str, key: str) -> str:
    return keys.tenant_key(caller.partition_key, space, key)


def _remember(
    transaction: Transaction,
    caller: Caller,
    entity: models.Entity,
    key: str,
    mutation_input: MutationInput,
) -> None:
    validation.label(key, "idempotency_key")
    hash_key, range_key = entity.primary_key()
    now = int(caller.context.utc().timestamp())
    record = models.Idempotency(
        key=_address(caller, mutation_input.space, key),
        fingerprint=fingerprints.of(mutation_input),
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
    return AddressTaken("Another request has just created this: try again")


def _named(
    caller: Caller, model: type[E], record: models.Idempotency, mutation_input: MutationInput
) -> E:
    """Return the entity that a key's record names."""
    algorithm = int(record.algorithm or fingerprints.OF_0_1_0)
    if not fingerprints.is_same(mutation_input, record.fingerprint, algorithm):
        raise _OtherInput(
            "This key was used with another input. Use another key for another request",
            "idempotency_key",
        )
    entity = reads.get(
        model, record.entity_hash_key, record.entity_range_key, tenant=caller.partition_key
    )
    if entity is None or (isinstance(entity, models.Session) and entity.is_being_purged):
        raise _DeletedSince("The entity that this key created has been deleted", "idempotency_key")
    return entity
