"""Coordinations: sets of agents that work together."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import Transaction
from ai_coordination.services import (
    capacity,
    counts,
    guards,
    idempotent_create,
    validation,
    versioned_update,
)
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.members import build_members, compact

NOUN = "coordination"


def create(
    caller: Caller,
    *,
    coordination_name: str,
    coordination_description: str | None = None,
    agents: Sequence[Mapping[str, Any]] | None = None,
    idempotency_key: str | None = None,
) -> models.Coordination:
    """Create a coordination.

    Raises BadUserInput, PayloadTooLarge, Conflict for a used key, Throttled.
    """
    agents = agents or []
    mutation_input = MutationInput(
        "Coordination",
        "createCoordination",
        {
            "coordination_name": coordination_name,
            "coordination_description": coordination_description,
            "agents": agents,
        },
    )

    def write() -> models.Coordination:
        now = caller.context.now()
        coordination = models.Coordination(
            partition_key=caller.partition_key,
            coordination_uuid=caller.context.new_uuid(),
            endpoint_id=caller.endpoint_id,
            part_id=caller.part_id,
            coordination_name=validation.name(coordination_name, "coordination_name"),
            folded_name=coordination_name.casefold(),
            coordination_description=validation.text(
                coordination_description, "coordination_description"
            ),
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        pending = texts.PendingTexts(_owner(caller, coordination.coordination_uuid))
        coordination.agents = [
            compact(pending, member) for member in build_members(caller.context, agents, "agents")
        ]
        capacity.check(coordination)
        if pending:
            texts.schedule_cleanup(pending.owner)
            pending.write()
        return idempotent_create.commit(
            caller,
            coordination,
            idempotency_key,
            mutation_input,
            lambda transaction: counts.add_counter(transaction, coordination),
        )

    return idempotent_create.run(
        caller, models.Coordination, idempotency_key, mutation_input, write
    )


def get(caller: Caller, coordination_uuid: str) -> models.Coordination | None:
    """Read a coordination consistently. Returns None if the tenant has no such coordination."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    return reads.get(
        models.Coordination, caller.partition_key, coordination_uuid, tenant=caller.partition_key
    )


def page(
    caller: Caller, request: PageRequest, *, name_contains: str | None = None
) -> Page[models.Coordination]:
    """Read a page of the tenant's coordinations, in order of creation.

    `name_contains` is a part of the name; upper and lower case are the same.
    """
    condition = None
    if name_contains:
        part = validation.name(name_contains, "filter", "name_contains").casefold()
        condition = models.Coordination.folded_name.contains(part)
    return reads.page(
        models.Coordination,
        caller.partition_key,
        request,
        tenant=caller.partition_key,
        condition=condition,
    )


def update(
    caller: Caller,
    coordination_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.Coordination:
    """Change the given fields. None clears an optional field and empties `agents`.

    A task may name an agent that is then no longer a member: starting it is an error. Sessions that
    have started keep their members.
    """
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.not_null(changes, "coordination_name")
    written: dict[str, Any] = {}
    if "coordination_name" in changes:
        name = validation.name(changes["coordination_name"], "coordination_name")
        written.update(coordination_name=name, folded_name=name.casefold())
    if "coordination_description" in changes:
        written["coordination_description"] = validation.text(
            changes["coordination_description"], "coordination_description"
        )
    pending = texts.PendingTexts(_owner(caller, coordination_uuid))
    if "agents" in changes:
        built = build_members(caller.context, changes["agents"] or [], "agents")
        written["agents"] = [compact(pending, member) for member in built]
    if pending:
        if get(caller, coordination_uuid) is None:
            raise guards.not_found(NOUN)
        pending.write()
    entity = models.Coordination(caller.partition_key, coordination_uuid)
    return versioned_update.apply(caller, entity, NOUN, written, expected_version)


def delete(caller: Caller, coordination_uuid: str) -> None:
    """Delete a coordination without children. Raises NotFound, HasChildren."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    model = models.Coordination
    if settings().texts_bucket is not None:
        # The message deletes texts, so it is only sent if exactly this key was found.
        if get(caller, coordination_uuid) is None:
            raise guards.not_found(NOUN)
        texts.schedule_cleanup(_owner(caller, coordination_uuid))
    coordination = model(caller.partition_key, coordination_uuid)

    def write() -> None:
        transaction = Transaction()
        childless = guards.owned(model, caller) & counts.has_no_own_counts()
        transaction.delete(coordination, childless, counts.refused(caller))
        counts.remove_counter(transaction, caller, coordination)
        transaction.commit(caller.context)

    counts.with_migration(caller, write)


def _owner(caller: Caller, coordination_uuid: str) -> texts.Owner:
    """The coordination itself owns the large parameters of its members."""
    return texts.Owner(caller.partition_key, coordination_uuid)
