"""Items that are too large: callers may put 300 KB into one."""

from typing import Any

import pytest

from ai_coordination.caller import Caller
from tests.dynamodb_local.tenant_data import everything_of, new_tenant
from tests.support.graph_api import (
    change,
    create,
    new_coordination,
    refusal,
)

KILOBYTE = 1024
TOO_LARGE = "x" * (301 * KILOBYTE)
LARGE = "x" * (200 * KILOBYTE)


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


def too_large(field: str) -> dict[str, Any]:
    """The refusal of an item that is too large, at its largest field."""
    return {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", field]}


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
    smaller = change(
        "updateCoordination", {**given, "agents": []}, "coordination { version }", caller
    )

    [left] = everything_of(caller)["coordinations"]
    assert grown["coordination"] == {"version": 2, "coordinationDescription": LARGE}
    assert refused == too_large("coordinationDescription")
    assert smaller["coordination"] == {"version": 3}
    assert (left["version"], left["agents"]["L"]) == ({"N": "3"}, [])


def test_a_key_that_was_refused_for_size_is_free(caller: Caller) -> None:
    given = {"coordinationName": "Offers", "idempotencyKey": "once"}

    refused = refusal("createCoordination", {**given, "coordinationDescription": TOO_LARGE}, caller)
    create("createCoordination", given, caller=caller)

    left = everything_of(caller, keys=["once"])
    assert refused == too_large("coordinationDescription")
    assert (len(left["coordinations"]), len(left["keys"])) == (1, 1)


def test_texts_that_no_item_holds_together_are_too_large(caller: Caller) -> None:
    given = {"coordinationUuid": new_coordination(caller)}
    queries = [{"agentUuid": "rag", "subtaskQuery": "x" * (2 * KILOBYTE**2)}] * 3
    before = everything_of(caller)

    refused = refusal("createSession", {**given, "subtaskQueries": queries}, caller)

    assert refused == too_large("subtaskQueries")
    assert everything_of(caller) == before
