"""A scripted MCP server: of either era, with events or without, and as wrong as a test wants it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support import http_server
from tests.support.http_server import Received, Reply

MODERN, OLDER = "2026-07-28", "2025-11-25"
ANY_OBJECT = {"type": "object"}

Function = Callable[[dict[str, Any]], Any]
"""From the params of `tools/call` to its result, to a text, or to a reply as it is."""


@dataclass(frozen=True)
class Request:
    """What the server was sent. The names of `headers` are in lower case."""

    http: str
    headers: dict[str, str]
    message: Any

    @property
    def method(self) -> str:
        return self.message["method"] if self.message else self.http


class Refused(Exception):
    """An error of JSON-RPC."""

    def __init__(self, code: int, message: str, data: Any = None, status: int = 200) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data else {})
        self.status = status


@dataclass
class McpServer:
    """What the server does, and what it was asked."""

    url: str
    version: str = MODERN
    has_sessions: bool = True
    has_events: bool = False
    tools: dict[str, Function] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    # By method: a reply in place of the usual one.
    raw: dict[str, Callable[[Any], Reply]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.method in self.raw:
            return self.raw[request.method](request.message)
        if request.http == "DELETE":
            self.sessions.discard(request.headers["mcp-session-id"])
            return Reply(b"", 200)
        message = request.message
        headers: dict[str, str] = {}
        if "id" not in message:
            return Reply(b"", 202)
        try:
            result, headers = self._result(request, message["method"], message["params"])
            if isinstance(result, Reply):
                return result
            body, status = {"result": result}, 200
        except Refused as refused:
            body, status = {"error": refused.error}, refused.status
        text = json.dumps({"jsonrpc": "2.0", "id": message["id"], **body})
        if not self.has_events:
            return Reply(text.encode(), status, {"content-type": "application/json", **headers})
        told = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
        events = f"event: message\ndata: {json.dumps(told)}\n\nid: 1\r\ndata: {text}\r\n\r\n"
        return Reply(events.encode(), status, {"content-type": "text/event-stream", **headers})

    def _result(self, request: Request, method: str, params: Any) -> tuple[Any, dict[str, str]]:
        if self.version == MODERN:
            self._check_modern(request, method, params)
            if method == "server/discover":
                return {"supportedVersions": [MODERN], "capabilities": {}}, {}
        elif method == "initialize":
            session = f"s-{len(self.requests)}"
            self.sessions.add(session)
            headers = {"mcp-session-id": session} if self.has_sessions else {}
            return {"protocolVersion": self.version, "capabilities": {}}, headers
        elif self.has_sessions and request.headers.get("mcp-session-id") not in self.sessions:
            status = 404 if "mcp-session-id" in request.headers else 400
            raise Refused(-32600, "Bad Request: no session", status=status)
        if method == "tools/list":
            return {"tools": [self._described(name) for name in self.tools]}, {}
        if method != "tools/call":
            raise Refused(-32601, "Method not found")
        if params["name"] not in self.tools:
            raise Refused(-32602, f"Unknown tool: {params['name']}")
        result = self.tools[params["name"]](params)
        if isinstance(result, str):
            result = {"content": [{"type": "text", "text": result}]}
        return result, {}

    def _check_modern(self, request: Request, method: str, params: Any) -> None:
        meta = params["_meta"]
        assert meta["io.modelcontextprotocol/protocolVersion"] == MODERN
        assert meta["io.modelcontextprotocol/clientCapabilities"] == {"elicitation": {"form": {}}}
        if method == "initialize":
            raise Refused(-32601, "Method not found", status=404)
        expected = {"mcp-protocol-version": MODERN, "mcp-method": method}
        if method == "tools/call":
            expected["mcp-name"] = params["name"]
        given = {name: request.headers.get(name) for name in expected}
        if given != expected:
            raise Refused(-32020, "Header mismatch", status=400)

    def _described(self, name: str) -> dict[str, Any]:
        schema = self.schemas.get(name, ANY_OBJECT)
        return {"name": name, "description": f"About {name}", "inputSchema": schema}


@contextmanager
def serving() -> Iterator[McpServer]:
    """A server without tools."""
    server = McpServer("")

    def answer(given: Received) -> Reply:
        message = json.loads(given.content) if given.content else None
        return server.answer(Request(given.method, given.headers, message))

    with http_server.serving(answer) as url:
        server.url = f"{url}/mcp"
        yield server
