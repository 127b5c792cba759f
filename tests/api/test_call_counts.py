"""The calls to DynamoDB that each operation makes, by name."""

from typing import Any

import pytest

from tests.api.entities import ENTITIES
from tests.support.graph_api import AGENTS, NOBODY, ask, mutation
from tests.support.lists import LISTS, Listed
from tests.support.recording import recorded_calls
from tests.support.world import ARGUMENTS, KEYS, TYPES, World, field

GET, BATCH, QUERY = "GetItem", "BatchGetItem", "Query"
UPDATE, DELETE, WRITE = "UpdateItem", "DeleteItem", "TransactWriteItems"

Given = dict[str, Any]
every_kind = pytest.mark.parametrize("kind", TYPES)


def calls_of(query: str, variables: Given | None = None, code: str | None = None) -> list[str]:
    """The calls of a request in their order; it succeeds, or fails with `code`.

    Those to EventBridge Scheduler are in test_schedule_timers.py.
    """
    with recorded_calls() as calls:
        answer = ask(query, variables)
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert codes == ([] if code is None else [code])
    assert {call.service for call in calls} <= {"dynamodb", "scheduler"}
    return [call.operation for call in calls if call.service == "dynamodb"]


def calls_of_input(name: str, given: Given, code: str | None = None) -> list[str]:
    """Those of a mutation that asks for everything that is told without another call."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    selection = "deletedId"
    if not name.startswith("delete"):
        entity = name.removeprefix("create").removeprefix("update").removeprefix("record")
        fields = "createdAt updatedBy" if entity == "SessionRun" else "version updatedAt"
        selection = f"{entity[0].lower()}{entity[1:]} {{ id {fields} }}"
    return calls_of(mutation(name, kind, selection), {"input": given}, code)


def one(kind: str, given: dict[str, str], selection: str = "id") -> str:
    arguments = ", ".join(f'{name}: "{uuid}"' for name, uuid in given.items())
    return f"{{ {field(kind)}({arguments}) {{ {selection} }} }}"


@every_kind
def test_an_entity_is_one_call(still_world: World, kind: str) -> None:
    key = still_world.key_of(kind)

    assert calls_of(one(kind, key)) == [GET]
    assert calls_of(one(kind, {**key, ARGUMENTS[kind]: NOBODY})) == [GET]
    assert calls_of(one(kind, {**key, ARGUMENTS[kind]: "x"}), code="BAD_USER_INPUT") == []


@every_kind
def test_a_node_is_one_call(still_world: World, kind: str) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"

    assert calls_of(query, {"id": still_world.read(kind, "id")["id"]}) == [GET]
    assert calls_of(query, {"id": "x"}, "BAD_USER_INPUT") == []


# With their totals. A nested list's parent has been read, and knows how many there are.
OF_LISTS = {
    "coordinations": [QUERY],
    "tasks": [QUERY, BATCH],
    "coordination.tasks": [GET, QUERY, BATCH],
    "taskSchedules of a task": [QUERY, GET],
    "task.schedules": [GET, QUERY],
    "taskSchedules": [QUERY],
    "sessions of a coordination": [QUERY, BATCH],
    "coordination.sessions": [GET, QUERY, BATCH],
    "sessions of a coordination, oldest first": [QUERY, BATCH],
    "sessions": [QUERY],
    "sessions of a task": [QUERY],
    "task.sessions": [GET, QUERY],
    "sessions of a user": [QUERY],
    "sessions with a label": [QUERY],
    "sessions of a period, oldest first": [QUERY],
    "sessionAgents": [QUERY, GET],
    "session.sessionAgents": [GET, QUERY],
    "sessionAgent.successors": [GET],
    "openSessionAgents": [QUERY],
    "sessionRuns": [QUERY],
    "session.sessionRuns": [GET, QUERY],
    "threadRuns": [QUERY, BATCH],
    "sessionAgent.sessionRuns": [GET, QUERY],
}


@pytest.mark.parametrize(("name", "listed"), LISTS.items(), ids=LISTS)
def test_a_list_is_one_call_and_its_total_one_more(
    still_world: World, name: str, listed: Listed
) -> None:
    document = listed.document(still_world)
    calls = OF_LISTS[name]

    assert calls_of(document) == calls
    assert calls_of(document, {"first": 1}) == calls
    without = document.replace("totalCount", "")
    rest = calls if name == "threadRuns" else [one for one in calls if one != BATCH]
    assert calls_of(without) == (rest if listed.inside else rest[: 1 + (name == "threadRuns")])


def test_a_page_that_is_refused_is_none(still_world: World) -> None:
    for listed in LISTS.values():
        parent = [GET] if listed.inside else []
        document = listed.document(still_world)

        assert calls_of(document, {"first": 0}, "BAD_USER_INPUT") == parent
        assert calls_of(document, {"after": "x"}, "BAD_USER_INPUT") == parent


def test_a_page_is_one_call_however_much_is_behind_it(world: World) -> None:
    listed = LISTS["sessionRuns"]
    for _ in range(4):
        listed.new(world)
    document = listed.document(world)

    for first in (1, 2, 4, 5, 6, 100):
        assert calls_of(document, {"first": first}) == [QUERY]


KINDS = {entity.create: kind for kind, entity in ENTITIES.items()}
CREATES = {name: [GET, WRITE] if name == "createTask" else [WRITE] for name in KINDS}
every_create = pytest.mark.parametrize("name", CREATES)


@every_create
def test_a_create_is_one_write_and_a_task_s_also_reads_its_coordination(
    world: World, name: str
) -> None:
    given = ENTITIES[KINDS[name]].maximum(world)

    assert calls_of_input(name, given) == CREATES[name]


@every_create
def test_a_repeated_create_is_one_refused_write_and_one_read(world: World, name: str) -> None:
    calls = CREATES[name]
    given = {**ENTITIES[KINDS[name]].maximum(world), "idempotencyKey": "once"}
    fewer = {**ENTITIES[KINDS[name]].minimum(world), "idempotencyKey": "once"}

    assert calls_of_input(name, given) == calls
    assert calls_of_input(name, given) == [*calls, GET]
    assert calls_of_input(name, fewer, "CONFLICT") == calls


@pytest.mark.parametrize("name", [name for name in CREATES if name != "createCoordination"])
def test_a_create_under_a_parent_that_is_gone_is_one_call(world: World, name: str) -> None:
    entity = ENTITIES[KINDS[name]]
    parent = (*entity.parents, *entity.optional_parents)[-1]
    given = {**entity.maximum(world), ARGUMENTS[parent]: NOBODY}

    # A coordination or a task that has nothing beside it may be one of version 0.1.0.
    looks = [GET] if name == "createSession" else []
    assert calls_of_input(name, given, "NOT_FOUND") == CREATES[name][:1] + looks


def test_an_agent_with_predecessors_is_one_write(world: World) -> None:
    key = world.key("coordination", "session")
    given = {**key, "agentUuid": "rag", "predecessors": [world.agent]}

    assert calls_of_input("createSessionAgent", given) == [WRITE]


UPDATES: list[Any] = [
    pytest.param("coordination", {"coordinationName": "B"}, [UPDATE], id="coordination"),
    pytest.param("coordination", {"agents": AGENTS}, [UPDATE], id="members"),
    pytest.param("task", {"taskName": "B"}, [UPDATE], id="task"),
    pytest.param("task", {"agentActions": []}, [BATCH, UPDATE], id="graph of a task"),
    pytest.param("session", {"taskQuery": "B"}, [UPDATE], id="session"),
    pytest.param("agent", {"agentInput": "B"}, [UPDATE], id="agent"),
]


@pytest.mark.parametrize(("kind", "changes", "calls"), UPDATES)
def test_an_update_is_one_write_and_of_a_graph_one_read_before_it(
    world: World, kind: str, changes: Given, calls: list[str]
) -> None:
    name, given = f"update{TYPES[kind]}", {**world.key_of(kind), **changes}
    nobody = {**given, ARGUMENTS[kind]: NOBODY}

    assert calls_of_input(name, given) == calls
    assert calls_of_input(name, {**given, "expectedVersion": 2}) == calls
    assert calls_of_input(name, {**given, "expectedVersion": 2}, "CONFLICT") == calls
    assert calls_of_input(name, nobody, "NOT_FOUND") == calls[:1]


DELETES = {
    "run": [GET, WRITE],
    "agent": [GET, WRITE],
    "session": [WRITE],
    "schedule": [GET, WRITE],
    "task": [WRITE],
    "coordination": [WRITE],
}


def test_a_delete_is_one_write_and_a_read_where_the_parent_is_not_named(world: World) -> None:
    for kind in ("session", "task", "coordination"):
        assert (
            calls_of_input(f"delete{TYPES[kind]}", world.key_of(kind), "HAS_CHILDREN")
            == (DELETES[kind])
        )
    for kind, calls in DELETES.items():
        name, key = f"delete{TYPES[kind]}", world.key_of(kind)

        assert calls_of_input(name, key) == calls
        assert calls_of_input(name, key, "NOT_FOUND") == calls[:1]


def test_what_fires_a_schedule_is_made_of_all_of_it_so_an_update_reads_it_first(
    world: World,
) -> None:
    given = {**world.key_of("schedule"), "status": "PAUSED"}
    nobody = {**given, "scheduleUuid": NOBODY}

    assert calls_of_input("updateTaskSchedule", given) == [GET, UPDATE]
    assert calls_of_input("updateTaskSchedule", {**given, "expectedVersion": 2}) == [GET, UPDATE]
    assert calls_of_input("updateTaskSchedule", {**given, "expectedVersion": 2}, "CONFLICT") == [
        GET
    ]
    assert calls_of_input("updateTaskSchedule", nobody, "NOT_FOUND") == [GET]
    assert calls_of_input("updateTaskSchedule", world.key_of("schedule")) == [UPDATE]


def test_every_entity_is_here() -> None:
    assert set(DELETES) == set(KEYS)
    assert set(OF_LISTS) == set(LISTS)
