"""Uuids that are malformed or unknown, in every argument of the API.

Those of another tenant are in test_tenancy.py.
"""

from typing import Any

import pytest

from tests.api.entities import ENTITIES
from tests.support.cases import each
from tests.support.graph_api import NOBODY, ask, mutation
from tests.support.lists import LISTS
from tests.support.stored import everything_stored, refused
from tests.support.world import ARGUMENTS, KEYS, TYPES, World, field

LETTERS = "abcdef01-abcd-7abc-8abc-abcdef012345"
MALFORMED = [
    "",
    " ",
    "x",
    "null",
    LETTERS.replace("-", ""),
    LETTERS[:-1],
    f"{LETTERS}0",
    f"{LETTERS}\n",
    f" {LETTERS}",
    f"{{{LETTERS}}}",
    LETTERS.replace("-", "_"),
    LETTERS.replace("a", "\uff41"),
    LETTERS.replace("a", "g"),
    "acme#sales",
    "\ud800",
    "x" * 1_000_000,
]
BAD = "BAD_USER_INPUT"

# What leads to a uuid in the input of a mutation, other than those that are the entity's own key.
CREATES: dict[str, tuple[list[str], dict[str, Any]]] = {
    entity.create: ([*entity.parents, *entity.optional_parents], entity.given)
    for entity in ENTITIES.values()
}
CHANGES: dict[str, tuple[list[str], dict[str, Any]]] = {
    **{f"update{TYPES[kind]}": (list(KEYS[kind]), {}) for kind in KEYS if kind != "run"},
    **{f"delete{TYPES[kind]}": (list(KEYS[kind]), {}) for kind in KEYS},
}
MUTATIONS = [
    (name, kinds, kind, more)
    for name, (kinds, more) in {**CREATES, **CHANGES}.items()
    for kind in kinds
]
every_uuid_of_an_input = each(("name", "kinds", "kind", "more"), MUTATIONS)

PARTS = [(kind, part) for kind, parts in KEYS.items() for part in parts]
every_uuid_of_an_entity = each(("kind", "part"), PARTS)

ROWS = "nodes { id } edges { cursor } totalCount pageInfo { hasNextPage startCursor endCursor }"
LIST_ARGUMENTS = {
    "tasks": ("coordinationUuid: $uuid", ["coordinationUuid"], "coordination"),
    "taskSchedules": ("taskUuid: $uuid", ["taskUuid"], "task"),
    "sessions": ("coordinationUuid: $uuid", ["coordinationUuid"], "coordination"),
    "sessions of a task": ("filter: {taskUuid: $uuid}", ["filter", "taskUuid"], "task"),
    "sessions of a schedule": (
        "filter: {scheduleUuid: $uuid}",
        ["filter", "scheduleUuid"],
        "schedule",
    ),
    "sessionAgents": ("sessionUuid: $uuid", ["sessionUuid"], "session"),
    "sessionRuns": ("sessionUuid: $uuid", ["sessionUuid"], "session"),
    "sessionRuns of an agent": (
        f'sessionUuid: "{NOBODY}", filter: {{sessionAgentUuid: $uuid}}',
        ["filter", "sessionAgentUuid"],
        "agent",
    ),
    "openSessionAgents": (
        "state: IN_PROGRESS, coordinationUuid: $uuid",
        ["coordinationUuid"],
        "coordination",
    ),
}
every_uuid_of_a_list = each("name", LIST_ARGUMENTS)


def listed(name: str, uuid: str) -> dict[str, Any]:
    arguments, _, _ = LIST_ARGUMENTS[name]
    query = f"query ($uuid: ID!) {{ {name.split(' ', 1)[0]}({arguments}) {{ {ROWS} }} }}"
    return ask(query, {"uuid": uuid})


def read(world: World, kind: str, part: str, uuid: str) -> dict[str, Any]:
    """The answer to a query for an entity, one uuid of its key being another."""
    given = {**world.key_of(kind), ARGUMENTS[part]: uuid}
    types = ", ".join(f"${name}: ID!" for name in given)
    arguments = ", ".join(f"{name}: ${name}" for name in given)
    return ask(f"query ({types}) {{ {field(kind)}({arguments}) {{ id }} }}", given)


def facts(answer: dict[str, Any]) -> dict[str, Any]:
    (error,) = answer["errors"]
    assert len(error["message"]) < 500
    return {key: value for key, value in error["extensions"].items() if key != "requestId"}


@every_uuid_of_an_entity
def test_an_entity_is_asked_for_by_well_formed_uuids(
    still_world: World, kind: str, part: str
) -> None:
    for uuid in MALFORMED:
        told = facts(read(still_world, kind, part, uuid))

        assert told == {"code": BAD, "inputPath": [ARGUMENTS[part]]}


@every_uuid_of_an_entity
def test_an_entity_is_found_by_a_uuid_in_upper_case(
    still_world: World, kind: str, part: str
) -> None:
    uuid = getattr(still_world, part)

    found = read(still_world, kind, part, uuid.upper())

    assert found["data"][field(kind)] is not None
    assert found == read(still_world, kind, part, uuid)


@every_uuid_of_a_list
def test_a_list_is_found_by_a_uuid_in_upper_case(still_world: World, name: str) -> None:
    uuid = getattr(still_world, LIST_ARGUMENTS[name][2])

    found = listed(name, uuid.upper())

    assert "errors" not in found
    assert found == listed(name, uuid)


@every_uuid_of_an_entity
def test_an_entity_that_there_is_not_is_null(still_world: World, kind: str, part: str) -> None:
    assert read(still_world, kind, part, NOBODY) == {"data": {field(kind): None}}


@every_uuid_of_a_list
def test_a_list_is_asked_for_by_well_formed_uuids(still_world: World, name: str) -> None:
    _, place, _ = LIST_ARGUMENTS[name]

    for uuid in MALFORMED:
        assert facts(listed(name, uuid)) == {"code": BAD, "inputPath": place}


@every_uuid_of_an_input
def test_an_input_names_well_formed_uuids(
    still_world: World, name: str, kinds: list[str], kind: str, more: dict[str, Any]
) -> None:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    document = mutation(name, input_type, "__typename")
    before = everything_stored()

    for uuid in MALFORMED:
        given = {**still_world.key(*kinds), **more, ARGUMENTS[kind]: uuid}
        told = facts(ask(document, {"input": given}))

        assert told == {"code": BAD, "inputPath": ["input", ARGUMENTS[kind]]}
    assert everything_stored() == before


@every_uuid_of_an_input
def test_an_input_that_names_what_there_is_not_is_refused(
    still_world: World, name: str, kinds: list[str], kind: str, more: dict[str, Any]
) -> None:
    given = {**still_world.key(*kinds), **more, ARGUMENTS[kind]: NOBODY}

    assert refused(name, given)["code"] == "NOT_FOUND"


def test_predecessors_are_well_formed(still_world: World) -> None:
    key = still_world.key("coordination", "session")
    document = mutation("createSessionAgent", "CreateSessionAgentInput", "__typename")

    for uuid in MALFORMED:
        given = {**key, "agentUuid": "rag", "predecessors": [still_world.agent, uuid, uuid]}
        told = facts(ask(document, {"input": given}))

        assert told == {"code": BAD, "inputPath": ["input", "predecessors", 1]}


@pytest.mark.parametrize("name", ["createSession", "updateSession", "startSession"])
def test_a_subtask_query_names_a_well_formed_agent(still_world: World, name: str) -> None:
    kinds = KEYS["session"] if name == "updateSession" else KEYS["task"]
    queries = [{"agentUuid": uuid, "subtaskQuery": ""} for uuid in ("rag", "a b")]

    told = refused(name, {**still_world.key(*kinds), "subtaskQueries": queries})

    assert told == {"code": BAD, "inputPath": ["input", "subtaskQueries", 1, "agentUuid"]}


@pytest.mark.parametrize("name", ["createSessionAgent", "recordSessionRun"])
def test_an_agent_of_a_session_names_a_well_formed_member(still_world: World, name: str) -> None:
    given = {**still_world.key(*KEYS["session"]), "agentUuid": "a b"}

    assert refused(name, given) == {"code": BAD, "inputPath": ["input", "agentUuid"]}


def test_every_list_with_a_uuid_is_here() -> None:
    with_uuids = {each.field.split("(")[0] for each in LISTS.values() if "<" in each.field}

    assert with_uuids == {name.split(" ")[0] for name in LIST_ARGUMENTS} - {"openSessionAgents"}
