"""What is larger than DynamoDB holds: 400 KB in an item, 4 MB in a transaction."""

from typing import Any

import pytest

from ai_coordination.caller import Caller
from tests.graph_api import (
    change,
    create,
    new_agent,
    new_coordination,
    new_session,
    refusal,
)
from tests.mutations import perform, prepared
from tests.truth.outcomes import left_of
from tests.truth.tenants import everything_of, new_tenant

KILOBYTE = 1024
TOO_LARGE = "x" * (401 * KILOBYTE)
LARGE = "x" * (300 * KILOBYTE)
TEXTS = {
    "createCoordination": "coordinationDescription",
    "updateCoordination": "coordinationDescription",
    "createTask": "initialTaskQuery",
    "updateTask": "taskDescription",
    "createSession": "taskQuery",
    "updateSession": "taskQuery",
    "createSessionAgent": "agentInput",
    "updateSessionAgent": "userInput",
    "recordSessionRun": "notes",
}


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


@pytest.mark.parametrize("name", TEXTS)
def test_an_item_that_would_be_too_large_is_refused_and_nothing_is_written(
    name: str, caller: Caller
) -> None:
    given = prepared(name, caller)
    before = left_of(caller, given)

    refused = refusal(name, {**given, TEXTS[name]: TOO_LARGE}, caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE"}
    assert left_of(caller, given) == before


def test_an_item_grows_until_it_is_full(caller: Caller) -> None:
    given: dict[str, Any] = {"coordinationUuid": new_coordination(caller)}
    selection = "coordination { version coordinationDescription }"

    grown = change(
        "updateCoordination", {**given, "coordinationDescription": LARGE}, selection, caller
    )
    agents = [
        {
            "agentName": "Rag",
            "agentDescription": LARGE[: 120 * KILOBYTE],
            "runtime": {"kind": "ECHO"},
        }
    ]
    refused = refusal("updateCoordination", {**given, "agents": agents}, caller)

    [left] = everything_of(caller)["coordinations"]
    assert grown["coordination"] == {"version": 2, "coordinationDescription": LARGE}
    assert refused == {"code": "PAYLOAD_TOO_LARGE"}
    assert (left["version"], len(left["agents"]["L"])) == ({"N": "2"}, 2)


def test_a_key_that_was_refused_for_size_is_free(caller: Caller) -> None:
    given = {"coordinationName": "Offers", "idempotencyKey": "once"}

    refused = refusal("createCoordination", {**given, "coordinationDescription": TOO_LARGE}, caller)
    create("createCoordination", given, caller=caller)

    left = everything_of(caller, keys=["once"])
    assert refused == {"code": "PAYLOAD_TOO_LARGE"}
    assert (len(left["coordinations"]), len(left["keys"])) == (1, 1)


def test_a_transaction_over_4_mb_is_too_large(caller: Caller) -> None:
    given = {"coordinationUuid": new_coordination(caller)}
    queries = [{"agentUuid": "rag", "subtaskQuery": "x" * (2 * KILOBYTE**2)}] * 3
    before = everything_of(caller)

    refused = refusal("createSession", {**given, "subtaskQueries": queries}, caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE"}
    assert everything_of(caller) == before


def test_an_agent_that_is_full_gets_no_successor(caller: Caller) -> None:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    full = _fullest_agent(caller, coordination, session)
    given = {"coordinationUuid": coordination, "sessionUuid": session, "agentUuid": "zh"}
    before = everything_of(caller)

    refused = refusal("createSessionAgent", {**given, "predecessors": [full]}, caller)

    assert refused == {"code": "PAYLOAD_TOO_LARGE"}
    assert everything_of(caller) == before


def _fullest_agent(caller: Caller, coordination: str, session: str) -> str:
    """An agent to which not a byte can be added."""
    agent = new_agent(coordination, session, caller)
    key = {"sessionUuid": session, "sessionAgentUuid": agent}
    fits, too_much = 300 * KILOBYTE, 400 * KILOBYTE
    while too_much - fits > 1:
        size = (fits + too_much) // 2
        if "errors" in perform("updateSessionAgent", {**key, "agentInput": "x" * size}, caller):
            too_much = size
        else:
            fits = size
    return agent
