"""Every kind of entity: created as given, changed in part, cleared by null, and deleted.

What belongs to one kind alone is tested in a file of its own.
"""

import re
from typing import Any

import pytest
from graphql import is_non_null_type

from ai_coordination.caller import Caller
from tests.api.entities import ENTITIES, INSTANT, UUID_7, Given
from tests.support.contexts import SYSTEM
from tests.support.graph_api import change, create
from tests.support.mutations import input_of
from tests.support.stored import refused
from tests.support.world import ARGUMENTS, TYPES, World, field

every_kind = pytest.mark.parametrize("kind", ENTITIES)
VERSIONED_KINDS = [kind for kind, entity in ENTITIES.items() if entity.updates]


def made(world: World, kind: str, given: Given) -> tuple[World, Given]:
    """A new entity: how to find it, and what its create mutation answers."""
    entity = ENTITIES[kind]
    shown = create(entity.create, given, entity.selection)
    uuids = {**vars(world), kind: shown[ARGUMENTS[kind]]}
    return World(**uuids), shown


def read(world: World, kind: str) -> Any:
    return world.read(kind, f"id {ARGUMENTS[kind]} {ENTITIES[kind].selection}")


def update(world: World, kind: str, changes: Given, caller: Caller | None = None) -> Given:
    name = f"update{TYPES[kind]}"
    selection = f"{field(kind)} {{ id {ARGUMENTS[kind]} {ENTITIES[kind].selection} }}"
    given = {**world.key_of(kind), **changes}
    answer = change(name, given, selection, *([caller] if caller else []))
    return dict(answer[field(kind)])


@every_kind
def test_an_entity_is_created_as_it_was_given(world: World, kind: str) -> None:
    entity = ENTITIES[kind]
    given = entity.maximum(world)

    found, shown = made(world, kind, given)

    uuid, created_at = shown[ARGUMENTS[kind]], shown["createdAt"]
    assert kind == "agent" or re.fullmatch(UUID_7, uuid)
    assert re.fullmatch(INSTANT, created_at)
    last = "finishedAt" if kind == "run" else "updatedAt"
    assert shown == {
        "id": shown["id"],
        ARGUMENTS[kind]: uuid,
        **given,
        **entity.new,
        "updatedBy": "u-17",
        "createdAt": created_at,
        last: created_at,
    }
    assert read(found, kind) == shown


def optional(name: str) -> dict[str, None]:
    """Everything that an input need not have, as null."""
    fields = input_of(name).fields
    return {name: None for name, one in fields.items() if not is_non_null_type(one.type)}


# Tested in files of their own.
ELSEWHERE = {"finishedAt", "idempotencyKey", "predecessors", "rules"}


@every_kind
def test_everything_that_a_creation_takes_is_here(kind: str) -> None:
    entity = ENTITIES[kind]
    parents = {ARGUMENTS[parent] for parent in (*entity.parents, *entity.optional_parents)}

    assert input_of(entity.create).fields.keys() - ELSEWHERE == parents | entity.given.keys()


@every_kind
def test_what_is_null_or_left_out_has_its_default(world: World, kind: str) -> None:
    entity = ENTITIES[kind]
    given = entity.minimum(world)

    for nothing in ({}, optional(entity.create)):
        found, _ = made(world, kind, {**nothing, **given})

        assert {**given, **entity.defaults, **entity.new}.items() <= read(found, kind).items()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param(kind, changes, id=f"{kind}-{' '.join(changes) or 'nothing'}")
        for kind in VERSIONED_KINDS
        for changes in ENTITIES[kind].updates
    ],
)
def test_an_update_changes_only_what_is_given(world: World, kind: str, changes: Given) -> None:
    found, before = made(world, kind, ENTITIES[kind].maximum(world))

    updated = update(found, kind, changes)

    assert updated["updatedAt"] > before["updatedAt"]
    assert updated == {**before, **changes, "version": 2, "updatedAt": updated["updatedAt"]}
    assert read(found, kind) == updated


@pytest.mark.parametrize("kind", VERSIONED_KINDS)
def test_a_null_clears_what_an_update_names(world: World, kind: str) -> None:
    entity = ENTITIES[kind]
    found, before = made(world, kind, entity.maximum(world))

    updated = update(found, kind, dict.fromkeys((*entity.clearable, "expectedVersion")))

    cleared = {name: entity.defaults[name] for name in entity.clearable}
    stamps = {"version": 2, "updatedAt": updated["updatedAt"]}
    assert updated == {**before, **cleared, **stamps}
    assert read(found, kind) == updated


@pytest.mark.parametrize("kind", VERSIONED_KINDS)
def test_an_entity_says_who_changed_it_last(world: World, kind: str) -> None:
    shown = [
        update(world, kind, {}, Caller("acme", "sales", user, context=SYSTEM))["updatedBy"]
        for user in ("u-18", None, "u-19")
    ]

    assert shown == ["u-18", None, "u-19"]


@every_kind
def test_a_deleted_entity_is_gone_and_its_sibling_stays(world: World, kind: str) -> None:
    found, shown = made(world, kind, ENTITIES[kind].minimum(world))
    key = found.key_of(kind)

    answer = change(f"delete{TYPES[kind]}", key, "deletedId")

    assert answer == {"deletedId": shown["id"]}
    assert read(found, kind) is None
    assert read(world, kind) is not None
    assert refused(f"delete{TYPES[kind]}", key) == {"code": "NOT_FOUND"}
    if kind in VERSIONED_KINDS:
        assert refused(f"update{TYPES[kind]}", key) == {"code": "NOT_FOUND"}
