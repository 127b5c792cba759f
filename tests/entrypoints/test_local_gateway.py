"""API Gateway's part on the development machine: the events it makes, over real sockets."""

import base64
import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any, NamedTuple

import pytest

from ai_coordination.local import server
from ai_coordination.local.signed_in import Person, chosen

ANSWER = {
    "statusCode": 207,
    "headers": {"content-type": "text/plain; charset=utf-8", "x-more": "yes"},
    "cookies": ["a=1; HttpOnly", "b=2"],
    "body": "grün",
}


class Response(NamedTuple):
    status: int
    headers: Message
    text: str


class Function:
    """A Lambda function that keeps what it was invoked with, and answers as it is told."""

    def __init__(self) -> None:
        self.answer: Any = ANSWER
        self.events: list[Any] = []
        self.ends: list[float] = []

    def __call__(self, event: Any, context: Any) -> Any:
        self.events.append(event)
        self.ends.append(context.ends_at)
        assert context.get_remaining_time_in_millis() <= 29_000
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Function:
    function = Function()
    monkeypatch.setattr(server, "handler", function)
    return function


@pytest.fixture
def port() -> Iterator[int]:
    listening = server.listen("127.0.0.1", 0)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield listening.port
    listening.shutdown()
    thread.join()


def send(
    port: int, method: str, path: str, body: bytes | None = None, *headers: tuple[str, str]
) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    names = {name.lower() for name, _ in headers}
    connection.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Response(response.status, response.headers, response.read().decode())
    connection.close()
    return answer


def test_the_event_is_what_an_http_api_sends(function: Function, port: int) -> None:
    send(
        port,
        "POST",
        "/graphql?parameter1=value1&parameter1=value2&parameter2=a%20b&empty=",
        b'{"query": "{gr\xc3\xbcn}"}',
        ("Content-Type", "application/json"),
        ("User-Agent", "agent"),
        ("Cookie", "cookie1=1; cookie2=2"),
        ("Header2", "value1"),
        ("Header2", "value2"),
    )

    [event] = function.events
    trace = event["headers"].pop("x-amzn-trace-id")
    context = event["requestContext"]
    request_id, when, epoch = (context.pop(name) for name in ("requestId", "time", "timeEpoch"))
    assert event == {
        "version": "2.0",
        "routeKey": "POST /graphql",
        "rawPath": "/graphql",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=a%20b&empty=",
        "cookies": ["cookie1=1", "cookie2=2"],
        "headers": {
            "content-length": "20",
            "content-type": "application/json",
            "header2": "value1,value2",
            "host": f"127.0.0.1:{port}",
            "user-agent": "agent",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": str(port),
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {
            "parameter1": "value1,value2",
            "parameter2": "a b",
            "empty": "",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "local",
            "http": {
                "method": "POST",
                "path": "/graphql",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "agent",
            },
            "routeKey": "POST /graphql",
            "stage": "$default",
        },
        "body": '{"query": "{grün}"}',
        "isBase64Encoded": False,
    }
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
    assert re.fullmatch(r"[\w-]{16}", request_id)
    said = datetime.strptime(when, "%d/%b/%Y:%H:%M:%S %z")
    assert said == datetime.fromtimestamp(epoch // 1000, UTC)


def test_what_is_not_there_is_not_in_the_event(function: Function, port: int) -> None:
    send(port, "GET", "/graphql")

    [event] = function.events
    assert {"body", "cookies", "queryStringParameters"}.isdisjoint(event)
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    assert event["requestContext"]["http"]["userAgent"] == ""


@pytest.mark.parametrize(
    ("host", "name", "forwarded_port"),
    [
        ("localhost", "localhost", "80"),
        ("[::1]:8000", "::1", "8000"),
    ],
)
def test_the_host_is_taken_apart(
    function: Function, port: int, host: str, name: str, forwarded_port: str
) -> None:
    send(port, "GET", "/graphql", None, ("Host", host))

    [event] = function.events
    assert event["requestContext"]["domainName"] == name
    assert event["headers"]["x-forwarded-port"] == forwarded_port


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff\xfe", [("content-type", "application/json")]),
        (b"a=b", [("content-type", "application/x-www-form-urlencoded")]),
        (b"{}", [("content-type", "application/graphql-response+json")]),
        (b"{}", [("content-type", "application/json"), ("content-encoding", "gzip")]),
        (b"{}", []),
    ],
)
def test_a_body_that_is_no_text_to_api_gateway_comes_in_base64(
    function: Function, port: int, body: bytes, headers: list[tuple[str, str]]
) -> None:
    send(port, "POST", "/graphql", body, *headers)

    [event] = function.events
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_the_answer_goes_out_as_the_handler_gave_it(function: Function, port: int) -> None:
    response = send(port, "GET", "/graphql")

    assert response.status == 207
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-more"] == "yes"
    assert response.headers.get_all("set-cookie") == ["a=1; HttpOnly", "b=2"]
    assert response.text == "grün"


def test_an_answer_in_base64_is_decoded(function: Function, port: int) -> None:
    function.answer = {"statusCode": 200, "body": "Z3LDvG4=", "isBase64Encoded": True}

    response = send(port, "GET", "/graphql")

    assert response.text == "grün"


@pytest.mark.parametrize("answer", [ValueError("secret"), None, {"body": "no status"}, "text"])
def test_a_function_that_fails_gives_what_api_gateway_says_then(
    function: Function, port: int, answer: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    function.answer = answer

    response = send(port, "GET", "/graphql")

    assert response.status == 500
    assert json.loads(response.text) == {"message": "Internal Server Error"}
    assert "Traceback" in capfd.readouterr().err


def test_a_body_over_ten_megabytes_does_not_reach_the_function(
    function: Function, port: int
) -> None:
    text = ("content-type", "application/json")

    refused = send(port, "POST", "/graphql", b" " * (10 * 1024 * 1024 + 1), text)
    taken = send(port, "POST", "/graphql", b" " * (10 * 1024 * 1024), text)

    assert (refused.status, taken.status) == (413, 207)
    assert len(function.events) == 1


def test_only_the_routes_of_the_api_reach_the_function(function: Function, port: int) -> None:
    statuses = [send(port, "POST", path, b"{}").status for path in ("/graphql/", "/x", "/graphiql")]

    assert statuses == [404, 404, 404]
    assert function.events == []


def test_a_function_has_the_29_seconds_of_the_deployed_one(function: Function, port: int) -> None:
    began = time.monotonic()

    send(port, "GET", "/graphql")

    [ends_at] = function.ends
    assert began <= ends_at - 29 <= time.monotonic()


def test_a_request_is_one_line_with_the_codes_of_its_errors(
    function: Function, port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    errors = [{"message": "no", "extensions": {"code": "NOT_FOUND"}}]
    function.answer = {
        "statusCode": 200,
        "headers": {"content-type": "application/json; charset=utf-8"},
        "body": json.dumps({"data": None, "errors": errors}),
    }

    send(port, "POST", "/graphql", b"{}")

    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /graphql 200 \d+ ms NOT_FOUND", lines[0])


def test_a_request_may_choose_its_person_who_becomes_what_an_authorizer_says(
    function: Function, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_COORDINATION_ENDPOINT_ID", "local")
    monkeypatch.setenv("AI_COORDINATION_PART_ID", "dev")
    in_headers = [("x-local-user", "J%C3%BCrgen"), ("x-local-groups", "ops,%20Sales%2C north,")]
    nobody = [("x-local-user", ""), ("x-local-groups", "ops")]

    send(port, "GET", "/graphql?query={a}")
    send(port, "GET", "/graphql?query={a}", None, *in_headers)
    with server.used_by(chosen("mia", "finance, ops")):
        send(port, "GET", "/graphql?query={a}")
        send(port, "GET", "/graphql?query={a}", None, ("x-local-user", "max"))
        send(port, "GET", "/graphql?query={a}", None, *nobody)

    said = [event["requestContext"].get("authorizer", {}) for event in function.events]
    tenant = {"endpoint_id": "local", "part_id": "dev"}
    assert said == [
        {},
        {"lambda": {**tenant, "sub": "Jürgen", "cognito:groups": ["ops", " Sales, north"]}},
        {"lambda": {**tenant, "sub": "mia", "cognito:groups": ["finance", "ops"]}},
        {"lambda": {**tenant, "sub": "max", "cognito:groups": []}},
        {},
    ]


def test_groups_without_a_user_are_refused_when_the_server_starts() -> None:
    assert chosen(None, None) is None
    assert str(chosen("mia", "finance, ops")) == "mia (finance, ops)"
    assert chosen("mia", None) == Person("mia")
    with pytest.raises(ValueError, match="Groups have a user: choose one with --user"):
        chosen(None, "finance")
