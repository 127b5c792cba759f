"""A stand-in for a server of chat completions: it remembers requests, and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What the server was sent. The names of `headers` are in lower case; a GET has no body."""

    path: str
    headers: dict[str, str]
    body: Any = None
    content: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What the server answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


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
    """On a port of its own, one thread a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            self.reply(json.loads(content), content)

        def do_GET(self) -> None:
            self.reply()

        def reply(self, body: Any = None, content: bytes = b"") -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Request(self.path, headers, body, content))
            with suppress(ConnectionError):  # a caller that has waited long enough is gone
                self.send_response(reply.status)
                for header, value in reply.headers.items():
                    self.send_header(header, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = ChatServer(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
