"""The handler and the API together, for requests that need no database."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from graphql import parse, validate

from ai_coordination import handler as entry
from ai_coordination.api.schema import schema
from tests.entrypoints.lambda_stand_ins import Context

EVENTS = Path(__file__).parents[2] / "events"
TENANT = {"endpointId": "acme", "partId": "travel"}
CLAIMS = {"endpoint_id": "acme", "part_id": "travel"}
TOO_COMPLEX = "QUERY_TOO_COMPLEX"

FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "{ __typename } { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
    ({"query": "query A { __typename }", "operationName": "B"}, "BAD_USER_INPUT"),
    (
        {"query": "query Q($a: ID!) { node(id: $a) { id } }", "variables": {"a": None}},
        "BAD_USER_INPUT",
    ),
    (
        {"query": "query Q($a: ID!) { node(id: $a) { id } }", "variables": {"a": {"b": 1}}},
        "BAD_USER_INPUT",
    ),
    ({"query": "{" + " ".join(f"a{i}: __typename" for i in range(9_999)) + "}"}, TOO_COMPLEX),
    ({"query": "{ node(id: 1) " + "{ id " * 100 + "}" * 101}, TOO_COMPLEX),
]


def over_http(method: str = "POST", query_string: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "rawQueryString": query_string,
        "headers": {"content-type": "application/json", "accept": "*/*"},
        "requestContext": {
            "http": {"method": method},
            "authorizer": {"jwt": {"claims": CLAIMS}},
        },
        **changes,
    }


def post(body: dict[str, Any], accept: str) -> dict[str, Any]:
    headers = {"content-type": "application/json", "accept": accept}
    return entry.handler(over_http(body=json.dumps(body), headers=headers), Context())


def codes_of(result: dict[str, Any]) -> set[str]:
    assert all(error["extensions"]["requestId"] == "request-1" for error in result["errors"])
    return {error["extensions"]["code"] for error in result["errors"]}


@pytest.mark.parametrize(("body", "code"), FAILURES)
def test_what_fails_before_its_execution_is_a_status_of_the_new_type_alone(
    body: dict[str, Any], code: str
) -> None:
    as_json = post(body, "application/json")
    as_graphql = post(body, "application/graphql-response+json")
    direct = entry.handler({**body, "context": TENANT}, Context())

    assert (as_json["statusCode"], as_graphql["statusCode"]) == (200, 400)
    for result in (json.loads(as_json["body"]), json.loads(as_graphql["body"]), direct):
        assert codes_of(result) == {code}
        assert "data" not in result


def test_a_query_is_answered_whichever_way_it_comes() -> None:
    body = {"query": "query Q { __typename }", "operationName": "Q", "extensions": {"a": 1}}

    by_post = post(body, "application/graphql-response+json")
    by_get = entry.handler(over_http("GET", urlencode({"query": body["query"]})), Context())
    direct = entry.handler({**body, "context": TENANT}, Context())

    assert direct == {"data": {"__typename": "Query"}}
    assert json.loads(by_post["body"]) == json.loads(by_get["body"]) == direct
    assert (by_post["statusCode"], by_get["statusCode"]) == (200, 200)


def test_a_mutation_by_get_executes_nothing() -> None:
    answer = entry.handler(
        over_http("GET", urlencode({"query": "mutation { __typename }"})), Context()
    )

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "POST")
    assert codes_of(json.loads(answer["body"])) == {"BAD_USER_INPUT"}


def test_a_document_without_a_caller_is_not_even_parsed() -> None:
    stranger = over_http(body='{"query":"{"}', requestContext={"http": {"method": "POST"}})

    answer = entry.handler(stranger, Context())

    assert answer["statusCode"] == 401
    assert codes_of(json.loads(answer["body"])) == {"UNAUTHENTICATED"}


@pytest.mark.parametrize(
    "name",
    ["http-post", "http-post-base64", "http-get", "rest-post", "function-url", "direct",
     "direct-list"],
)  # fmt: skip
def test_the_documents_of_the_events_to_try_are_valid(name: str) -> None:
    document = _document(json.loads((EVENTS / f"{name}.json").read_text()))

    assert validate(schema.graphql_schema, parse(document)) == []


def _document(event: dict[str, Any]) -> str:
    """The event's document, read as simply as can be."""
    if "query" in event:
        return str(event["query"])
    if body := event.get("body"):
        text = base64.b64decode(body).decode() if event["isBase64Encoded"] else body
        return str(json.loads(text)["query"])
    return str(dict(parse_qsl(event["rawQueryString"]))["query"])
