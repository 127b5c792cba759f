"""Reads that DynamoDB throttles, answers in part, or does not answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from ai_coordination.models import base, reads
from tests.dynamodb_local.network_faults import (
    READS,
    Fault,
    always,
    answered,
    faults,
    in_turn,
    refused,
    reply_breaks_off,
    reply_is_an_error,
    reply_times_out,
    request_is_lost,
)
from tests.dynamodb_local.tenant_data import new_tenant
from tests.support.contexts import serving
from tests.support.graph_api import ask, new_coordination, new_session
from tests.support.operations import Operation, operations, variables
from tests.support.world import ARGUMENTS, World, new_world

ATTEMPTS = 3
BUSY = refused("ProvisionedThroughputExceededException")
UNPROCESSED = answered(lambda asked: {"Responses": {}, "UnprocessedKeys": asked["RequestItems"]})
SILENCES = [reply_times_out, reply_breaks_off, reply_is_an_error, request_is_lost]
# `node` reads as the query of the kind does. `agentRuntimes` and `viewer` read nothing.
LEFT_OUT = {"node", "agentRuntimes", "viewer"}
QUERIES = [one for one in operations().values() if one.kind == "query" and one.name not in LEFT_OUT]
TENANTS_SESSIONS = "{ sessions { nodes { coordination { coordinationName } } } }"


class Impatient(InvocationContext):
    def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Nobody waits."""
    with serving(Impatient()):
        yield


@pytest.fixture(scope="module")
def caller() -> Caller:
    return new_tenant()


@pytest.fixture(scope="module")
def world(engine: None, caller: Caller) -> World:
    return new_world(caller)


def _given(operation: Operation, world: World) -> dict[str, Any]:
    kinds = {argument: kind for kind, argument in ARGUMENTS.items()} | {"parentUuid": "agent"}
    uuids = {place: getattr(world, kinds[place[-1]]) for place in operation.uuids()}
    required = {place: uuids[place] for place in uuids.keys() & operation.required}
    return variables({**operation.plain(), **required})


@pytest.mark.parametrize("operation", QUERIES, ids=lambda one: one.name)
def test_a_read_that_is_refused_for_load_is_throttled(
    operation: Operation, caller: Caller, world: World
) -> None:
    with faults(always(BUSY, READS)) as sent:
        result = ask(operation.document(2), _given(operation, world), caller)

    assert len(sent) == ATTEMPTS
    assert [error["extensions"] for error in result["errors"]] == [
        {"code": "THROTTLED", "retryAfterSeconds": 1.0, "requestId": caller.request_id}
    ]


@pytest.mark.parametrize("fault", SILENCES)
@pytest.mark.parametrize("operation", QUERIES, ids=lambda one: one.name)
def test_a_read_without_an_answer_is_throttled(
    operation: Operation, fault: Fault, caller: Caller, world: World
) -> None:
    with faults(always(fault, READS)) as sent:
        result = ask(operation.document(2), _given(operation, world), caller)

    assert len(sent) == ATTEMPTS
    (error,) = result["errors"]
    assert error["message"] == base.NO_ANSWER
    assert error["extensions"] == {
        "code": "THROTTLED",
        "retryAfterSeconds": 1.0,
        "requestId": caller.request_id,
    }


@pytest.mark.parametrize("operation", QUERIES, ids=lambda one: one.name)
def test_load_that_passes_within_the_attempts_of_the_sdk_is_not_seen(
    operation: Operation, caller: Caller, world: World
) -> None:
    document, given = operation.document(2), _given(operation, world)
    expected = ask(document, given, caller)

    with faults(in_turn(BUSY, BUSY, operations=READS)):
        result = ask(document, given, caller)

    assert result == expected
    assert "errors" not in result


def test_a_nested_read_that_is_refused_is_throttled_at_its_place(
    caller: Caller, world: World
) -> None:
    with faults(always(BUSY, frozenset({"BatchGetItem"}))):
        result = ask(TENANTS_SESSIONS, caller=caller)

    told = [(error["path"], error["extensions"]["code"]) for error in result["errors"]]
    assert told == [(["sessions", "nodes", 0, "coordination"], "THROTTLED")]


def test_keys_that_were_left_over_are_asked_for_again() -> None:
    caller = new_tenant()
    for number in range(3):
        new_session(new_coordination(caller, coordinationName=f"Offers {number}"), caller)
    expected = ask(TENANTS_SESSIONS, caller=caller)

    with faults(in_turn(*[UNPROCESSED] * 3, operations=frozenset({"BatchGetItem"}))) as sent:
        result = ask(TENANTS_SESSIONS, caller=caller)

    assert result == expected
    assert sent == ["Query", *["BatchGetItem"] * 4]


def test_keys_that_are_left_over_again_and_again_are_throttled(
    caller: Caller, world: World
) -> None:
    with faults(always(UNPROCESSED, frozenset({"BatchGetItem"}))) as sent:
        result = ask(TENANTS_SESSIONS, caller=caller)

    assert [error["extensions"]["code"] for error in result["errors"]] == ["THROTTLED"]
    assert len(sent) == 1 + reads.MOST_FRUITLESS_BATCHES
