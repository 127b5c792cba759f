"""What the handler refuses, and what goes wrong inside: an answer, or a failed invocation."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.transport.events import UnknownEvent
from ai_coordination.caller import Caller
from ai_coordination.errors import NotFound
from tests.entrypoints.handling import event, handle, http_event
from tests.entrypoints.lambda_stand_ins import Engine

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
    expected = Caller("acme", "travel", None, "request-1", is_service=True, context=caller.context)
    assert caller == expected


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
