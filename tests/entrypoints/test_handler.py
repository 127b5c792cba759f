"""The handler: each kind of event, and the shape of its answer."""

import base64
import json
from typing import Any

import pytest

from ai_coordination import handler as entry
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.context import InvocationContext
from tests.entrypoints.handling import event, handle, http_event
from tests.entrypoints.lambda_stand_ins import Context, Engine


class AtOnce(InvocationContext):
    """No time passes."""

    def monotonic(self) -> float:
        return 1_000.0


@pytest.mark.parametrize(
    ("name", "operation", "user_id"),
    [
        ("http-post", "CreateCoordination", "5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11"),
        ("http-post-base64", "CreateCoordination", "5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11"),
        ("http-get", None, "5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11"),
        ("rest-post", "CreateCoordination", "5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11"),
        (
            "function-url",
            "CreateCoordination",
            "arn:aws:sts::123456789012:assumed-role/frontend/session",
        ),
        ("direct", "CreateCoordination", "booking-service"),
        ("direct-list", None, "booking-service"),
    ],
)
def test_each_event_to_try_reaches_the_engine(
    name: str,
    operation: str | None,
    user_id: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AI_COORDINATION_ENDPOINT_ID", "acme")
    monkeypatch.setenv("AI_COORDINATION_PART_ID", "travel")

    answer = handle(event(name))

    ((request, caller),) = engine.asked
    assert request.operation_name == operation
    assert request.read_only is (name == "http-get")
    assert (caller.partition_key, caller.user_id) == ("acme#travel", user_id)
    assert answer == engine.result or answer["statusCode"] == 200


@pytest.mark.parametrize(
    ("name", "groups"),
    [("http-post", ["finance", "ops"]), ("rest-post", ["finance", "ops"]), ("direct", ["ops"])],
)
def test_who_asks_is_told_as_whom_the_engine_knows_them(name: str, groups: list[str]) -> None:
    body = {"query": "{ viewer { endpointId partId userId groups } }"}
    asked = event(name) | {"body": json.dumps(body)}
    if name == "direct":
        asked = {**body, "context": asked["context"] | {"groups": ["ops"]}}

    answer = handle(asked)

    result = answer if name == "direct" else json.loads(answer["body"])
    viewer = result["data"]["viewer"]
    assert viewer.pop("userId") in ("5f1c0d2e-8a34-4a51-9d36-1b7a2f0c9e11", "booking-service")
    assert viewer == {"endpointId": "acme", "partId": "travel", "groups": groups}


def test_an_http_request_is_answered_with_status_headers_and_a_body(engine: Engine) -> None:
    answer = handle(event("http-post"))

    assert answer == {
        "statusCode": 200,
        "headers": {
            "content-type": "application/graphql-response+json; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": "request-1",
            "x-correlation-id": "first-steps-1",
        },
        "body": '{"data":{"__typename":"Query"}}',
        "isBase64Encoded": False,
    }


def test_a_rest_request_is_answered_in_the_same_shape(engine: Engine) -> None:
    answer = handle(event("rest-post"))

    assert answer == {
        "statusCode": 200,
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": "request-1",
            "x-correlation-id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
        "body": '{"data":{"__typename":"Query"}}',
        "isBase64Encoded": False,
    }


def test_a_direct_invocation_is_answered_with_the_result_itself(engine: Engine) -> None:
    assert handle(event("direct")) == {"data": {"__typename": "Query"}}


def test_a_preflight_needs_no_tenant(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_CORS_ORIGINS", "https://app.example.com")

    answer = handle(event("http-preflight"))

    assert (answer["statusCode"], answer["body"], engine.asked) == (204, "", [])
    assert answer["headers"]["access-control-allow-origin"] == "https://app.example.com"
    assert answer["headers"]["x-request-id"] == "request-1"


def test_a_base64_body_is_decoded(engine: Engine) -> None:
    body = base64.b64encode('{"query":"{ä}"}'.encode()).decode()

    handle(http_event(body, isBase64Encoded=True))

    assert engine.asked[0][0] == GraphQLRequest("{ä}")


@pytest.mark.parametrize("body", ["not base64", "ä", "a", "\ud800"])
def test_a_body_that_is_no_base64_is_400(body: str, engine: Engine) -> None:
    answer = handle(http_event(body, isBase64Encoded=True))

    assert (answer["statusCode"], engine.asked) == (400, [])


@pytest.mark.parametrize("body", [None, ""])
def test_a_missing_body_is_400(body: str | None, engine: Engine) -> None:
    assert handle(http_event(body))["statusCode"] == 400


def test_a_rest_event_has_its_query_decoded_and_its_headers_in_lists(engine: Engine) -> None:
    get = event("rest-post") | {
        "httpMethod": "GET",
        "body": None,
        "multiValueHeaders": {"ACCEPT": ["text/html", "application/graphql-response+json"]},
        "multiValueQueryStringParameters": {"query": ["{a(b: \"1+1 & %41\")}"]},
        "queryStringParameters": {"query": "ignored"},
    }  # fmt: skip

    answer = handle(get)

    assert engine.asked[0][0] == GraphQLRequest('{a(b: "1+1 & %41")}', read_only=True)
    assert answer["headers"]["content-type"].startswith("application/graphql-response+json")


def test_a_rest_event_may_have_its_query_and_headers_in_single_values(engine: Engine) -> None:
    get = event("rest-post") | {
        "httpMethod": "GET",
        "multiValueHeaders": None,
        "headers": {"Accept": "text/html"},
        "multiValueQueryStringParameters": None,
        "queryStringParameters": {"query": "{a}"},
    }

    assert handle(get)["statusCode"] == 406
    assert handle(get | {"headers": None})["statusCode"] == 200
    assert engine.asked[0][0] == GraphQLRequest("{a}", read_only=True)


def test_a_query_given_twice_to_a_rest_api_is_400(engine: Engine) -> None:
    get = event("rest-post") | {
        "httpMethod": "GET",
        "multiValueQueryStringParameters": {"query": ["{a}", "{b}"]},
    }

    assert (handle(get)["statusCode"], engine.asked) == (400, [])


@pytest.mark.parametrize(
    "header", ["x-endpoint-id", "endpoint_id", "x-amzn-endpoint", "endpoint-id"]
)
def test_no_header_names_a_tenant(header: str, engine: Engine) -> None:
    request = http_event()
    del request["requestContext"]["authorizer"]
    request["headers"] |= {header: "acme", header.replace("endpoint", "part"): "travel"}

    answer = handle(request)

    assert (answer["statusCode"], engine.asked) == (401, [])
    assert json.loads(answer["body"])["errors"][0]["extensions"] == {
        "code": "UNAUTHENTICATED",
        "requestId": "request-1",
    }


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a-b_c.1/=+", "a-b_c.1/=+"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "JKJaXmPLvHcESHA="),
        ("two words", "JKJaXmPLvHcESHA="),
        ("line\r\nset-cookie:a=b", "JKJaXmPLvHcESHA="),
        ("ä", "JKJaXmPLvHcESHA="),
        ("", "JKJaXmPLvHcESHA="),
        (None, "JKJaXmPLvHcESHA="),
    ],
)
def test_a_correlation_id_is_the_caller_s_or_else_the_gateway_s(
    header: str | None, expected: str, engine: Engine
) -> None:
    request = http_event()
    del request["headers"]["x-correlation-id"]
    request["headers"] |= {} if header is None else {"x-correlation-id": header}

    assert handle(request)["headers"]["x-correlation-id"] == expected


@pytest.mark.parametrize("gateway_s", [None, 7, "", "a b"])
def test_a_correlation_id_is_the_request_s_where_nobody_gave_one(
    gateway_s: Any, engine: Engine
) -> None:
    request = http_event(headers={"content-type": "application/json"})
    request["requestContext"]["requestId"] = gateway_s

    assert handle(request)["headers"]["x-correlation-id"] == "request-1"


@pytest.mark.parametrize("name", ["http-post", "rest-post", "direct"])
@pytest.mark.parametrize(("remaining_ms", "seconds"), [(900_000, 29.0), (10_000, 9.0), (500, -0.5)])
def test_the_deadline_leaves_time_to_answer(
    name: str, remaining_ms: int, seconds: float, engine: Engine
) -> None:
    entry.answer(event(name), Context(remaining_ms=remaining_ms), AtOnce())

    assert engine.asked[0][1].context.deadline == AtOnce().monotonic() + seconds
