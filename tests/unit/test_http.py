"""GraphQL over HTTP: statuses, headers and bodies."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.transport.http import HttpRequest, HttpResponse, fail, respond
from ai_coordination.config import Settings
from ai_coordination.errors import EngineError, NotFound, Throttled, Unauthenticated
from tests.support.cases import each

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
DATA: dict[str, Any] = {"data": {"__typename": "Query"}}

Execute = Callable[[GraphQLRequest], dict[str, Any]]


def failed(*codes: str, **data: Any) -> dict[str, Any]:
    errors = [{"message": code, "extensions": {"code": code}} for code in codes]
    return {"errors": errors, **data}


def post(body: Any = None, **headers: str) -> HttpRequest:
    given_headers = {"content-type": JSON} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    content = body if isinstance(body, bytes) else json.dumps(body or {"query": "{__typename}"})
    return HttpRequest(
        "POST", given_headers, "", content if isinstance(content, bytes) else content.encode()
    )


def get(headers: dict[str, str] | None = None, **parameters: str) -> HttpRequest:
    return HttpRequest("GET", headers or {}, urlencode(parameters), b"")


def send(
    request: HttpRequest, execute: Execute = lambda request: DATA, **settings: Any
) -> HttpResponse:
    return respond(request, execute, Settings(**settings), "request-1")


def refuse(error: EngineError) -> Execute:
    def execute(request: GraphQLRequest) -> dict[str, Any]:
        raise error

    return execute


def remember(seen: list[GraphQLRequest]) -> Execute:
    def execute(request: GraphQLRequest) -> dict[str, Any]:
        seen.append(request)
        return DATA

    return execute


def error_of(response: HttpResponse) -> dict[str, Any]:
    (error,) = json.loads(response.body)["errors"]
    assert isinstance(error, dict)
    return error


def never(request: GraphQLRequest) -> dict[str, Any]:
    raise AssertionError("executed")


def test_an_answer_says_its_type_and_that_nobody_keeps_it() -> None:
    response = send(post())

    assert response.status == 200
    assert response.headers == {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    assert response.body == '{"data":{"__typename":"Query"}}'


@each(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f'{GRAPHQL};charset="UTF-8"', GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{JSON}, {GRAPHQL};q=0.9", JSON),
        (f"{GRAPHQL};q=0.1, {JSON};q=0.2", JSON),
        (f"{GRAPHQL};q=0.300, {JSON};q=0.2", GRAPHQL),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{JSON};q=0.5, */*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*;q=0.1", GRAPHQL),
        (f"text/html, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};charset=utf-16, {JSON};q=0.1", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
    ],
)
def test_accept_decides_the_media_type(accept: str | None, expected: str) -> None:
    request = post() if accept is None else post(accept=accept)

    response = send(request)

    assert response.status == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@each(
    "accept",
    [
        "text/html",
        "text/*",
        "application/xml, text/event-stream",
        f"{JSON};q=0, {GRAPHQL};q=0.000",
        f"{JSON};charset=latin-1",
        f"{JSON};q=high",
        f"{JSON};q=1.5",
        f"{JSON};q=nan",
        ",,;;",
    ],
)
def test_an_accept_without_our_types_is_406(accept: str) -> None:
    response = send(post(accept=accept), never)

    assert response.status == 406
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert error_of(response) == {
        "message": f"The header Accept must allow {GRAPHQL} or {JSON}.",
        "extensions": {"code": "BAD_USER_INPUT", "requestId": "request-1"},
    }


@each(
    ("result", "as_json", "as_graphql"),
    [
        (DATA, 200, 200),
        (failed("NOT_FOUND", data={"node": None}), 200, 200),
        (failed("INTERNAL", data={"node": None}), 200, 200),
        (failed("PAYLOAD_TOO_LARGE", data=None), 200, 200),
        (failed("GRAPHQL_PARSE_FAILED"), 200, 400),
        (failed("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"), 200, 400),
        (failed("BAD_USER_INPUT"), 200, 400),
        (failed("QUERY_TOO_COMPLEX"), 200, 400),
        (failed("PAYLOAD_TOO_LARGE"), 200, 413),
        (failed("THROTTLED"), 200, 503),
        (failed("UNAUTHENTICATED"), 401, 401),
        (failed("INTERNAL"), 500, 500),
    ],
)
def test_a_failure_is_a_status_for_the_new_type_alone(
    result: dict[str, Any], as_json: int, as_graphql: int
) -> None:
    json_response = send(post(accept=JSON), lambda request: result)
    graphql_response = send(post(accept=GRAPHQL), lambda request: result)

    assert (json_response.status, graphql_response.status) == (as_json, as_graphql)
    assert json.loads(json_response.body) == json.loads(graphql_response.body) == result


def test_an_error_before_execution_is_a_result_without_data() -> None:
    response = send(post(accept=GRAPHQL), refuse(NotFound("No such thing", "input", "taskUuid")))

    assert response.status == 400
    assert json.loads(response.body) == {
        "errors": [
            {
                "message": "No such thing",
                "extensions": {
                    "code": "NOT_FOUND",
                    "inputPath": ["input", "taskUuid"],
                    "requestId": "request-1",
                },
            }
        ]
    }


def test_a_caller_nobody_verified_is_401_and_told_how_to_say_who() -> None:
    response = send(post(accept=JSON), refuse(Unauthenticated("Who are you?")))

    assert response.status == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert error_of(response)["extensions"]["code"] == "UNAUTHENTICATED"


@each(
    ("data", "expected"),
    [
        ({"data": None}, "3"),
        ({"data": {"first": None, "second": None}}, "3"),
        ({"data": {"first": {"id": "1"}, "second": None}}, None),
        ({"data": {"first": False}}, None),
        ({}, "3"),
    ],
)
def test_retry_after_stands_only_where_nothing_at_all_was_done(
    data: dict[str, Any], expected: str | None
) -> None:
    result = failed("THROTTLED", "THROTTLED", **data)
    result["errors"][0]["extensions"]["retryAfterSeconds"] = 2.1

    response = send(post(accept=JSON), lambda request: result)

    assert response.status == 200
    assert response.headers.get("retry-after") == expected


def test_another_error_beside_throttling_takes_retry_after_away() -> None:
    response = send(post(), lambda request: failed("THROTTLED", "CONFLICT", data=None))

    assert "retry-after" not in response.headers


def test_a_request_throttled_as_a_whole_is_503_with_retry_after() -> None:
    response = send(post(accept=GRAPHQL), refuse(Throttled("Later", 0.2)))

    assert (response.status, response.headers["retry-after"]) == (503, "1")


@each("method", ["PUT", "PATCH", "DELETE", "HEAD", "TRACE", "post", ""])
def test_other_methods_are_405(method: str) -> None:
    response = send(HttpRequest(method, {"content-type": JSON}, "query={__typename}", b""), never)

    assert response.status == 405
    assert response.headers["allow"] == "GET, POST, OPTIONS"
    assert error_of(response)["extensions"]["code"] == "BAD_USER_INPUT"


@each("accept", [JSON, GRAPHQL])
def test_a_mutation_by_get_is_405_and_says_what_it_needs(accept: str) -> None:
    request = get({"accept": accept}, query="mutation { __typename }")

    response = send(request, refuse(MutationByGet()))

    assert (response.status, response.headers["allow"]) == (405, "POST")
    assert error_of(response)["message"].startswith("Send mutations by POST")


def test_get_reads_its_parameters_from_the_url_and_may_only_read() -> None:
    seen: list[GraphQLRequest] = []
    request = get(
        query="query Q($a: Int) { a }",
        variables='{"a": 1}',
        operationName="Q",
        extensions='{"b": [null]}',
        other="ignored",
    )

    response = send(request, remember(seen))

    assert response.status == 200
    assert seen == [
        GraphQLRequest("query Q($a: Int) { a }", {"a": 1}, "Q", {"b": [None]}, read_only=True)
    ]


def test_post_reads_its_parameters_from_the_body_alone() -> None:
    seen: list[GraphQLRequest] = []
    body = {"query": "{ä}", "variables": {"a": "😀"}, "operationName": "Q", "id": 7}
    request = post(json.dumps(body, ensure_ascii=False).encode())

    send(
        HttpRequest("POST", request.headers, "query={b}&variables={}", request.body),
        remember(seen),
    )

    assert seen == [GraphQLRequest("{ä}", {"a": "😀"}, "Q")]


@each(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
    ],
)
def test_what_a_form_of_another_page_can_post_is_415(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    response = send(HttpRequest("POST", headers, "", b'{"query":"{__typename}"}'), never)

    assert response.status == 415
    assert response.headers["accept"] == JSON
    assert error_of(response)["extensions"]["code"] == "BAD_USER_INPUT"


@each(
    "content_type",
    ["application/json", "Application/JSON;charset=UTF-8", 'application/json ; charset="utf-8"'],
)
def test_json_may_say_that_it_is_utf_8(content_type: str) -> None:
    assert send(post(content_type=content_type)).status == 200


def test_a_compressed_body_is_415() -> None:
    response = send(post(content_encoding="gzip"), never)

    assert (response.status, response.headers["accept-encoding"]) == (415, "identity")
    assert send(post(content_encoding="identity")).status == 200


@each("request_of", [post, lambda body: get(query=body["query"])])
def test_a_request_over_the_limit_is_413(request_of: Callable[[Any], HttpRequest]) -> None:
    request = request_of({"query": "{__typename}" + " " * 100})
    size = max(len(request.body), len(request.query))

    assert send(request, max_body_bytes=size).status == 200
    response = send(request, never, max_body_bytes=size - 1)

    assert response.status == 413
    assert error_of(response) == {
        "message": f"The request has {size} bytes. The limit is {size - 1}.",
        "extensions": {"code": "PAYLOAD_TOO_LARGE", "requestId": "request-1"},
    }


@each("accept", [JSON, GRAPHQL])
@each("body", [b"", b"NONSENSE", b'{"query":', b'{"qeury":"{a}"}', b"[]"])
def test_what_is_no_graphql_request_is_400_in_either_type(body: bytes, accept: str) -> None:
    response = send(post(body, accept=accept), never)

    assert response.status == 400
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert error_of(response)["extensions"]["code"] == "BAD_USER_INPUT"


def test_an_answer_over_the_limit_keeps_its_200_and_loses_its_data() -> None:
    result = {"data": {"task": {"taskName": "x" * 500, "version": 1}}}

    response = send(post(accept=GRAPHQL), lambda request: result, max_answer_bytes=400)

    answer = json.loads(response.body)
    assert response.status == 200
    assert answer["data"] is None
    assert answer["errors"][0]["path"] == ["task", "taskName"]
    assert answer["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"
    assert response.result == answer


def test_what_went_wrong_inside_is_500() -> None:
    response = fail(post(accept=GRAPHQL), EngineError("Sorry"), Settings(), "request-1")

    assert response.status == 500
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert error_of(response) == {
        "message": "Sorry",
        "extensions": {"code": "INTERNAL", "requestId": "request-1"},
    }


HEADERS = st.dictionaries(
    st.sampled_from(["accept", "content-type", "content-encoding", "origin"]) | st.text(),
    st.sampled_from([JSON, GRAPHQL, "*/*", f"{JSON};q=0.5,*/*;q=x"]) | st.text(),
)


@given(
    method=st.sampled_from(["GET", "POST", "OPTIONS"]) | st.text(),
    headers=HEADERS,
    query=st.text().map(lambda text: f"query={text}") | st.text(),
    body=st.binary() | st.text().map(lambda text: f'{{"query":"{text}"}}'.encode(errors="replace")),
)
def test_no_request_whatever_makes_it_fall_over(
    method: str, headers: dict[str, str], query: str, body: bytes
) -> None:
    for given_headers in (headers, headers | {"content-type": JSON, "accept": JSON}):
        response = send(HttpRequest(method, given_headers, query, body), cors_origins=("a", "b"))

        assert response.status in (200, 204, 400, 405, 406, 415)
        assert response.status == 204 or json.loads(response.body) == response.result
