"""Calls of Lambda functions: which clients and connections are kept for the next call."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

import pytest
from botocore.session import Session

from ai_coordination.clients import clients, functions
from ai_coordination.clients.aws import (
    LONGEST_IDLE_SECONDS,
    LONGEST_KEPT_SECONDS,
    MOST_TIMED,
)
from ai_coordination.clients.functions import SECONDS_TO_NOTICE, InvocationFailed
from ai_coordination.context import InvocationContext

ANSWERS, HANGS_UP, ANSWERS_AND_HANGS_UP = "answers", "hangs up", "answers and hangs up"


@dataclass
class KeepAlive:
    """A stand-in for Lambda that keeps connections, and returns what it gets."""

    url: str = ""
    connections: int = 0
    got: list[bytes] = field(default_factory=list)
    before_answer: Callable[[], str] = lambda: ANSWERS
    hangs_up_on_the_first: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Clock(InvocationContext):
    """A monotonic clock that a test moves."""

    seconds: list[float] = field(default_factory=lambda: [1000.0])

    def monotonic(self) -> float:
        return self.seconds[0]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    # Kept connections have threads that wait for the next request.
    block_on_close = False


@contextmanager
def keeping() -> Iterator[KeepAlive]:
    service = KeepAlive()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with service.lock:
                service.connections += 1
                self.number = service.connections

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            with service.lock:
                service.got.append(content)
            is_old = self.number <= service.hangs_up_on_the_first
            what = HANGS_UP if is_old else service.before_answer()
            self.close_connection = what != ANSWERS
            if what != HANGS_UP:
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def finish(self) -> None:
            super().finish()
            self.connection.close()
            service.hung_up.set()

        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        service.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield service
        finally:
            clients.forget()
            http.shutdown()
            thread.join()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeepAlive]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    with keeping() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", running.url)
        clients.forget()
        yield running


@pytest.fixture
def made() -> Iterator[list[str]]:
    """The services for which botocore has made a client."""
    names: list[str] = []
    create = Session.create_client

    def counted(session: Session, name: str, **given: Any) -> Any:
        names.append(name)
        return create(session, name, **given)

    with patch.object(Session, "create_client", counted):
        yield names


def call(
    payload: bytes = b'"a"', seconds: float = 30.0, context: InvocationContext = Clock()
) -> bytes:
    return functions.invoke("agent-a", payload, seconds, context=context).payload


def test_calls_of_about_the_same_length_share_a_client_and_its_connection(
    service: KeepAlive, made: list[str]
) -> None:
    answers = [call(b'"%d"' % number, 29.1 + number / 10) for number in range(5)]

    assert answers == [b'"0"', b'"1"', b'"2"', b'"3"', b'"4"']
    assert (made, service.connections) == (["lambda"], 1)

    call(seconds=30.1)

    assert (made, service.connections) == (["lambda"] * 2, 2)


def test_only_the_clients_of_the_timeouts_used_last_are_kept(
    service: KeepAlive, made: list[str]
) -> None:
    for seconds in (*range(1, MOST_TIMED + 1), 1, MOST_TIMED + 1):
        call(seconds=seconds)
    assert len(made) == MOST_TIMED + 1

    call(seconds=1)
    assert len(made) == MOST_TIMED + 1
    call(seconds=2)
    assert len(made) == MOST_TIMED + 2


def once_all_have_come(requests: int) -> Callable[[], str]:
    """Answer when so many requests wait for an answer."""
    together = threading.Barrier(requests)

    def answer() -> str:
        together.wait(timeout=60)
        return ANSWERS

    return answer


def test_fifty_threads_share_one_client_and_keep_their_connections(
    service: KeepAlive, made: list[str]
) -> None:
    threads = 50
    service.before_answer = once_all_have_come(threads)
    with ThreadPoolExecutor(threads) as pool:
        given = [b'"%d"' % number for number in range(3 * threads)]
        answers = list(pool.map(call, given))

    assert answers == given
    assert sorted(service.got) == sorted(given)
    assert (made, service.connections) == (["lambda"], threads)


def test_a_connection_that_was_closed_meanwhile_is_replaced_before_anything_is_sent(
    service: KeepAlive,
) -> None:
    service.before_answer = lambda: ANSWERS_AND_HANGS_UP
    call()
    assert service.hung_up.wait(timeout=30)
    service.before_answer = lambda: ANSWERS

    assert call(b'"again"') == b'"again"'
    assert (service.got, service.connections) == ([b'"a"', b'"again"'], 2)


def test_a_connection_that_is_closed_under_the_request_is_replaced_once(
    service: KeepAlive, made: list[str]
) -> None:
    call()
    service.before_answer = iter([HANGS_UP, ANSWERS]).__next__

    assert call(b'"b"') == b'"b"'
    assert (service.got, service.connections) == ([b'"a"', b'"b"', b'"b"'], 2)

    service.before_answer = lambda: HANGS_UP
    with pytest.raises(InvocationFailed, match="ConnectionClosedError") as raised:
        call(b'"c"')

    assert raised.value.retryable
    assert not raised.value.timed_out
    assert service.got[3:] == [b'"c"', b'"c"']


def test_of_many_connections_that_were_lost_a_call_tries_one(
    service: KeepAlive, made: list[str]
) -> None:
    threads = 3
    together = threading.Barrier(threads)

    def wait_for_all() -> str:
        together.wait(timeout=60)
        return ANSWERS

    service.before_answer = wait_for_all
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, threads * [b'"a"']))
    service.before_answer = lambda: ANSWERS
    service.hangs_up_on_the_first = threads

    assert call(b'"b"') == b'"b"'
    assert service.got[threads:] == [b'"b"', b'"b"']
    assert (made, service.connections) == (["lambda"] * 2, threads + 1)


def test_a_call_over_a_new_connection_is_not_made_again(service: KeepAlive) -> None:
    service.before_answer = lambda: HANGS_UP

    with pytest.raises(InvocationFailed, match="ConnectionClosedError"):
        call()

    assert service.got == [b'"a"']


def test_a_call_that_has_been_waited_for_is_not_made_again(service: KeepAlive) -> None:
    clock = Clock()
    call(context=clock)

    def hang_up_late() -> str:
        clock.seconds[0] += SECONDS_TO_NOTICE + 0.1
        return HANGS_UP

    service.before_answer = hang_up_late
    with pytest.raises(InvocationFailed, match="ConnectionClosedError"):
        call(b'"b"', context=clock)

    assert service.got == [b'"a"', b'"b"']


def test_a_client_that_was_idle_for_long_is_not_used_again(
    service: KeepAlive, made: list[str]
) -> None:
    clock = Clock()
    for pause in (0, LONGEST_IDLE_SECONDS, LONGEST_IDLE_SECONDS):
        clock.seconds[0] += pause
        call(context=clock)
    assert (made, service.connections) == (["lambda"], 1)

    clock.seconds[0] += LONGEST_IDLE_SECONDS + 0.1
    call(context=clock)

    assert (made, service.connections) == (["lambda"] * 2, 2)


def test_a_connection_that_only_a_busy_time_needed_is_not_used_again_much_later(
    service: KeepAlive, made: list[str]
) -> None:
    clock = Clock()
    threads = 2

    def at_once() -> None:
        service.before_answer = once_all_have_come(threads)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda number: call(context=clock), range(threads)))

    at_once()
    service.before_answer = lambda: ANSWERS
    for _ in range(int(LONGEST_KEPT_SECONDS / LONGEST_IDLE_SECONDS)):
        clock.seconds[0] += LONGEST_IDLE_SECONDS
        call(context=clock)
    assert (made, service.connections) == (["lambda"], threads)

    clock.seconds[0] += LONGEST_IDLE_SECONDS
    at_once()

    assert (made, service.connections) == (["lambda"] * 2, 2 * threads)
