"""A client of servers of the Model Context Protocol, over streamable HTTP: their tools, no more.

Servers of 2026-07-28 answer single requests, without a session. Older ones begin with a handshake,
and may keep a session, which is deleted at the end. Which of the two a server is, is asked once and
remembered.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Final, NamedTuple

from ai_coordination.clients import mcp_wire
from ai_coordination.clients.http import NotAnswered
from ai_coordination.clients.mcp_session import (
    Connection,
    McpFailed,
    Modern,
    Older,
    RpcError,
    Target,
    is_about_the_era,
)
from ai_coordination.clients.secrets import SecretUnavailable
from ai_coordination.context import InvocationContext

MOST_PAGES: Final = 20
MOST_TOOLS: Final = 500
# Of a server's whole list. Workers keep lists, and wait for many tenants' agents in one process.
LARGEST_LIST_CHARACTERS: Final = 1_000_000
MOST_STATES: Final = 3
ERA_KEPT_SECONDS: Final = 3_600.0
MOST_ERAS: Final = 1_000

_INVALID_PARAMS: Final = -32602


class StateExpired(Exception):
    """The server no longer accepts the state that it gave with its question."""


class ServersTool(NamedTuple):
    """A tool, as its server describes it."""

    name: str
    description: str
    schema: Mapping[str, Any]

    @property
    def size(self) -> int:
        """How many characters describe it."""
        return len(self.name) + len(self.description) + len(mcp_wire.dumps(self.schema))


class Called(NamedTuple):
    """The result of a tool."""

    text: str
    is_error: bool


class InputRequired(NamedTuple):
    """The tool wants something first. It is called again, with the answers and this `state`."""

    requests: Mapping[str, Any]
    state: str | None


class Eras:
    """Which servers are known to be of which era."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, bool]] = {}
        self._lock = threading.Lock()

    def is_modern(self, name: str, now: float) -> bool | None:
        """Whether a server is of 2026-07-28 or later. None if that is not known."""
        with self._lock:
            until, modern = self._kept.get(name, (now, False))
        return modern if now < until else None

    def remember(self, name: str, *, modern: bool, now: float) -> None:
        """Keep what a server is, for an hour."""
        with self._lock:
            if len(self._kept) >= MOST_ERAS:
                self._kept.clear()
            self._kept[name] = now + ERA_KEPT_SECONDS, modern

    def forget(self, name: str) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._kept.pop(name, None)


eras = Eras()


class McpServer:
    """One server, for the length of one run. Threads may share it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._name = target.name
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def tools(self, seconds: float) -> list[ServersTool]:
        """All tools of the server, within `seconds`. Raises McpFailed."""
        ends_at = self._target.context.within(seconds)
        found: list[ServersTool] = []
        cursor: Any = None
        for _ in range(MOST_PAGES):
            result = self._request("tools/list", {"cursor": cursor} if cursor else {}, ends_at)
            listed = result.get("tools")
            found += filter(None, map(_tool, listed if isinstance(listed, list) else []))
            if sum(tool.size for tool in found) > LARGEST_LIST_CHARACTERS:
                notes = f"The list has more than {LARGEST_LIST_CHARACTERS:,} characters"
                raise McpFailed(notes, retryable=False)
            cursor = result.get("nextCursor")
            if not cursor or len(found) >= MOST_TOOLS:
                break
        return found[:MOST_TOOLS]

    def call(
        self,
        tool: ServersTool,
        arguments: Mapping[str, Any],
        seconds: float,
        *,
        responses: Mapping[str, Any] | None = None,
        state: str | None = None,
    ) -> Called | InputRequired:
        """Call a tool, within `seconds`. Raises McpFailed; StateExpired if there is a `state`."""
        ends_at = self._target.context.within(seconds)
        given: dict[str, Any] = {"name": tool.name, "arguments": arguments}
        headers = mcp_wire.mirrored_headers(tool.schema, arguments)
        for _ in range(MOST_STATES):
            if responses is not None:
                given["inputResponses"] = responses
            if state is not None:
                given["requestState"] = state
            try:
                result = self._request("tools/call", given, ends_at, headers)
            except RpcError as error:
                if state is not None and _is_about_the_state(error):
                    raise StateExpired from error
                return Called(error.notes, is_error=True)
            if result.get("resultType") != "input_required":
                return _called(result)
            requests, state = _wanted(result)
            if requests:
                return InputRequired(requests, state)
            # It wants only to be called again, with its state.
            given.pop("inputResponses", None)
            responses = None
        raise McpFailed("The tool server asks for nothing, again and again")

    def close(self, ends_at: InvocationContext) -> None:
        """End the session, if there is one and time is left. Raises nothing."""
        connection, self._connection = self._connection, None
        if not isinstance(connection, Older) or connection.session is None:
            return
        if not ends_at.is_over():
            with suppress(NotAnswered, SecretUnavailable):
                self._target.delete(connection.headers(), ends_at)

    def _request(
        self,
        method: str,
        params: Mapping[str, Any],
        ends_at: InvocationContext,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """The result of a request. Raises McpFailed, RpcError."""
        connection = self._connected(ends_at)
        try:
            return connection.request(method, params, ends_at, headers or {})
        except McpFailed as failed:
            if not is_about_the_era(failed, connection):
                raise
            again = self._reconnected(connection, ends_at)
            if again is None:
                raise
        # The server has not understood the request, so it has not begun any work.
        return again.request(method, params, ends_at, headers or {})

    def _connected(self, ends_at: InvocationContext) -> Connection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect(ends_at)
            return self._connection

    def _reconnected(self, before: Connection, ends_at: InvocationContext) -> Connection | None:
        """A new connection, if the server is of another era by now, or has lost its session."""
        with self._lock:
            if self._connection is before:
                eras.forget(self._name)
                self._connection = self._connect(ends_at)
            again = self._connection
        has_lost_it = isinstance(before, Older) and before.session is not None
        return again if has_lost_it or type(again) is not type(before) else None

    def _connect(self, ends_at: InvocationContext) -> Connection:
        now = self._target.context.monotonic()
        modern = eras.is_modern(self._name, now)
        if modern is None:
            modern = Modern(self._target, self._numbers).answers(ends_at)
        made: Connection
        if modern:
            made = Modern(self._target, self._numbers)
        else:
            made = Older(self._target, self._numbers)
            made.shake_hands(ends_at)
        eras.remember(self._name, modern=modern, now=now)
        return made


def _tool(listed: Any) -> ServersTool | None:
    """A tool of a list. None if it is described in a way that no model could be told."""
    if not isinstance(listed, Mapping):
        return None
    name, schema = listed.get("name"), listed.get("inputSchema")
    description = listed.get("description") or listed.get("title") or ""
    if not isinstance(name, str) or not 0 < len(name) <= 256 or not isinstance(description, str):
        return None
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return None
    return ServersTool(name, description, schema)


def _called(result: Mapping[str, Any]) -> Called:
    """The texts of a result; or else its structured content."""
    content = result.get("content")
    text = "\n".join(map(_text, content if isinstance(content, list) else []))
    structured = result.get("structuredContent")
    if not text.strip() and structured is not None:
        text = mcp_wire.dumps(structured)
    return Called(text, is_error=result.get("isError") is True)


def _text(block: Any) -> str:
    block = block if isinstance(block, Mapping) else {}
    resource = block.get("resource")
    inner = resource if isinstance(resource, Mapping) else block
    text = inner.get("text")
    if isinstance(text, str):
        return text
    uri = inner.get("uri")
    return uri if isinstance(uri, str) else f"({str(block.get('type'))[:32]}, left out)"


def _wanted(result: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    requests, state = result.get("inputRequests"), result.get("requestState")
    if not isinstance(requests, Mapping) or not all(
        isinstance(request, Mapping) for request in requests.values()
    ):
        requests = {}
    state = state if isinstance(state, str) else None
    if not requests and state is None:
        raise McpFailed("The tool server wants something that it does not name")
    return requests, state


def _is_about_the_state(error: RpcError) -> bool:
    data = error.data if isinstance(error.data, Mapping) else {}
    named = data.get("reason") == "invalid_request_state" or "requeststate" in error.notes.lower()
    return error.code == _INVALID_PARAMS and named
