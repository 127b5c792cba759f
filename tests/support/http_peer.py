"""A server on this machine that does what a test says with each connection: bytes, not manners."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Peer:
    """A server and what it has received."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def peer(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Serve one connection after the other; each request is read before `behaviour` is called."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = Peer(listening.getsockname()[1])
        thread = threading.Thread(
            target=_serve, args=(listening, serving, behaviour, context), daemon=True
        )
        thread.start()
        try:
            yield serving
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(
    listening: socket.socket, serving: Peer, behaviour: Behaviour, context: ssl.SSLContext | None
) -> None:
    while True:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        with suppress(OSError):
            connection = context.wrap_socket(accepted, server_side=True) if context else accepted
            with connection:
                serving.requests.append(_request(connection))
                behaviour(connection)
        accepted.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(sizes[0].split(b":")[1]) - len(body) if sizes else 0
    while missing > 0:
        more = _some(connection)
        missing -= len(more)
        received += more
    return received


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise ConnectionError
    return received


def saying(answer: bytes) -> Behaviour:
    """Send an answer, and hang up."""
    return lambda connection: connection.sendall(answer)


def dripping(answer: bytes) -> Behaviour:
    """Send a byte at a time without end, so that each single read is answered soon."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(answer)
        while True:
            time.sleep(0.005)
            connection.sendall(b"x")

    return drip


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side hangs up."""
    connection.recv(1)
