"""Faults of the engine are logged, and not shown to callers."""

import logging
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ai_coordination import models, services
from ai_coordination.models import reads
from tests.support.graph_api import NOBODY, ask, mutation
from tests.support.stored import everything_stored, put_state
from tests.support.world import TYPES, World

ONE = "query ($c: ID!) { coordination(coordinationUuid: $c) { coordinationName } }"
CREATE = mutation("createCoordination", "CreateCoordinationInput", "coordination { id }")
SECRET = "password=hunter2 in row 7"
INTERNAL = {"code": "INTERNAL", "requestId": "request-1"}
FAULTS = [
    ValueError(SECRET),
    KeyError(SECRET),
    TypeError(SECRET),
    AssertionError(SECRET),
    RecursionError(SECRET),
    TimeoutError(SECRET),
    EndpointConnectionError(endpoint_url=SECRET),
]
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)


def fail_with(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, fault: Exception) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise fault

    monkeypatch.setattr(place, name, fail)


def test_a_fault_is_masked_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail_with(monkeypatch, services.coordination, "get", RuntimeError(SECRET))

    with caplog.at_level(logging.ERROR):
        answer = ask(ONE, {"c": NOBODY})

    error = {
        "message": "Internal error",
        "locations": [{"line": 1, "column": 19}],
        "path": ["coordination"],
        "extensions": INTERNAL,
    }
    assert answer == {"data": {"coordination": None}, "errors": [error]}
    (record,) = caplog.records
    assert record.exc_info
    assert str(record.exc_info[1]) == SECRET


@every_fault
def test_no_fault_of_a_query_is_shown(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    fail_with(monkeypatch, reads, "get", fault)

    (error,) = ask(ONE, {"c": NOBODY})["errors"]

    assert (error["message"], error["extensions"]) == ("Internal error", INTERNAL)


@every_fault
def test_no_fault_of_a_nested_field_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    fail_with(monkeypatch, reads, "batch_get", fault)

    answer = ask("{ sessions { nodes { sessionUuid task { id } } } }")

    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]) == ("Internal error", INTERNAL)
    assert error["path"] == ["sessions", "nodes", 0, "task"]
    row = {"sessionUuid": world.session, "task": None}
    assert answer["data"] == {"sessions": {"nodes": [row]}}


@every_fault
def test_no_fault_of_a_mutation_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    before = everything_stored()
    fail_with(monkeypatch, services.idempotent_create, "commit", fault)

    answer = ask(CREATE, {"input": {"coordinationName": "A"}})

    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]) == ("Internal error", INTERNAL)
    assert answer["data"] == {"createCoordination": None}
    assert everything_stored() == before


@pytest.mark.parametrize(
    ("table", "query"),
    [
        (models.Coordination, "{ coordinations { nodes { id } } }"),
        (models.Session, "{ sessions { nodes { id } } }"),
        (models.TaskSchedule, "{ taskSchedules { nodes { id } } }"),
        (models.SessionRun, '{ threadRuns(threadUuid: "a") { nodes { id } } }'),
        (models.SessionAgent, "{ openSessionAgents(state: IN_PROGRESS) { nodes { id } } }"),
        (
            models.Idempotency,
            """mutation { createCoordination(input: {coordinationName: "A", idempotencyKey: "k"}) {
                coordination { id }
            } }""",
        ),
    ],
)
@pytest.mark.usefixtures("tables")
def test_a_table_that_is_missing_is_a_fault(table: type[models.Table], query: str) -> None:
    table.delete_table()

    (error,) = ask(query)["errors"]

    assert (error["message"], error["extensions"]) == ("Internal error", INTERNAL)


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("session", "status"), ("schedule", "status"), ("agent", "state"), ("run", "outcome")],
)
def test_what_is_stored_but_not_of_the_schema_is_a_fault(
    world: World, kind: str, attribute: str
) -> None:
    global_id = world.read(kind, "id")["id"]
    kind_of = {one.__name__: one for one in models.TABLES if issubclass(one, models.Entity)}
    key = list(world.key_of(kind).values())
    put_state(kind_of[TYPES[kind]], *key, **{attribute: SECRET})

    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {TYPES[kind]} {{ {attribute} }} }} }}"
    (error,) = ask(query, {"id": global_id})["errors"]

    assert (error["message"], error["extensions"]) == ("Internal error", INTERNAL)
