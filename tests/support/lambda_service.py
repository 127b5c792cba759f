"""A stand-in for AWS Lambda: a server on this machine that speaks the Invoke API."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

PREFIX, SUFFIX = "/2015-03-31/functions/", "/invocations"
LARGEST = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}


@dataclass(frozen=True)
class Invocation:
    """What Lambda was asked for."""

    function: str
    kind: str
    payload: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.payload)


@dataclass(frozen=True)
class Reply:
    """What Lambda answers: a function's return value, its error, or a refusal."""

    body: bytes = b"null"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def returning(value: Any) -> Reply:
    return Reply(json.dumps(value).encode())


def raising(kind: str, message: str) -> Reply:
    """As a function's exception comes back."""
    said = {"errorType": kind, "errorMessage": message}
    return Reply(json.dumps(said).encode(), headers={"X-Amz-Function-Error": "Unhandled"})


def refusing(status: int, code: str, message: str = "arn:aws:iam::1:role/secret") -> Reply:
    """As Lambda refuses to invoke a function."""
    body = json.dumps({"Type": "User", "message": message}).encode()
    return Reply(body, status, {"x-amzn-ErrorType": code})


class LambdaService:
    """Records the invocations, and answers as each function was deployed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.invocations: list[Invocation] = []
        self.functions: dict[str, Callable[[Any], Reply]] = {}

    def deploy(self, name: str, reply: Reply | Callable[[Any], Reply]) -> None:
        self.functions[name] = reply if callable(reply) else lambda event: reply

    def answer(self, invocation: Invocation) -> Reply:
        self.invocations.append(invocation)
        if len(invocation.payload) > LARGEST[invocation.kind]:
            return refusing(413, "RequestTooLargeException")
        function = self.functions.get(invocation.function)
        if function is None:
            return refusing(404, "ResourceNotFoundException")
        reply = function(invocation.event)
        if invocation.kind == "Event" and reply.status == 200:
            return Reply(b"", 202)
        return reply


@contextmanager
def serving() -> Iterator[LambdaService]:
    """On a port of its own, one thread a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            assert self.path.startswith(PREFIX)
            name = unquote(self.path.removeprefix(PREFIX).removesuffix(SUFFIX))
            kind = self.headers.get("x-amz-invocation-type", "RequestResponse")
            reply = service.answer(Invocation(name, kind, self.rfile.read(size)))
            with suppress(ConnectionError):  # a caller that has waited long enough is gone
                self.reply(reply)

        def reply(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for header, value in reply.headers.items():
                self.send_header(header, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *given: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = LambdaService(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
