"""The HTTP server: GraphQL and callbacks for programs, the console and GraphiQL for browsers.

Each request has a thread of its own.
"""

import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import EACCES, EADDRINUSE
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ai_coordination.config import settings
from ai_coordination.engine.agent import callbacks
from ai_coordination.handler import handler
from ai_coordination.local import console_files, gateway, graphiql, signed_in
from ai_coordination.local.functions.invoke_api import Functions
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.printing import Polls, is_query, operation_of, say

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/graphql"
FUNCTIONS = Functions()

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound by it
UNFRAMED = {"content-security-policy": "frame-ancestors 'none'", "x-frame-options": "DENY"}


class CannotListen(Exception):
    """The address is in use, or does not belong to this machine. The message names it."""


class _Silent(WSGIRequestHandler):
    """A request handler that logs nothing: the application logs requests with their results."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def listen(host: str, port: int, answering: "WSGIApplication | None" = None) -> BaseWSGIServer:
    """Bind a server to its port. It answers after `serve()` is called. Port 0 takes a free port.

    `answering` is an application other than `application`. Raises CannotListen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family, backlog=128) as bound:
            port, fd = bound.getsockname()[1], bound.fileno()
            app = guarded(answering or application, host)
            return make_server(host, port, app, True, request_handler=_Silent, fd=fd)
    except OSError as error:
        is_port = error.errno in (EADDRINUSE, EACCES)
        hint = f". Choose another port with {_option()}" if is_port else ""
        reason = str(error.strerror).partition(" (while")[0]
        raise CannotListen(f"Cannot listen on {host}:{port}: {reason}{hint}") from error


def _option() -> str:
    """Return how to choose another port: with make, or on the command line."""
    return "PORT=" if "MAKELEVEL" in os.environ else "--port"


def guarded(application: "WSGIApplication", host: str) -> "WSGIApplication":
    """Wrap an application so that web pages of other origins cannot use it.

    Rejects host names other than the server's own (DNS rebinding), and forbids frames
    (clickjacking).
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not _is_named(environ.get("HTTP_HOST", ""), host):
            return gateway.misdirected()(environ, start_response)

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            present = {name.lower() for name, _ in headers}
            missing = [(name, value) for name, value in UNFRAMED.items() if name not in present]
            return start_response(status, [*headers, *missing], *more)

        return application(environ, started)

    return answer


def _is_named(host_header: str, host: str) -> bool:
    """Return whether a `Host` header names a loopback address or the server's own host.

    A server that listens on all addresses accepts any address. Only names can be rebound.
    """
    try:
        name = urlsplit(f"//{host_header}").hostname or ""
        if name in ("localhost", host.lower()):
            return True
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or host in ANYWHERE


def url(server: BaseWSGIServer, path: str = PATH) -> str:
    """Return the URL of the GraphQL endpoint, or of a path, for a client on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - no bind
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}{path}"


@contextmanager
def used_by(person: signed_in.Person | None) -> Iterator[None]:
    """Within the block a request that names no person comes from this one."""
    global _person  # noqa: PLW0603 - one server in a process
    before, _person = _person, person
    try:
        yield
    finally:
        _person = before


def serve(server: BaseWSGIServer) -> None:
    """Answer until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    server.serve_forever()


@Request.application
def application(request: Request) -> Response:
    """Answer a request: static files of the console or GraphiQL, a callback, or GraphQL."""
    if response := console_files.answer(request):
        return response
    if request.path.startswith("/graphiql/"):
        response = graphiql.file(request.path.removeprefix("/graphiql/"))
        return response.make_conditional(request) if response else gateway.not_found()
    if response := FUNCTIONS.answer(request):
        return response
    if request.path == PATH and graphiql.is_requested(request):
        return graphiql.file("index.html") or gateway.not_found()
    is_route = request.path == PATH or request.path.startswith(callbacks.PATH)
    return _answered(request) if is_route else gateway.not_found()


_polls = Polls()
_person: signed_in.Person | None = None


def _answered(request: Request) -> Response:
    started = time.perf_counter()
    response = _invoked(request)
    milliseconds = (time.perf_counter() - started) * 1000
    _report(request, response, milliseconds)
    return response


def _invoked(request: Request) -> Response:
    try:
        person = signed_in.of(dict(request.headers.items()), _person)
        authorizer = None if person is None else signed_in.authorizer(person, settings())
        event = gateway.event_of(request, authorizer)
        return gateway.response_of(handler(event, LambdaContext()))
    except RequestEntityTooLarge:
        return gateway.too_large()
    except Exception:  # noqa: BLE001 - an entry point: report the error and continue
        traceback.print_exc()
        return gateway.failure()


def _report(request: Request, response: Response, milliseconds: float) -> None:
    """Print a line. Of a query that a client repeats to see changes, only the first one has it."""
    body = request.get_data(as_text=True)
    name, codes = operation_of(body), _codes(response)
    called = f"{request.method} {request.path}{f' {name}' if name else ''}"
    reads = response.status_code == HTTPStatus.OK and not codes and is_query(body)
    if not (reads and _polls.is_repeat(body, time.monotonic())):
        say(f"{called} {response.status_code} {milliseconds:.0f} ms{codes}")


def _codes(response: Response) -> str:
    """Return the error codes of a GraphQL response, whose HTTP status is 200 even with errors."""
    if not response.is_json or b'"errors"' not in response.data:
        return ""
    errors: list[dict[str, Any]] = json.loads(response.data).get("errors", [])
    codes = [error.get("extensions", {}).get("code", "") for error in errors]
    return "".join(f" {code}" for code in list(dict.fromkeys(codes))[:5])
