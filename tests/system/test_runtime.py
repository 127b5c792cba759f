"""The package as Lambda runs it: starts, answers, time-outs and crashes (`make runtime`)."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pytest

from ai_coordination.local.tables import create_tables
from tests.system.emulator import PACKAGE, ROOT, running

pytestmark = pytest.mark.runtime

HANDLER = "ai_coordination.handler.handler"
WORKER = "ai_coordination.worker.handler"
CONTEXT = {"endpointId": "acme", "partId": "travel", "userId": "u-17"}
STARTS = 7
WARM = 200
SESSION = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { status } }"
EVENTS = sorted(file.name for file in (ROOT / "events").glob("*.json"))


@pytest.fixture
def environment(dynamodb_local: str) -> dict[str, str]:
    """The engine's variables, on DynamoDB Local with its tables made."""
    create_tables()
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local,
        "AI_COORDINATION_ENDPOINT_ID": "acme",
        "AI_COORDINATION_PART_ID": "travel",
    }


@pytest.fixture
def deaf() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def direct(query: str, **variables: Any) -> dict[str, Any]:
    return {"query": query, "variables": variables, "context": CONTEXT}


def a_session() -> dict[str, Any]:
    nobody = "01900000-0000-7000-8000-000000000000"
    return direct(SESSION, c=nobody, s=nobody)


def test_the_first_answer_comes_soon_after_the_start_and_the_next_at_once(
    environment: dict[str, str], write_line: Callable[[str], None]
) -> None:
    first, warm, memory = [], [], []
    for _ in range(STARTS):
        with running(HANDLER, environment) as function:
            answer, milliseconds = function.invoke(a_session())
            assert answer == {"data": {"session": None}}
            first.append(milliseconds)
            warm += [function.invoke(a_session())[1] for _ in range(WARM // STARTS)]
            memory.append(function.memory_mb())

    size = sum(file.stat().st_size for file in PACKAGE.rglob("*") if file.is_file())
    write_line(
        f"package {size / 1e6:.1f} MB unzipped; "
        f"first answer {median(first):.0f} ms after the start of the process "
        f"({min(first):.0f} to {max(first):.0f}), with a read of DynamoDB; "
        f"warm {median(warm):.1f} ms; memory {median(memory):.0f} MB"
    )


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_answered(name: str, environment: dict[str, str]) -> None:
    event = json.loads((ROOT / "events" / name).read_text())

    with running(HANDLER, environment) as function:
        answer, _ = function.invoke(event)

    if name == "unknown-sqs.json":
        assert answer["errorType"] == "UnknownEvent"
    elif name == "unknown.json":
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    elif name.startswith("direct"):
        assert "errors" not in answer
    else:
        assert answer["statusCode"] in (200, 204)
        assert "errors" not in json.loads(answer["body"] or "{}")


def test_what_takes_too_long_is_ended_and_the_next_is_answered(
    environment: dict[str, str], deaf: str
) -> None:
    slow = {**environment, "AWS_ENDPOINT_URL_DYNAMODB": deaf}

    with running(HANDLER, slow, timeout_seconds=3) as function:
        answer, _ = function.invoke(a_session())
        after, _ = function.invoke(direct("{ __typename }"))

    assert answer.endswith("Task timed out after 3.00 seconds")
    assert after == {"data": {"__typename": "Query"}}


def test_a_process_that_dies_is_started_anew(environment: dict[str, str]) -> None:
    with running(HANDLER, environment) as function:
        function.invoke(direct("{ __typename }"))
        os.kill(function.runtime_process(), signal.SIGKILL)
        answers = [function.invoke(direct("{ __typename }"))[0] for _ in range(2)]

    assert answers[0]["errorType"] == "Runtime.ExitError"
    assert answers[1] == {"data": {"__typename": "Query"}}


def test_the_worker_answers_a_sweep_and_a_batch(environment: dict[str, str]) -> None:
    queue = {**environment, "AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:1/queue"}
    poison = {"messageId": "m-1", "body": "no JSON", "eventSource": "aws:sqs"}

    with running(WORKER, queue, timeout_seconds=60) as function:
        swept, _ = function.invoke({"source": "aws.events", "detail-type": "Scheduled Event"})
        worked, _ = function.invoke({"Records": [poison]})

    assert swept == {"found": 0}
    assert worked == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
