"""Outputs of 2 MB in real events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.handler import handler
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    external,
    report,
    session,
    start,
    work_off,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.entrypoints.test_worker import queue
from tests.support.bucket import keys_in_bucket, texts_bucket
from tests.support.graph_api import CALLER, Place, mutation
from tests.support.stored import everything_stored

__all__ = ["queue"]

TWO_MB = 2 * 1024 * 1024
# Of characters that UTF-8 writes in one byte, two, three and four, and that JSON escapes.
FULL = {
    "ascii": "x" * TWO_MB,
    "two bytes": "ä" * (TWO_MB // 2),
    "three bytes": "€" * (TWO_MB // 3) + "xx",
    "four bytes": "😀" * (TWO_MB // 4),
    "escaped": '"' * TWO_MB,
}
SELECTION = "sessionAgent { state }"
DOCUMENT = mutation("completeSessionAgent", "CompleteSessionAgentInput", SELECTION)


@pytest.fixture(autouse=True)
def bucket(queue: str) -> Iterator[None]:
    with texts_bucket():
        yield


@pytest.fixture
def place() -> Place:
    """A session whose first agent is worked on elsewhere."""
    place = start(blueprint([external("out"), echo("end")], [after("out"), after("end", "out")]))
    work_off()
    return place


def direct(place: Place, output: str) -> dict[str, Any]:
    """What Lambda gives, after it has read an event from JSON."""
    event = {
        "query": DOCUMENT,
        "variables": {"input": {**report(place, "out"), "agentOutput": output}},
        "context": {"endpointId": CALLER.endpoint_id, "partId": CALLER.part_id},
    }
    written = json.dumps(event, ensure_ascii=False)
    assert len(written.encode()) < 6 * 1024 * 1024
    return handler(json.loads(written), Context())


def over_http(place: Place, output: str) -> tuple[int, dict[str, Any]]:
    variables = {"input": {**report(place, "out"), "agentOutput": output}}
    claims = {"endpoint_id": CALLER.endpoint_id, "part_id": CALLER.part_id}
    event = {
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST"},
            "authorizer": {"jwt": {"claims": claims}},
        },
        "body": json.dumps({"query": DOCUMENT, "variables": variables}, ensure_ascii=False),
    }
    answer = handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("output", FULL.values(), ids=FULL)
def test_an_output_of_two_megabytes_is_taken_and_told_to_the_next(
    place: Place, output: str
) -> None:
    answer = direct(place, output)

    assert answer["data"]["completeSessionAgent"]["sessionAgent"] == {"state": "COMPLETED"}
    work_off()
    assert session(place)["status"] == "COMPLETED"
    assert agents(place)["out"]["agentOutput"] == output


def test_two_megabytes_come_over_http_too(place: Place) -> None:
    status, answer = over_http(place, FULL["ascii"])

    assert status == 200
    assert answer["data"]["completeSessionAgent"]["sessionAgent"]["state"] == "COMPLETED"


@pytest.mark.parametrize("output", [f"{text}x" for text in FULL.values()], ids=FULL)
def test_one_byte_more_is_too_large_and_nothing_is_written(place: Place, output: str) -> None:
    before = everything_stored()

    (error,) = direct(place, output)["errors"]

    assert error["extensions"] == {
        "code": "PAYLOAD_TOO_LARGE",
        "inputPath": ["input", "agentOutput"],
        "requestId": "request-1",
    }
    assert everything_stored() == before
    assert keys_in_bucket() == []


def test_one_byte_more_is_too_large_over_http_too(place: Place) -> None:
    status, answer = over_http(place, FULL["ascii"] + "x")

    assert (status, answer["errors"][0]["extensions"]["code"]) == (200, "PAYLOAD_TOO_LARGE")
    assert agents(place)["out"]["state"] == "IN_PROGRESS"
