"""The client of make try: what it repeats and raises, and what is not a server of the engine."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.local.client import Client, Error, Refused, Unreachable
from tests.support import http_server
from tests.support.http_server import Received, Reply
from tests.support.ports import free_port

BUSY = {
    "errors": [{"message": "Busy", "extensions": {"code": "THROTTLED", "retryAfterSeconds": 0}}]
}
WRONG = {
    "errors": [
        {
            "message": "This must be text",
            "extensions": {"code": "BAD_USER_INPUT", "inputPath": ["input", "agents", 0]},
        },
        {"message": "No"},
    ]
}


class Server:
    """Answers each request with the next of `answers`: a status and a body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[Any] = []


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server("")

    def answer(given: Received) -> Reply:
        served.requests.append(json.loads(given.content))
        status, body = served.answers.pop(0)
        return Reply(body if isinstance(body, bytes) else json.dumps(body).encode(), status)

    with http_server.serving(answer) as url:
        served.url = f"{url}/graphql"
        yield served


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answers = [(200, BUSY), (200, BUSY), (200, {"data": {"a": "é"}})]

    assert Client(server.url).execute("query A($b: Int) { a }", b=1) == {"a": "é"}

    assert server.requests == [{"query": "query A($b: Int) { a }", "variables": {"b": 1}}] * 3


def test_a_server_that_stays_busy_is_given_up_after_ten_requests(server: Server) -> None:
    server.answers = [(200, BUSY)] * 11

    with pytest.raises(Refused, match="Busy") as refused:
        Client(server.url).execute("{ a }")

    assert (refused.value.code, len(server.requests)) == ("THROTTLED", 10)


@pytest.mark.parametrize("status", [200, 400])
def test_errors_are_raised_with_their_places_whatever_the_status(
    server: Server, status: int
) -> None:
    server.answers = [(status, WRONG)]

    with pytest.raises(Refused, match="This must be text") as refused:
        Client(server.url).mutate("createTask", "task { taskUuid }", {"taskName": 5})

    assert refused.value.errors == [
        Error("This must be text", "BAD_USER_INPUT", ("input", "agents", 0)),
        Error("No", None, ()),
    ]
    query = (
        "mutation CreateTask($input: CreateTaskInput!) "
        "{ createTask(input: $input) { task { taskUuid } } }"
    )
    assert server.requests == [{"query": query, "variables": {"input": {"taskName": 5}}}]


@pytest.mark.parametrize(
    "answer", [(200, b"<html>"), (404, b"Not found"), (200, b"[]"), (200, b"{}"), (500, b"\xff")]
)
def test_what_does_not_speak_graphql_is_no_server_of_the_engine(
    server: Server, answer: tuple[int, bytes]
) -> None:
    server.answers = [answer]

    assert not Client(server.url).answers()


def test_a_proxy_is_not_asked_for_a_server_on_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    server.answers = [(200, {"data": {"__typename": "Query"}})]

    assert Client(server.url).answers()


def test_a_port_where_nothing_listens_is_unreachable() -> None:
    url = f"http://127.0.0.1:{free_port()}/graphql"

    with pytest.raises(Unreachable, match=f"at {url}"):
        Client(url).execute("{ a }")


def test_a_port_where_something_speaks_another_protocol_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-x\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        assert not Client(url).answers()
        thread.join()
