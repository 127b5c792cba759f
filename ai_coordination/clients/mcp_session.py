"""How a server of the Model Context Protocol is asked, in each of the protocol's two eras."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ai_coordination import __version__
from ai_coordination.agent_hosts import AllowedHost, Server
from ai_coordination.clients import http, keys, mcp_wire
from ai_coordination.clients.http import IsEnough, NotAnswered, Reply
from ai_coordination.clients.keys import Key
from ai_coordination.clients.mcp_wire import Answers
from ai_coordination.clients.secrets import SecretUnavailable
from ai_coordination.context import InvocationContext

MODERN: Final = "2026-07-28"
LATEST_OLDER: Final = "2025-11-25"
OLDER: Final = frozenset({LATEST_OLDER, "2025-06-18", "2025-03-26", "2024-11-05"})
LONGEST_MESSAGE: Final = 2_000

_CLIENT: Final = {"name": "ai-coordination-engine", "version": __version__}
_FIXED: Final = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "user-agent": "ai-coordination-engine",
}
_META: Final = "io.modelcontextprotocol/"
# A server that is of the other era may say these, and nothing that has begun any work does.
_CODES_OF_ANOTHER_ERA: Final = frozenset({-32000, -32022, -32600, -32601})
_STATUSES_OF_ANOTHER_ERA: Final = frozenset({400, 404, 405, 406, 415})
# It may well be of 2026-07-28, but says nothing of it now.
_NOT_ABOUT_THE_ERA: Final = frozenset({401, 403, 408, 425, 429})
_MISSING: Final = 404
_INTERNAL_ERROR: Final = -32603


class McpFailed(Exception):
    """The server has not answered as it should. `notes` are for the tenant.

    `status` is that of its reply, and 0 without one.
    """

    def __init__(self, notes: str, *, retryable: bool = True, status: int = 0) -> None:
        notes = notes.encode(errors="replace").decode()[:LONGEST_MESSAGE]
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.status = status


class RpcError(McpFailed):
    """The server has answered with an error of its own."""

    def __init__(self, error: Any, status: int) -> None:
        given = error if isinstance(error, Mapping) else {}
        message, code = given.get("message"), given.get("code")
        said = message if isinstance(message, str) and message else "an error without a message"
        self.code = code if isinstance(code, int) else 0
        retryable = self.code == _INTERNAL_ERROR or status >= 500
        super().__init__(said, retryable=retryable, status=status)
        self.data = given.get("data")


class Target(NamedTuple):
    """A server, and the key that it wants. Requests raise NotAnswered and SecretUnavailable."""

    server: Server
    allowed: AllowedHost
    key: Key | None
    context: InvocationContext

    @property
    def name(self) -> str:
        """Its URL without the query, which may be particular to an agent."""
        return f"{self.server.scheme}://{self.server.authority}{self.server.path}"

    def post(
        self, headers: Mapping[str, str], body: bytes, ends_at: InvocationContext, reads: IsEnough
    ) -> Reply:
        """Send a POST. Of a stream of events, only as much is read as `reads` wants."""

        def ask(key: Mapping[str, str]) -> Reply:
            return http.post(
                self.server,
                self.allowed,
                {**_FIXED, **headers, **key},
                body,
                ends_at.seconds_left(),
                context=self.context,
                is_enough=reads,
            )

        return keys.ask_with(self.key, self.server, self.allowed, self.context, ask)

    def delete(self, headers: Mapping[str, str], ends_at: InvocationContext) -> Reply:
        """Send a DELETE."""

        def ask(key: Mapping[str, str]) -> Reply:
            given, left = {**headers, **key}, ends_at.seconds_left()
            return http.delete(self.server, self.allowed, given, left, context=self.context)

        return keys.ask_with(self.key, self.server, self.allowed, self.context, ask)


class Connection(ABC):
    """A way to ask one server. Threads may share it."""

    def __init__(self, target: Target, numbers: Iterator[int]) -> None:
        self._target = target
        # Requests that are sent at the same time need distinct ids.
        self._numbers = numbers

    @abstractmethod
    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        ends_at: InvocationContext,
        headers: Mapping[str, str],
    ) -> Mapping[str, Any]:
        """The result of a request. Raises McpFailed, RpcError."""

    def _ask(
        self,
        method: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        ends_at: InvocationContext,
    ) -> tuple[Mapping[str, Any], Reply]:
        number = next(self._numbers)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        reply = self._send(message, headers, ends_at, Answers(number))
        found = mcp_wire.answers_in(reply, number)
        if found.answer is None:
            raise _unanswered(reply, found)
        if "error" in found.answer:
            raise RpcError(found.answer["error"], reply.status)
        result = found.answer["result"]
        if not isinstance(result, Mapping):
            raise McpFailed("The tool server's result is not an object")
        return result, reply

    def _send(
        self,
        message: Mapping[str, Any],
        headers: Mapping[str, str],
        ends_at: InvocationContext,
        answers: Answers | None = None,
    ) -> Reply:
        body = json.dumps(message).encode()
        reads = (lambda _: False) if answers is None else answers.feed
        try:
            return self._target.post(headers, body, ends_at, reads)
        except NotAnswered as error:
            notes = error.notes_of("The tool server")
            if error.timed_out:
                notes = "The tool server has not answered in time"
            raise McpFailed(notes, retryable=error.retryable) from error
        except SecretUnavailable as error:
            raise McpFailed(error.notes, retryable=error.retryable) from error


class Modern(Connection):
    """Single requests, without a session: 2026-07-28."""

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        ends_at: InvocationContext,
        headers: Mapping[str, str],
    ) -> Mapping[str, Any]:
        meta = {
            f"{_META}protocolVersion": MODERN,
            f"{_META}clientInfo": _CLIENT,
            f"{_META}clientCapabilities": {"elicitation": {"form": {}}},
        }
        own = {"mcp-protocol-version": MODERN, "mcp-method": method}
        if "name" in params:
            own["mcp-name"] = mcp_wire.header(params["name"])
        result, _ = self._ask(method, {**params, "_meta": meta}, {**headers, **own}, ends_at)
        return result

    def answers(self, ends_at: InvocationContext) -> bool:
        """Whether the server is of this era. Raises McpFailed if that does not show."""
        try:
            versions = self.request("server/discover", {}, ends_at, {}).get("supportedVersions")
        except RpcError as error:
            if error.status in _NOT_ABOUT_THE_ERA or error.status >= 500:
                raise
            return False
        except McpFailed as failed:
            if not 400 <= failed.status < 500 or failed.status in _NOT_ABOUT_THE_ERA:
                raise
            return False
        return isinstance(versions, list) and MODERN in versions


class Older(Connection):
    """A handshake, and a session if the server wants one: 2025-11-25 and earlier."""

    session: str | None = None
    _version: str = LATEST_OLDER

    def shake_hands(self, ends_at: InvocationContext) -> None:
        """Begin. Raises McpFailed, RpcError."""
        params = {"protocolVersion": LATEST_OLDER, "capabilities": {}, "clientInfo": _CLIENT}
        result, reply = self._ask("initialize", params, {}, ends_at)
        version = result.get("protocolVersion")
        if version not in OLDER:
            notes = f"The tool server speaks another version of MCP: {str(version)[:64]}"
            raise McpFailed(notes, retryable=False)
        self._version = str(version)
        self.session = reply.headers.get("mcp-session-id")
        told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        status = self._send(told, self.headers(), ends_at).status
        if not 200 <= status < 300:
            raise McpFailed(f"The tool server answered {status} to the handshake", status=status)

    def headers(self) -> dict[str, str]:
        """The headers of each request after the handshake."""
        named = {"mcp-protocol-version": self._version}
        return named if self.session is None else {**named, "mcp-session-id": self.session}

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        ends_at: InvocationContext,
        headers: Mapping[str, str],
    ) -> Mapping[str, Any]:
        del headers  # older servers know none but their own
        result, _ = self._ask(method, params, self.headers(), ends_at)
        return result


def is_about_the_era(failed: McpFailed, connection: Connection) -> bool:
    """Whether a server may have refused a request because it is of the other era by now.

    Or because it has lost the session: then a new one begins.
    """
    if isinstance(connection, Older) and connection.session is not None:
        return failed.status == _MISSING
    if isinstance(failed, RpcError):
        return failed.code in _CODES_OF_ANOTHER_ERA
    return failed.status in _STATUSES_OF_ANOTHER_ERA


def _unanswered(reply: Reply, found: Answers) -> McpFailed:
    status = reply.status
    if found.asks_for is not None:
        notes = f"The tool server asks the engine for {found.asks_for}, which it does not offer"
        return McpFailed(notes, retryable=False)
    if status in (401, 403):
        notes = f"The tool server answered {status}: it does not accept the key, or not for this"
        return McpFailed(notes, retryable=False, status=status)
    if 200 <= status < 300:
        return McpFailed("The tool server has ended its answer without a result")
    retryable = status in (408, 425, 429) or status >= 500
    return McpFailed(f"The tool server answered {status}", retryable=retryable, status=status)
