"""The handler: each kind of event, and the shape of its answer."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_coordination import handler as entry
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.transport.events import UnknownEvent
from ai_coordination.caller import Caller
from ai_coordination.context import InvocationContext
from ai_coordination.errors import NotFound
from tests.entrypoints.lambda_stand_ins import Context, Engine

EVENTS = Path(__file__).parents[2] / "events"
DIRECT = {"query": "{a}", "context": {"endpointId": "acme", "partId": "travel"}}
MASKED = {
    "errors": [
        {
            "message": (
                "Internal error, not caused by the request. "
                "The engine's logs have the details under this requestId."
            ),
            "extensions": {"code": "INTERNAL", "requestId": "request-1"},
        }
    ]
}


def event(name: str) -> dict[str, Any]:
    loaded = json.loads((EVENTS / f"{name}.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


class AtOnce(InvocationContext):
    """No time passes."""

    def monotonic(self) -> float:
        return 1_000.0


def http_event(body: str | None = '{"query":"{a}"}', **changes: Any) -> dict[str, Any]:
    return event("http-post") | {"body": body} | changes


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """What the handler executes with."""
    stand_in = Engine()
    monkeypatch.setattr(entry, "execute", stand_in)
    return stand_in


def handle(given_event: Any, context: Context = Context()) -> dict[str, Any]:  # noqa: B008
    return entry.handler(given_event, context)


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


def test_a_mutation_by_get_is_405(engine: Engine) -> None:
    engine.result = MutationByGet()

    answer = handle(event("http-get"))

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("given_event", "input_path"),
    [
        ({"query": "{a}"}, ["context"]),
        ({"query": "{a}", "context": {"endpointId": "ac#me", "partId": "travel"}},
         ["context", "endpointId"]),
        (DIRECT | {"query": 7}, ["query"]),
        (DIRECT | {"variables": "{}"}, ["variables"]),
        (DIRECT | {"operationName": []}, ["operationName"]),
        (DIRECT | {"variables": {"a": float("nan")}}, ["variables", "a"]),
        ({"variables": {}, "context": DIRECT["context"]}, ["query"]),
    ],
)  # fmt: skip
def test_a_wrong_direct_invocation_is_told_where(
    given_event: Any, input_path: list[str], engine: Engine
) -> None:
    result = handle(given_event)

    (error,) = result["errors"]
    assert error["extensions"] == {
        "code": "BAD_USER_INPUT",
        "inputPath": input_path,
        "requestId": "request-1",
    }
    assert list(result) == ["errors"]
    assert engine.asked == []


@pytest.mark.parametrize(
    "given_event",
    [event("unknown"), {}, None, "{a}", 7, [DIRECT], {"context": DIRECT["context"]}],
)
def test_any_other_event_is_told_what_is_taken(given_event: Any, engine: Engine) -> None:
    result = handle(given_event)

    (error,) = result["errors"]
    assert error["message"] == (
        "This function accepts events of API Gateway and of function URLs, and direct invocations "
        'with {"query", "variables", "operationName", '
        '"context": {"endpointId", "partId", "userId"}}.'
    )
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "requestId": "request-1"}
    assert engine.asked == []


@pytest.mark.parametrize(
    "given_event",
    [
        event("unknown-sqs"),
        {"source": "aws.s3", "detail-type": "Object Created", "detail": {}},
        {"eventSource": "aws:kafka", "records": {}},
        {"awslogs": {"data": ""}},
        {"httpMethod": "GET", "path": "/", "requestContext": {"elb": {"targetGroupArn": "arn"}}},
        {"requestContext": {"routeKey": "$connect", "connectionId": "a", "eventType": "CONNECT"}},
        {"type": "REQUEST", "routeArn": "arn", "version": "2.0"},
        {"type": "TOKEN", "authorizationToken": "allow", "methodArn": "arn"},
        {"triggerSource": "PreSignUp_SignUp", "userPoolId": "a"},
    ],
)
def test_an_event_of_another_service_fails_the_invocation(
    given_event: dict[str, Any], engine: Engine
) -> None:
    with pytest.raises(UnknownEvent, match="This function accepts events of API Gateway"):
        handle(given_event)

    assert engine.asked == []


def test_an_error_before_execution_is_a_direct_result_too(engine: Engine) -> None:
    engine.result = NotFound("No such operation")

    assert handle(DIRECT) == {
        "errors": [
            {
                "message": "No such operation",
                "extensions": {"code": "NOT_FOUND", "requestId": "request-1"},
            }
        ]
    }


def test_what_goes_wrong_inside_is_500_and_says_nothing_of_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_COORDINATION_CORS_ORIGINS", "*")
    engine.result = KeyError("secret")

    answer = handle(event("http-post"))

    assert answer["statusCode"] == 500
    assert json.loads(answer["body"]) == MASKED
    assert answer["headers"]["access-control-allow-origin"] == "*"
    assert answer["headers"]["x-correlation-id"] == "first-steps-1"


def test_what_goes_wrong_inside_is_a_masked_direct_result(engine: Engine) -> None:
    engine.result = KeyError("secret")

    assert handle(DIRECT) == MASKED


@pytest.mark.parametrize("value", [float("inf"), object()])
def test_a_result_that_is_no_json_is_masked(value: Any, engine: Engine) -> None:
    engine.result = {"data": {"a": value}}

    assert handle(DIRECT) == MASKED
    assert handle(http_event())["statusCode"] == 500


def test_a_direct_result_over_the_limit_names_the_field(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_COORDINATION_MAX_ANSWER_BYTES", "1000")
    engine.result = {"data": {"tasks": {"nodes": [{"taskName": "x" * 2000}]}}}

    result = handle(DIRECT)

    assert result["data"] is None
    assert result["errors"][0]["path"] == ["tasks", "nodes", 0, "taskName"]
    assert result["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_caller_is_passed_on_whole(engine: Engine) -> None:
    handle(DIRECT)

    ((request, caller),) = engine.asked
    assert request == GraphQLRequest("{a}")
    assert caller == Caller("acme", "travel", None, "request-1", context=caller.context)


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("GET"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    name=st.sampled_from(["http-post", "rest-post", "function-url"]),
    changes=st.dictionaries(
        st.sampled_from(
            ["body", "headers", "isBase64Encoded", "multiValueHeaders", "rawQueryString",
             "multiValueQueryStringParameters", "queryStringParameters", "version"]
        ),
        NONSENSE | st.dictionaries(st.text(), st.lists(st.text())),
    ),
    within=st.dictionaries(
        st.sampled_from(["authorizer", "http", "identity", "requestId"]), NONSENSE
    ),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_http_event_whatever_fails_the_invocation(
    name: str, changes: dict[str, Any], within: dict[str, Any], engine: Engine
) -> None:
    request = event(name) | changes
    request["requestContext"] |= within

    assert 200 <= handle(request)["statusCode"] < 500


@given(changes=st.dictionaries(st.sampled_from(
    ["query", "variables", "operationName", "extensions", "context"]), NONSENSE))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_direct_event_whatever_fails_the_invocation(
    changes: dict[str, Any], engine: Engine
) -> None:
    result = handle(DIRECT | changes)

    codes = {error["extensions"]["code"] for error in result.get("errors", ())}
    assert codes <= {"BAD_USER_INPUT"}
    assert "data" in result or codes
