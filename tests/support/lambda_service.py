"""A stand-in for AWS Lambda: a server on this machine that speaks the Invoke API."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.support import http_server
from tests.support.http_server import Received, Reply

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
    """A service without functions."""
    service = LambdaService("")

    def answer(given: Received) -> Reply:
        assert given.path.startswith(PREFIX)
        name = unquote(given.path.removeprefix(PREFIX).removesuffix(SUFFIX))
        kind = given.headers.get("x-amz-invocation-type", "RequestResponse")
        return service.answer(Invocation(name, kind, given.content))

    with http_server.serving(answer) as service.url:
        yield service
