"""The HTTP front: GraphQL for programs, the explorer for browsers, one thread a request."""

import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Iterable
from errno import EADDRINUSE
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ai_coordination.handler import handler
from ai_coordination.local import gateway, page
from ai_coordination.local.runtime import LambdaContext

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/graphql"

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound by it
UNFRAMED = {"content-security-policy": "frame-ancestors 'none'", "x-frame-options": "DENY"}


class CannotListen(Exception):
    """The address is taken, or not this machine's. The message names it."""


class _Silent(WSGIRequestHandler):
    """Requests are reported by the application, which knows how they went."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def listen(host: str, port: int) -> BaseWSGIServer:
    """A server that has its port, and answers once `serve()` is called; port 0 is a free one.

    Raises CannotListen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family, backlog=128) as bound:
            port, fd = bound.getsockname()[1], bound.fileno()
            app = guarded(application, host)
            return make_server(host, port, app, True, request_handler=_Silent, fd=fd)
    except OSError as error:
        hint = f": choose another with {_option()}" if error.errno == EADDRINUSE else ""
        reason = str(error.strerror).partition(" (while")[0]
        raise CannotListen(f"Cannot listen at {host}:{port}, {reason}{hint}") from error


def _option() -> str:
    """How another port is chosen, by make (which says so) or by hand."""
    return "PORT=" if "MAKELEVEL" in os.environ else "--port"


def guarded(application: "WSGIApplication", host: str) -> "WSGIApplication":
    """An application that only pages of this very server can use through a browser.

    A page whose name is made to lead here (DNS rebinding) is of another origin, and so is one that
    shows the explorer in a frame, for a click that somebody does not mean.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not _is_named(environ.get("HTTP_HOST", ""), host):
            return gateway.misdirected()(environ, start_response)

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, *UNFRAMED.items()], *more)

        return application(environ, started)

    return answer


def _is_named(given: str, host: str) -> bool:
    """Whether a `Host` header names a loopback address, or what the server was told to listen at.

    At all addresses, any address will do: only a name can be made to lead elsewhere.
    """
    try:
        name = urlsplit(f"//{given}").hostname or ""
        if name in ("localhost", host.lower()):
            return True
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or host in ANYWHERE


def url(server: BaseWSGIServer) -> str:
    """Where a client on this machine finds it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - no bind
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}{PATH}"


def serve(server: BaseWSGIServer) -> None:
    """Answer until Ctrl-C or SIGTERM."""
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, signal.default_int_handler)
    server.serve_forever()


@Request.application
def application(request: Request) -> Response:
    """Any request to the server."""
    if request.path == "/":
        return redirect(PATH)
    if request.path.startswith("/graphiql/"):
        found = page.file(request.path.removeprefix("/graphiql/"))
        return found.make_conditional(request) if found else gateway.not_found()
    if request.path != PATH:
        return gateway.not_found()
    if page.is_wanted(request):
        return page.file("index.html") or gateway.not_found()
    return _graphql(request)


def _graphql(request: Request) -> Response:
    started = time.perf_counter()
    response = _invoked(request)
    milliseconds = (time.perf_counter() - started) * 1000
    _report(request, response, milliseconds)
    return response


def _invoked(request: Request) -> Response:
    try:
        event = gateway.event_of(request)
        return gateway.response_of(handler(event, LambdaContext()))
    except RequestEntityTooLarge:
        return gateway.too_large()
    except Exception:  # noqa: BLE001 - the entry point: as Lambda, it reports and goes on
        traceback.print_exc()
        return gateway.failure()


def _report(request: Request, response: Response, milliseconds: float) -> None:
    line = f"{time.strftime('%H:%M:%S')} {request.method} {request.path} {response.status_code}"
    print(f"{line} {milliseconds:.0f} ms{_codes(response)}", flush=True)


def _codes(response: Response) -> str:
    """The codes of a GraphQL answer's errors: its status is 200 with them as without."""
    if not response.is_json or b'"errors"' not in response.data:
        return ""
    errors: list[dict[str, Any]] = json.loads(response.data).get("errors", [])
    return "".join(f" {error.get('extensions', {}).get('code', '')}" for error in errors[:5])
