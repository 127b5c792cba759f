"""A server of HTTP that keeps connections open and says on each what a test has written down."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader

SECONDS = 60
_LINE = b"\r\n"


@dataclass(frozen=True)
class Request:
    """What was received on a connection, which are counted from 1. Names are in lower case."""

    connection: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Step:
    """What is done with a request."""

    said: bytes = b""
    closes: bool = False
    """Hang up afterwards."""
    comes_late: bool = False
    """Do so only when the client has hung up, or has sent more on this connection."""


@dataclass
class Server:
    port: int
    requests: list[Request] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set whenever the server has hung up."""
    steps: int = 0
    """How many have been begun."""
    _begun: threading.Condition = field(default_factory=threading.Condition)

    def begin(self) -> None:
        with self._begun:
            self.steps += 1
            self._begun.notify_all()

    def wait_for_step(self, number: int) -> None:
        """Wait until this step is begun. A client that gives up may be faster than the server."""
        with self._begun:
            assert self._begun.wait_for(lambda: self.steps >= number, SECONDS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Answer = Callable[[Request], Step]


def http(body: bytes = b"{}", status: int = 200, **headers: str) -> bytes:
    """An answer as it goes over the wire. `_` in the name of a header stands for `-`."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status} X", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def one_by_one(steps: Sequence[Step]) -> Answer:
    """Each request has the next step. One more than there are steps is a mistake of the test."""
    left = iter(steps)
    return lambda request: next(left, Step(http(b'{"__type":"TooMany"}', 418)))


@contextmanager
def scripted(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on a port of its own, each connection in a thread. With `context`, over TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        server = Server(listening.getsockname()[1])
        open_ones: list[socket.socket] = []
        accepting = threading.Thread(
            target=_accept, args=(listening, server, answer, context, open_ones), daemon=True
        )
        accepting.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in open_ones:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _accept(
    listening: socket.socket,
    server: Server,
    answer: Answer,
    context: ssl.SSLContext | None,
    open_ones: list[socket.socket],
) -> None:
    while True:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        open_ones.append(accepted)
        given = (accepted, len(open_ones), server, answer, context)
        threading.Thread(target=_serve, args=given, daemon=True).start()


def _serve(
    accepted: socket.socket,
    number: int,
    server: Server,
    answer: Answer,
    context: ssl.SSLContext | None,
) -> None:
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError), accepted:
        connection = context.wrap_socket(accepted, server_side=True) if context else accepted
        with connection, connection.makefile("rb") as incoming:
            while head := _head(incoming):
                body = incoming.read(int(head["content-length"]))
                request = Request(number, head, body)
                server.requests.append(request)
                step = answer(request)
                server.begin()
                if step.comes_late:
                    incoming.peek(1)
                connection.sendall(step.said)
                if step.closes:
                    break
        server.hung_up.set()


def _head(incoming: BufferedReader) -> dict[str, str]:
    """The headers of the next request; none where the other side has hung up."""
    headers: dict[str, str] = {}
    while (line := incoming.readline()) not in (_LINE, b""):
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    return headers
