"""One HTTP request to a server that is not AWS: bounded in time and size, and to a checked address.

The standard library's client suffices: nothing is redirected, repeated, pooled or decompressed.
Each operation of the socket has only the time that is left of the whole request.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from botocore.httpsession import where

from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import addresses
from ai_coordination.clients.addresses import LookUp
from ai_coordination.clients.bounded_sockets import Bounded, BoundedTls, Bounds, TooMuch
from ai_coordination.clients.http_reply import FinalResponse, Reply
from ai_coordination.context import InvocationContext

__all__ = [
    "NotAnswered",
    "Reply",
    "Resolver",
    "delete",
    "get",
    "post",
    "tls_context",
]

LARGEST_ANSWER_BYTES: Final = 4 * 1024 * 1024
LONGEST_CONNECT_SECONDS: Final = 5.0
MOST_ADDRESSES: Final = 3
KEEPALIVE_SECONDS: Final = 60
# Of what is received in addition to the body. A chunk of a single byte is sent as six bytes.
LARGEST_HEAD_BYTES: Final = 1024 * 1024
FRAMED: Final = 8

BROKEN: Final = "The connection broke in the middle of the answer"
COMPRESSED: Final = "The answer is compressed, and the engine has asked for one that is not"

_OK = 200
_READ_BYTES = 65_536

IsEnough = Callable[[bytes], bool]
"""Called with each piece of a stream of events: whether all that is needed has arrived."""


class NotAnswered(Exception):
    """The server did not answer, or its answer cannot be used (`is_unusable`).

    `notes` are for the tenant.
    """

    def __init__(
        self,
        notes: str,
        *,
        retryable: bool = True,
        timed_out: bool = False,
        is_unusable: bool = False,
    ) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.timed_out = timed_out
        self.is_unusable = is_unusable

    def notes_of(self, what: str) -> str:
        """The notes of an attempt. `what` was asked."""
        problem = "gave no usable answer" if self.is_unusable else "could not be reached"
        return f"{what} {problem}. {self.notes}"


class Resolver(NamedTuple):
    """How names become addresses, and which roots certificates need: tests have their own."""

    addresses: LookUp | None = None
    context: Callable[[], ssl.SSLContext] | None = None


SYSTEM: Final = Resolver()


def post(
    server: Server,
    allowed: AllowedHost,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
    *,
    context: InvocationContext,
    largest: int = LARGEST_ANSWER_BYTES,
    resolver: Resolver = SYSTEM,
    is_enough: IsEnough | None = None,
) -> Reply:
    """Send a POST once, and return the answer. Raises NotAnswered.

    `seconds` is the time for all of it: the name, the connection, the request and the answer. A
    server may keep a stream of events open after the last one, so it is read only until
    `is_enough` says so.
    """
    request = _Request("POST", headers, body, largest, is_enough)
    return _send(server, allowed, request, _bounds(context, seconds, largest), resolver)


def get(
    server: Server,
    allowed: AllowedHost,
    headers: Mapping[str, str],
    seconds: float,
    *,
    context: InvocationContext,
    largest: int = LARGEST_ANSWER_BYTES,
) -> Reply:
    """Send a GET once: as `post`."""
    request = _Request("GET", headers, None, largest)
    return _send(server, allowed, request, _bounds(context, seconds, largest), SYSTEM)


def delete(
    server: Server,
    allowed: AllowedHost,
    headers: Mapping[str, str],
    seconds: float,
    *,
    context: InvocationContext,
) -> Reply:
    """Send a DELETE once: as `post`."""
    request = _Request("DELETE", headers, None, LARGEST_ANSWER_BYTES)
    bounds = _bounds(context, seconds, LARGEST_ANSWER_BYTES)
    return _send(server, allowed, request, bounds, SYSTEM)


class _Request(NamedTuple):
    """What is sent, and how much of an answer is read."""

    method: str
    headers: Mapping[str, str]
    body: bytes | None
    largest: int
    is_enough: IsEnough | None = None


def _send(
    server: Server,
    allowed: AllowedHost,
    request: _Request,
    bounds: Bounds,
    resolver: Resolver,
) -> Reply:
    try:
        connected = _connect(server, allowed, bounds, resolver)
        try:
            return _exchange(server, connected, request, bounds)
        finally:
            connected.close()
    except TimeoutError:
        raise NotAnswered("The server has not answered in time", timed_out=True) from None
    except TooMuch:
        raise _unusable("The answer has too much around its body") from None
    except ssl.SSLCertVerificationError as error:
        notes = f"The server's certificate is not valid: {error.verify_message}"
        raise NotAnswered(notes, retryable=False) from None
    except OSError as error:
        raise NotAnswered(f"The connection broke ({type(error).__name__})") from None
    except http.client.IncompleteRead:
        raise _unusable(BROKEN, retryable=True) from None
    except http.client.HTTPException as error:
        # The text of these is a line that the server has sent.
        is_line = isinstance(error, http.client.BadStatusLine | http.client.UnknownProtocol)
        notes = f"The answer is not valid HTTP{'' if is_line else f': {error}'}"
        raise _unusable(notes, retryable=True) from None
    except ValueError:
        # A header's value that is not one. Its text may be a secret, so it is not repeated.
        raise NotAnswered("The request is not valid HTTP", retryable=False) from None


def _exchange(server: Server, connected: socket.socket, request: _Request, bounds: Bounds) -> Reply:
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.response_class = FinalResponse
    connection.sock = connected
    path = f"{server.path}?{server.query}" if server.query else server.path
    fixed = {"Host": server.authority, "Accept-Encoding": "identity", "Connection": "close"}
    connection.request(request.method, path, request.body, {**request.headers, **fixed})
    with connection.getresponse() as response:
        if bounds.has_ended:
            # `http.client` takes the end of the connection for the end of the headers.
            raise _unusable(BROKEN, retryable=True)
        names = {name.lower(): value for name, value in response.getheaders()}
        reply = Reply(response.status, names, b"")
        if reply.status == _OK and reply.is_compressed:
            raise _unusable(COMPRESSED)
        is_enough = request.is_enough if reply.has_events else None
        # `read` waits for as many bytes as it is asked for, `read1` for any.
        read = response.read1 if is_enough else response.read
        answer = bytearray()
        while piece := read(_READ_BYTES):
            answer += piece
            if len(answer) > request.largest:
                raise _unusable(f"The answer is larger than {request.largest:,} bytes")
            if is_enough and is_enough(piece):
                return reply._replace(body=bytes(answer))
        if response.length and not is_enough:
            raise _unusable(BROKEN, retryable=True)
        return reply._replace(body=bytes(answer))


def _unusable(notes: str, *, retryable: bool = False) -> NotAnswered:
    return NotAnswered(notes, retryable=retryable, is_unusable=True)


def _bounds(context: InvocationContext, seconds: float, largest: int) -> Bounds:
    return Bounds(context.within(seconds), LARGEST_HEAD_BYTES + FRAMED * largest)


def _connect(
    server: Server, allowed: AllowedHost, bounds: Bounds, resolver: Resolver
) -> socket.socket:
    """Connect to an address that was checked: the name is not resolved again.

    If an address does not take the connection, the next one is tried: nothing has been sent yet.
    """
    look_up = resolver.addresses or addresses.look_up
    found = addresses.resolve(server.host, server.port, bounds.left(), look_up)
    bounds.left()
    if not found:
        raise NotAnswered(f"{server.host} has no address")
    public = [address for address in found if addresses.may_call(address, private=allowed.private)]
    if not public:
        notes = f"The address of {server.host} is private, and the engine does not call it"
        raise NotAnswered(notes, retryable=False)
    for address in public[:MOST_ADDRESSES]:
        try:
            plain = _opened(address, server.port, bounds)
        except TimeoutError:
            bounds.left()
        except OSError:
            continue
        else:
            return _secured(plain, server, bounds, resolver)
    raise NotAnswered(f"{server.authority} does not accept connections")


def _opened(address: str, port: int, bounds: Bounds) -> Bounded:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = Bounded(family, socket.SOCK_STREAM)
    opened.bounds = bounds
    try:
        opened.settimeout(min(LONGEST_CONNECT_SECONDS, bounds.left()))
        opened.connect((address, port))
    except BaseException:
        opened.close()
        raise
    # A model may think for minutes, and networks forget connections that are silent for so long.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _secured(plain: Bounded, server: Server, bounds: Bounds, resolver: Resolver) -> socket.socket:
    """The connection, over TLS if the URL says so. The certificate must be the host's."""
    if server.scheme == "http":
        return plain
    try:
        plain.settimeout(bounds.left())
        context = (resolver.context or _context)()
        wrapped = context.wrap_socket(plain, server_hostname=server.host)
    except BaseException:
        plain.close()
        raise
    assert isinstance(wrapped, BoundedTls)  # noqa: S101 - the context says so
    wrapped.bounds = bounds
    return wrapped


def tls_context(roots: str) -> ssl.SSLContext:
    """A context that trusts the roots in a file."""
    context = ssl.create_default_context(cafile=roots)
    context.sslsocket_class = BoundedTls
    return context


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    return tls_context(where())
