"""Calls that wait at the same time hold no more memory than the process has."""

import json
import math
from typing import Any

import pytest

from ai_coordination import worker
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.runtimes import memory
from ai_coordination.runtimes.base import RunFailed
from ai_coordination.runtimes.memory import FULL, Memory
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    function,
    http_agent,
    model,
    outcomes,
    start,
    work_off,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.chat_server import ChatServer, saying
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning

pytestmark = pytest.mark.usefixtures("worked_queue")

TEXT = "x" * 3_000


def limit(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(memory, "calls", Memory(size))


def begun(member: dict[str, Any], query: str = TEXT) -> tuple[Place, str]:
    """A session of one agent, and its message, which is taken out of the queue."""
    place = start(blueprint([member], [after(member["agentUuid"])]), taskQuery=query)
    url = settings().required_queue_url()
    (message,) = clients("sqs").receive_message(QueueUrl=url)["Messages"]
    clients("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return place, message["Body"]


def handle(body: str) -> None:
    record = {"messageId": "m", "body": body, "eventSource": "aws:sqs"}
    answer = worker.handler({"Records": [record]}, Context(remaining_ms=900_000))
    assert answer == {"batchItemFailures": []}


def test_a_call_that_does_not_fit_beside_a_waiting_one_is_made_later_and_is_no_attempt(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, message), (second, refused) = (
        begun(function("f", **WAITS)),
        begun(function("f", **WAITS)),
    )
    held = len(functions.invocations)
    limit(monkeypatch, 12_000)
    seen: list[str] = []

    def answer(event: Any) -> Reply:
        if not seen:
            seen.append(json.dumps(event))
            handle(refused)
        return returning("Done")

    functions.deploy(FUNCTION, answer)
    handle(message)

    assert (held, len(functions.invocations)) == (0, 1)
    # Its input, and the payload that is sent, which has it twice.
    assert 9_000 < 3_000 + len(seen[0]) < 12_000
    assert agents(first)["f"]["agentOutput"] == "Done"
    waiting = agents(second)["f"]
    assert (waiting["state"], waiting["attempt"]) == ("INITIAL", 0)
    assert outcomes(second) == [("f", 1, "FAILED")]
    assert waiting["currentRun"]["notes"] == f"Throttled: {FULL}"
    # What the first call held is free again.
    third, message = begun(function("f", **WAITS))
    handle(message)
    assert agents(third)["f"]["state"] == "COMPLETED"


def test_files_count_before_they_are_read(
    models_server: ChatServer, place_of_files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has 3,750,001 bytes, which is too large for the model; that is found first."""
    monkeypatch.setattr("ai_coordination.runtimes.input_files.LARGEST_IMAGE_BYTES", 4_000_000)
    limit(monkeypatch, 3_000_000)
    models_server.behaviour = lambda request: saying("Done")
    uri = {"name": "large.png", "uri": f"{place_of_files}/large.png"}
    member = model(models_server.url, "m")
    alone = start(blueprint([member], [after("m")]), taskQuery="Which?", inputFiles=[uri])
    work_off()
    beside = start(blueprint([member], [after("m")]), taskQuery="Which?", inputFiles=[uri])
    memory.calls.take(1)
    work_off()

    assert agents(alone)["m"]["state"] == "COMPLETED"
    refused = agents(beside)["m"]
    assert (refused["state"], refused["attempt"]) == ("INITIAL", 0)
    assert refused["currentRun"]["notes"] == f"Throttled: {FULL}"
    assert len(models_server.requests) == 1


def test_the_payload_for_a_server_counts_before_it_is_sent(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 500)
    memory.calls.take(1)

    place = start(blueprint([http_agent(agent_server.url)]), taskQuery="Which?")
    work_off()

    refused = agents(place)["a"]
    assert (refused["state"], refused["attempt"]) == ("INITIAL", 0)
    assert refused["currentRun"]["notes"] == f"Throttled: {FULL}"
    assert agent_server.requests == []


def test_what_a_failed_call_took_is_given_back() -> None:
    some = Memory(10)

    def fail() -> None:
        with some.held():
            some.take(10)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with some.held():
        some.take(1)
        with some.held():
            some.take(9)
            with pytest.raises(RunFailed) as failed:
                some.take(1)
    assert (failed.value.throttled, failed.value.notes) == (True, FULL)


@pytest.mark.parametrize(("megabytes", "bytes_"), [(None, math.inf), ("512", 512 * 2**20 / 6)])
def test_half_of_a_functions_memory_is_for_three_copies_of_what_calls_hold(
    megabytes: str | None, bytes_: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if megabytes:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes)

    assert memory._limit() == bytes_
