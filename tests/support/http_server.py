"""A server of HTTP on this machine, one thread a request: the stand-ins of other sides use it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request. The names of `headers` are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True)
class Reply:
    """What the server answers, as it is."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(answer: Callable[[Received], Reply]) -> Iterator[str]:
    """Answer requests on a port of its own. Yields the URL, without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.reply(self.rfile.read(int(self.headers["content-length"])))

        def do_GET(self) -> None:
            self.reply(b"")

        def do_DELETE(self) -> None:
            self.reply(b"")

        def reply(self, content: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = answer(Received(self.command, self.path, headers, content))
            with suppress(ConnectionError):  # a caller that has waited long enough is gone
                self.send_response(reply.status)
                sent = {"content-length": str(len(reply.body)), **reply.headers}
                for header, value in sent.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(reply.body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()
