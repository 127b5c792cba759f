"""Idempotency keys: the same input returns the same entity, and never creates a second one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.services.idempotent_create import WEEK_SECONDS
from tests.api.entities import ENTITIES
from tests.support.contexts import At, serving
from tests.support.graph_api import AGENTS, CALLER, CREATED, NOBODY, change, create
from tests.support.ids import short
from tests.support.stored import everything_stored, put_state, refused
from tests.support.world import ARGUMENTS, TYPES, World

MINUTE, WEEK = timedelta(minutes=1), timedelta(seconds=WEEK_SECONDS)

# By the create mutation of each kind: what may not be another value under the same key.
OTHERS: dict[str, dict[str, Any]] = {
    "createCoordination": {"agents": AGENTS},
    "createTask": {"agentActions": []},
    "createTaskSchedule": {"status": "ACTIVE"},
    "createSession": {"taskQuery": "B"},
    "createSessionAgent": {"rules": {"timeoutSeconds": 6}},
    "recordSessionRun": {"usage": {"inputTokens": 0, "outputTokens": 3}},
}
KINDS = {entity.create: kind for kind, entity in ENTITIES.items()}
every_create = pytest.mark.parametrize("name", KINDS)


def given_to(world: World, name: str, key: str | None = "once") -> dict[str, Any]:
    """Return an input with everything that the mutation takes."""
    return {**ENTITIES[KINDS[name]].maximum(world), "idempotencyKey": key}


def key_of(world: World, name: str, made: dict[str, Any]) -> dict[str, str]:
    """The arguments that lead to what was made."""
    kind = KINDS[name]
    return {**world.key_of(kind), ARGUMENTS[kind]: made[ARGUMENTS[kind]]}


@every_create
def test_a_repeat_gives_the_same_entity_and_writes_nothing(world: World, name: str) -> None:
    first = create(name, given_to(world, name))
    after_first = everything_stored()

    again = [create(name, given_to(world, name)) for _ in range(2)]

    assert again == [first, first]
    assert everything_stored() == after_first


@every_create
def test_another_input_under_the_same_key_is_a_conflict(world: World, name: str) -> None:
    given = given_to(world, name)
    create(name, given)

    told = refused(name, {**given, **OTHERS[name]})

    assert told == {"code": "CONFLICT", "inputPath": ["input", "idempotencyKey"]}


@every_create
@pytest.mark.parametrize("keys", [("one", "two"), (None, None), ("once", None), ("A", "a")])
def test_without_the_same_key_two_inputs_are_two_entities(
    world: World, name: str, keys: tuple[str | None, str | None]
) -> None:
    first, second = (create(name, given_to(world, name, key)) for key in keys)

    assert first["id"] != second["id"]


def test_each_kind_of_entity_has_keys_of_its_own(world: World) -> None:
    made = {name: create(name, given_to(world, name)) for name in KINDS}

    again = {name: create(name, given_to(world, name)) for name in KINDS}

    assert again == made
    assert len({one["id"] for one in made.values()}) == len(KINDS)


@every_create
def test_what_was_deleted_since_is_not_created_again(world: World, name: str) -> None:
    made = create(name, given_to(world, name))
    change(f"delete{TYPES[KINDS[name]]}", key_of(world, name, made), "deletedId")

    told = refused(name, given_to(world, name))

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", "idempotencyKey"]}


@pytest.mark.parametrize("name", [name for name in KINDS if name != "recordSessionRun"])
def test_what_was_changed_since_is_given_as_it_is_now(world: World, name: str) -> None:
    made = create(name, given_to(world, name))
    change(f"update{TYPES[KINDS[name]]}", key_of(world, name, made), "__typename")

    again = create(name, given_to(world, name), "version")

    assert again == {**made, "version": 2}


def test_an_agent_is_given_again_also_after_its_session_has_started(world: World) -> None:
    made = create("createSessionAgent", given_to(world, "createSessionAgent"))
    put_state(models.Session, world.coordination, world.session, status="in_progress")

    again = create("createSessionAgent", given_to(world, "createSessionAgent"))
    told = refused("createSessionAgent", given_to(world, "createSessionAgent", "another"))

    assert again == made
    assert told == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}


@every_create
def test_a_refused_input_leaves_its_key_free(world: World, name: str) -> None:
    entity = ENTITIES[KINDS[name]]
    wrong = {ARGUMENTS[parent]: NOBODY for parent in entity.parents} or {"coordinationName": ""}
    refused(name, {**given_to(world, name), **wrong})

    first = create(name, given_to(world, name))

    assert create(name, given_to(world, name)) == first


@every_create
def test_a_key_is_remembered_for_a_week(world: World, name: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with serving(At(moment=now)):
        first = create(name, given_to(world, name))
    (record,) = models.Idempotency.scan()
    with serving(At(moment=now + WEEK - MINUTE)):
        within = create(name, given_to(world, name))
    with serving(At(moment=now + WEEK + MINUTE)):
        later = create(name, given_to(world, name))
        later_again = create(name, given_to(world, name))

    assert record.expires_at == (now + WEEK).timestamp()
    assert within == first
    assert later["id"] != first["id"]
    assert later_again == later


def test_a_forgotten_key_does_not_let_a_wrong_graph_pass(world: World) -> None:
    create("createTask", given_to(world, "createTask"))
    without = {**world.key("coordination"), "agents": AGENTS[:1]}
    change("updateCoordination", without, "coordination { version }")

    with serving(At(moment=datetime.now(UTC) + WEEK + MINUTE)):
        told = refused("createTask", given_to(world, "createTask"))

    place = ["input", "agentActions", 0, "agentUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_a_key_returns_its_task_although_the_coordination_has_lost_a_member(world: World) -> None:
    first = create("createTask", given_to(world, "createTask"))
    without = {**world.key("coordination"), "agents": AGENTS[:1]}
    change("updateCoordination", without, "coordination { version }")

    again = create("createTask", given_to(world, "createTask"))
    other = refused("createTask", given_to(world, "createTask", "twice"))

    assert again == first
    place = ["input", "agentActions", 0, "agentUuid"]
    assert other == {"code": "BAD_USER_INPUT", "inputPath": place}


@pytest.mark.parametrize("key", ["", "k" * 257, "k" * 3000, "\ud800"], ids=short)
def test_a_key_that_is_none_is_refused_whatever_else_is_wrong(world: World, key: str) -> None:
    graphs: list[list[dict[str, Any]]] = [[], [{"agentUuid": "nobody"}]]
    for actions in graphs:
        given = {**given_to(world, "createTask", key), "agentActions": actions}

        told = refused("createTask", given)

        assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "idempotencyKey"]}


def test_a_key_may_be_any_text_of_256_characters(world: World) -> None:
    keys = ["k" * 256, "\N{FOX FACE}" * 256, "acme#sales#Task#once", " ", "\x00", "once"]

    made = [create("createTask", given_to(world, "createTask", key)) for key in keys]
    again = [create("createTask", given_to(world, "createTask", key)) for key in keys]

    assert again == made
    assert len({one["id"] for one in made}) == len(keys)


def test_two_ways_to_write_an_input_are_one_input(world: World) -> None:
    given = {**world.key("coordination", "task"), "userId": "bob", "idempotencyKey": "once"}

    first = create("createSession", given)
    backwards = create("createSession", dict(reversed(given.items())))
    with_nulls = create("createSession", {**given, "taskQuery": None, "inputFiles": None})
    with_defaults = create("createSession", {**given, "inputFiles": [], "subtaskQueries": []})

    assert [backwards, with_nulls, with_defaults] == [first] * 3


@every_create
def test_a_key_says_who_created_it_and_nothing_of_the_input(world: World, name: str) -> None:
    made = create(name, given_to(world, name))

    (record,) = models.Idempotency.scan()

    uuid = CREATED[name][2]
    assert record.key == f"{CALLER.partition_key}#{TYPES[KINDS[name]]}#once"
    assert record.entity_range_key == made[uuid]
    assert set(record.attribute_values) == {
        "key",
        "fingerprint",
        "algorithm",
        "entity_hash_key",
        "entity_range_key",
        "expires_at",
    }
