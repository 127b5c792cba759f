"""A stand-in for a server of chat completions: it remembers requests, and answers as it is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support import http_server
from tests.support.http_server import Received, Reply


@dataclass(frozen=True)
class Request:
    """What the server was sent. The names of `headers` are in lower case; a GET has no body."""

    path: str
    headers: dict[str, str]
    body: Any = None
    content: bytes = b""


Behaviour = Callable[[Request], Reply]


def saying(text: Any, finish_reason: str | None = "stop", **more: Any) -> Reply:
    """A completion. `more` are members of the message."""
    message = {"role": "assistant", "content": text, **more}
    return replying({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]})


def replying(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON document; of an answer with status 200 it is a completion's, with its usage."""
    if status == 200 and isinstance(body, dict):
        usage = {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37}
        body = {"id": "c-1", "object": "chat.completion", "model": "m-1", "usage": usage, **body}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, named)


def refusing(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """An error as OpenAI's API describes it."""
    return replying({"error": {"message": message, "type": "t", "code": code}}, status, **headers)


class ChatServer:
    """A server at `url`; `behaviour` answers, and `requests` are what it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.behaviour: Behaviour = lambda request: saying("Done")

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.behaviour(request)

    def answers(self, *replies: Reply) -> None:
        """Give these replies, one after the other, and the last one again and again."""
        left = list(replies)
        self.behaviour = lambda request: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving() -> Iterator[ChatServer]:
    """A server that answers "Done" until it is told otherwise."""
    server = ChatServer("")

    def answer(given: Received) -> Reply:
        body = json.loads(given.content) if given.content else None
        return server.answer(Request(given.path, given.headers, body, given.content))

    with http_server.serving(answer) as server.url:
        yield server
