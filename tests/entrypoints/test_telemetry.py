"""Logs and metrics of a request: one line, and none of its content."""

import io
import json
import sys
from threading import Thread
from typing import Any

import pytest

from ai_coordination import handler as entry
from ai_coordination import telemetry
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.caller import Caller
from tests.entrypoints.lambda_stand_ins import Context, Engine, Lines

TENANT = {"endpointId": "acme", "partId": "travel"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """What the handler executes with; no request is the process's first."""
    stand_in = Engine()
    monkeypatch.setattr(entry, "execute", stand_in)
    monkeypatch.setattr(telemetry, "_first", iter(()))
    return stand_in


def direct(**changes: Any) -> dict[str, Any]:
    return {"query": "{secret}", "context": TENANT} | changes


def http(query: str = "{secret}", **claims: str) -> dict[str, Any]:
    return {
        "headers": {"content-type": "application/json", "x-correlation-id": "trip-7"},
        "body": json.dumps({"query": query, "variables": {"secret": "secret"}}),
        "requestContext": {
            "http": {"method": "POST"},
            "authorizer": {"jwt": {"claims": {"endpoint_id": "acme", "part_id": "travel"}}},
        },
    }


def test_a_request_is_one_line(engine: Engine, logged: Lines) -> None:
    engine.result = {
        "data": {"secret": "secret"},
        "errors": [
            {"message": "secret", "extensions": {"code": code}}
            for code in ("NOT_FOUND", "CONFLICT", "NOT_FOUND")
        ],
    }

    entry.handler(http(), Context())

    (line,) = logged()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp")
    assert line.pop("location")
    assert line == {
        "level": "INFO",
        "message": "request",
        "service": "ai-coordination",
        "request_id": "request-1",
        "correlation_id": "trip-7",
        "tenant": "acme#travel",
        "transport": "http-api",
        "status": 200,
        "errors": {"NOT_FOUND": 2, "CONFLICT": 1},
        "cold_start": False,
    }


def test_a_direct_invocation_is_one_line_with_its_user(engine: Engine, logged: Lines) -> None:
    event = direct(
        operationName="Trip", context={**TENANT, "userId": "ada", "correlationId": "trip-8"}
    )

    entry.handler(event, Context())

    (line,) = logged()
    assert line["operation_name"] == "Trip"
    assert (line["tenant"], line["user"]) == ("acme#travel", "ada")
    assert (line["transport"], line["correlation_id"]) == ("direct", "trip-8")
    assert "status" not in line


def test_who_has_parsed_the_document_may_name_the_operation(
    engine: Engine, logged: Lines, measured: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(request: GraphQLRequest, caller: Caller) -> dict[str, Any]:
        telemetry.name_operation("mutation", "Book")
        return {"data": {}}

    monkeypatch.setattr(entry, "execute", execute)

    entry.handler(direct(), Context())

    (line,) = logged()
    assert (line["operation_type"], line["operation_name"]) == ("mutation", "Book")
    (metrics,) = measured()
    assert metrics["operation"] == "mutation"


def test_nothing_is_named_outside_a_request() -> None:
    telemetry.name_operation("mutation", "Book")


@pytest.mark.parametrize("name", ["my secret", "a" * 101, "1a", "ä", "a-b", "a\n"])
def test_a_text_is_not_logged_as_an_operation_s_name(
    name: str, engine: Engine, logged: Lines
) -> None:
    entry.handler(direct(operationName=name), Context())

    assert "operation_name" not in logged()[0]


def test_metrics_count_requests_and_errors_by_few_dimensions(
    engine: Engine, measured: Lines
) -> None:
    engine.result = {
        "errors": [
            {"message": "", "extensions": {"code": code}}
            for code in ("THROTTLED", "INTERNAL", "THROTTLED")
        ]
    }

    entry.handler(direct(operationName="Trip"), Context())

    requests, throttled, internal = measured()
    assert requests.pop("Duration")[0] >= 0
    assert requests == {"operation": "none", "service": "ai-coordination", "Requests": [1.0]}
    assert throttled == {"code": "THROTTLED", "service": "ai-coordination", "Errors": [2.0]}
    assert internal == {"code": "INTERNAL", "service": "ai-coordination", "Errors": [1.0]}


def test_the_process_s_first_request_is_its_cold_start(
    engine: Engine, measured: Lines, logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_first", iter((True,)))

    entry.handler(direct(), Context())
    entry.handler(direct(), Context())

    first, second = measured()
    assert first["ColdStart"] == [1.0]
    assert "ColdStart" not in second
    assert [line["cold_start"] for line in logged()] == [True, False]


def test_what_goes_wrong_inside_is_logged_whole(engine: Engine, logged: Lines) -> None:
    engine.result = KeyError("the reason")

    entry.handler(http(), Context())

    failure, request = logged()
    assert failure["level"] == "ERROR"
    assert "KeyError: 'the reason'" in failure["exception"]
    assert (failure["correlation_id"], failure["tenant"]) == ("trip-7", "acme#travel")
    assert (request["status"], request["errors"]) == (500, {"INTERNAL": 1})


def test_a_request_without_a_tenant_has_none_of_the_one_before(
    engine: Engine, logged: Lines
) -> None:
    entry.handler(http(), Context())
    entry.handler(direct(context={}), Context("request-2"))

    first, second = logged()
    assert first["tenant"] == "acme#travel"
    assert "tenant" not in second
    assert (second["request_id"], second["correlation_id"]) == ("request-2", "request-2")


def test_threads_do_not_mix_up_their_requests(
    logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(request: GraphQLRequest, caller: Caller) -> dict[str, Any]:
        if caller.endpoint_id == "outer":
            inner = direct(context={"endpointId": "inner", "partId": "travel"})
            thread = Thread(target=entry.handler, args=(inner, Context("request-2")))
            thread.start()
            thread.join()
        return {"data": {}}

    monkeypatch.setattr(entry, "execute", execute)

    entry.handler(direct(context={"endpointId": "outer", "partId": "travel"}), Context())

    inner, outer = logged()
    assert (inner["tenant"], inner["request_id"]) == ("inner#travel", "request-2")
    assert (outer["tenant"], outer["request_id"]) == ("outer#travel", "request-1")


def test_a_line_of_metrics_is_never_mixed_with_a_line_of_another_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is printed in two parts. Meanwhile the log, which has the same stream, is locked."""
    lock: Any = telemetry.logger.registered_handler.lock
    parts = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            parts.append((text, lock._is_owned()))
            return len(text)

    monkeypatch.setattr(sys, "stdout", Stream())
    with telemetry.tallying():
        telemetry.count("Sweeps")

    assert [(text[:1], is_locked) for text, is_locked in parts] == [("{", True), ("\n", True)]
    assert not lock._is_owned()
