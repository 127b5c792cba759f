"""Connections to the database: kept, lost, refused, and over TLS."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    SSLError,
)

from ai_coordination import __version__
from ai_coordination.models.fast.lean import pool
from tests.support.certificates import Authority
from tests.support.lean import Noon, lean_client
from tests.support.ports import free_port
from tests.support.scripted_server import Step, http, one_by_one, scripted

FOUND = Step(http(b'{"Item":{"a":{"S":"b"}}}'))


def ask(client: Any, table: str = "t") -> Any:
    return client._make_api_call("GetItem", {"TableName": table})["Item"]


@contextmanager
def refusing_unread(said: bytes) -> Iterator[int]:
    """The port of a server that says this of one request, and hangs up, when it knows the size."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.recv(1_000)
                accepted.sendall(said)

        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        serving.join()


def test_requests_of_a_thread_share_a_connection() -> None:
    with scripted(one_by_one([FOUND] * 3)) as server:
        client = lean_client(server.url, Noon())
        for _ in range(3):
            ask(client)

    assert [request.connection for request in server.requests] == [1, 1, 1]


def test_headers_and_body_of_a_request_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    send = HTTPConnection.send

    def telling(connection: HTTPConnection, data: bytes) -> None:
        sent.append(data)
        send(connection, data)

    monkeypatch.setattr(HTTPConnection, "send", telling)
    with scripted(one_by_one([FOUND] * 2)) as server:
        client = lean_client(server.url, Noon())
        ask(client)
        ask(client)

    assert [(one.startswith(b"POST"), one.endswith(b"}")) for one in sent] == [(True, True)] * 2


def test_a_connection_that_the_server_closed_while_nothing_was_sent_is_replaced() -> None:
    """As after a pause of the process: Lambda freezes it between invocations."""
    context = Noon()
    with scripted(one_by_one([Step(FOUND.said, closes=True), FOUND])) as server:
        client = lean_client(server.url, context)
        ask(client)
        assert server.hung_up.wait(30)

        assert ask(client) == {"a": {"S": "b"}}

    # It was seen before anything was sent, so this is no second attempt.
    assert [request.connection for request in server.requests] == [1, 2]
    assert context.slept == []


def test_an_answer_that_says_so_ends_its_connection() -> None:
    last = Step(http(FOUND.said.rpartition(b"\r\n\r\n")[2], Connection="close"))
    with scripted(one_by_one([last, FOUND])) as server:
        client = lean_client(server.url, Noon())
        ask(client)
        ask(client)

    assert [request.connection for request in server.requests] == [1, 2]


def test_after_an_answer_that_came_too_late_the_next_request_does_not_get_it() -> None:
    late = Step(http(b'{"Item":{"late":{"S":"b"}}}'), comes_late=True)
    context = Noon()
    with scripted(one_by_one([late, FOUND, FOUND])) as server:
        context.servers.append(server)
        client = lean_client(server.url, context, in_vain=1)

        assert ask(client) == {"a": {"S": "b"}}
        assert ask(client) == {"a": {"S": "b"}}

    assert [request.connection for request in server.requests] == [1, 2, 2]


def test_after_a_provisional_answer_the_next_request_does_not_get_the_final_one() -> None:
    """The standard library skips 100 alone. It takes any other as the answer."""
    hint = Step(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    with scripted(one_by_one([hint, FOUND])) as server:
        assert ask(lean_client(server.url, Noon())) == {"a": {"S": "b"}}

    assert [request.connection for request in server.requests] == [1, 2]


def test_a_chunked_answer_is_read_as_a_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = Step(head + b'5\r\n{"Ite\r\nC\r\nm":{"a":1}} \r\n0\r\n\r\n')
    with scripted(one_by_one([chunked, FOUND])) as server:
        client = lean_client(server.url, Noon())

        assert ask(client) == {"a": 1}
        assert ask(client) == {"a": {"S": "b"}}

    assert [request.connection for request in server.requests] == [1, 1]


def test_nobody_listens_and_the_engine_asks_three_times() -> None:
    port = free_port()
    context = Noon()

    with pytest.raises(EndpointConnectionError, match=f"http://127.0.0.1:{port}/"):
        ask(lean_client(f"http://127.0.0.1:{port}", context))

    assert len(context.slept) == 2


def test_a_server_that_does_not_take_the_connection_is_waited_for_no_longer_than_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    def never(address: Any, timeout: float, *given: Any, **more: Any) -> None:
        asked.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", never)

    with pytest.raises(ConnectTimeoutError):
        ask(lean_client("http://127.0.0.1:1", Noon()))

    assert asked == [1, 1, 1]


def test_over_tls_a_server_of_the_known_authority_is_asked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with scripted(one_by_one([FOUND] * 2), authority.server("localhost")) as server:
        url, roots = f"https://localhost:{server.port}", str(authority.roots)
        client = lean_client(url, Noon(), roots=roots)

        assert [ask(client), ask(client)] == [{"a": {"S": "b"}}] * 2

    assert [request.connection for request in server.requests] == [1, 1]
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_over_tls_fifty_threads_at_once_get_answers(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with (
        scripted(lambda request: FOUND, authority.server("localhost")) as server,
        ThreadPoolExecutor(50) as threads,
    ):
        roots = str(authority.roots)
        client = lean_client(f"https://localhost:{server.port}", Noon(), roots=roots)
        answers = list(threads.map(lambda number: ask(client), range(100)))

    assert answers == [{"a": {"S": "b"}}] * 100


@pytest.mark.parametrize("case", ["another name", "an unknown authority"])
def test_over_tls_no_other_server_gets_a_request(tmp_path: Path, case: str) -> None:
    known, other = tmp_path / "known", tmp_path / "other"
    known.mkdir()
    other.mkdir()
    authorities = Authority(known), Authority(other)
    contexts = {
        "another name": authorities[0].server("example.org"),
        "an unknown authority": authorities[1].server("localhost"),
    }
    context = Noon()
    with scripted(lambda request: FOUND, contexts[case]) as server:
        url, roots = f"https://localhost:{server.port}", str(authorities[0].roots)
        with pytest.raises(SSLError):
            ask(lean_client(url, context, roots=roots))

    assert server.requests == []
    assert len(context.slept) == 2


def test_without_roots_of_a_test_they_are_those_of_botocore(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with (
        scripted(lambda request: FOUND, authority.server("localhost")) as server,
        pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        ask(lean_client(f"https://localhost:{server.port}", Noon()))

    assert server.requests == []


def test_a_process_that_was_forked_does_not_use_the_connections_of_its_parent() -> None:
    with scripted(lambda request: FOUND) as server:
        client = lean_client(server.url, Noon())
        ask(client)
        child = os.fork()
        if child == 0:  # pragma: no cover - in another process
            os._exit(0 if ask(client) == {"a": {"S": "b"}} else 1)
        _, status = os.waitpid(child, 0)
        ask(client)

    assert status == 0
    assert [request.connection for request in server.requests] == [1, 2, 1]


def test_a_thread_of_a_forked_process_uses_no_connection_of_its_parent_while_another_opens_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted(lambda request: FOUND) as server:
        client = lean_client(server.url, Noon())
        ask(client)
        made = pool._Posts.__init__

        def opening(posts: Any, *given: Any, **more: Any) -> None:
            # The other thread comes just now.
            monkeypatch.setattr(pool._Posts, "__init__", made)
            ask(client)
            made(posts, *given, **more)

        monkeypatch.setattr(pool._Posts, "__init__", opening)
        monkeypatch.setattr(os, "getpid", lambda: 0)
        ask(client)

    assert [request.connection for request in server.requests] == [1, 2, 3]


def test_a_server_that_refuses_a_large_request_before_it_has_read_it_is_heard() -> None:
    context = Noon()
    refusal = http(b'{"__type":"SerializationException","message":"too large"}', 413)
    with refusing_unread(refusal) as port, pytest.raises(ClientError, match="too large") as raised:
        ask(lean_client(f"http://127.0.0.1:{port}", context), "x" * 8_000_000)

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert context.slept == []


def test_a_request_is_as_short_as_it_can_be_and_asks_for_no_compression() -> None:
    with scripted(one_by_one([FOUND])) as server:
        lean_client(server.url, Noon())._make_api_call("GetItem", {"Key": {"ä": {"S": "b"}}})

    (request,) = server.requests
    assert request.body == b'{"Key":{"\\u00e4":{"S":"b"}}}'
    assert {name: request.headers[name] for name in ("accept-encoding", "user-agent")} == {
        "accept-encoding": "identity",
        "user-agent": f"ai-coordination/{__version__}",
    }
    assert request.headers.keys() == {
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
    }
