"""The A2A protocol over JSON-RPC: cards, and requests to agents, in the versions 1.0 and 0.3."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, HostRefused, Server
from ai_coordination.clients import http, keys
from ai_coordination.clients.a2a_card import Card, CardUnusable, Interface, Version, card_path
from ai_coordination.clients.a2a_messages import Method
from ai_coordination.clients.http import Reply
from ai_coordination.clients.keys import Key
from ai_coordination.context import InvocationContext

CARD_SECONDS: Final = 10.0
CARD_KEPT_SECONDS: Final = 600.0
LARGEST_CARD_BYTES: Final = 512 * 1024
MOST_CARDS: Final = 500

METHOD_NOT_FOUND: Final = -32601
VERSION_NOT_SUPPORTED: Final = -32009
OTHER_VERSION: Final = frozenset({METHOD_NOT_FOUND, VERSION_NOT_SUPPORTED})

_OK = 200


class Refused(Exception):
    """The agent has answered with an error.

    `code` is the one of JSON-RPC, if the answer has one, and `status` the one of HTTP. `message` is
    the agent's own text. `after_seconds` is when it wants to be asked again, if it says so.
    """

    def __init__(
        self,
        status: int,
        code: int | None = None,
        message: str = "",
        after_seconds: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.after_seconds = after_seconds


class Asker(NamedTuple):
    """For whom agents are asked, with which key, and until when: the deadline of `context`."""

    key: Key | None
    tenant: str
    hosts: Sequence[str]
    extensions: Sequence[str]
    context: InvocationContext


class Cards:
    """The cards that this process has read, each kept for ten minutes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], tuple[float, Card]] = {}
        self._lock = threading.Lock()

    def of(self, asker: Asker, target: str) -> Card:
        """The card of an agent. Raises CardUnusable, Refused, and what a request raises."""
        name = _name(asker, target)
        with self._lock:
            until, kept = self._kept.get(name, (0.0, None))
        if kept is not None and asker.context.monotonic() < until:
            return kept
        card = _read_card(asker, target)
        self._keep(asker, name, card)
        return card

    def speaks(self, asker: Asker, target: str, version: Version) -> None:
        """Remember that the agent speaks another version than its card says."""
        name = _name(asker, target)
        with self._lock:
            until, kept = self._kept.get(name, (0.0, None))
            if kept is not None:
                interface = kept.interface._replace(version=version)
                self._kept[name] = until, kept._replace(interface=interface)

    def forget(self) -> None:
        """Forget all cards, for tests."""
        with self._lock:
            self._kept.clear()

    def _keep(self, asker: Asker, name: tuple[str, ...], card: Card) -> None:
        with self._lock:
            if len(self._kept) >= MOST_CARDS:
                self._kept.clear()
            self._kept[name] = asker.context.monotonic() + CARD_KEPT_SECONDS, card


cards = Cards()


def _name(asker: Asker, target: str) -> tuple[str, ...]:
    """A card may be another one for each tenant, and with each key."""
    return asker.tenant, target, asker.key.secret if asker.key else ""


def ask(
    asker: Asker, interface: Interface, method: Method, parameters: Mapping[str, Any], name: str
) -> Any:
    """The result of a request, of which `name` is the id.

    Raises Refused, HostRefused, NotAnswered, SecretUnavailable.
    """
    known = method.name_in(interface.version)
    if known is None:
        raise Refused(_OK, METHOD_NOT_FOUND)
    server, allowed = _allowed(asker, interface.url)
    body = {"jsonrpc": "2.0", "id": name, "method": known, "params": parameters}
    content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "ai-coordination-engine",
        **_headers(interface.version, asker.extensions),
    }

    def post(key: Mapping[str, str]) -> Reply:
        left = asker.context.seconds_left()
        sent = {**headers, **key}
        return http.post(server, allowed, sent, content, left, context=asker.context)

    return _result(keys.ask_with(asker.key, server, allowed, asker.context, post), asker)


def _headers(version: Version, extensions: Sequence[str]) -> dict[str, str]:
    """In 0.3 the version is not said, and the header of extensions has another name."""
    said = {} if version is Version.V03 else {"a2a-version": version.value}
    if extensions:
        name = "x-a2a-extensions" if version is Version.V03 else "a2a-extensions"
        said[name] = ",".join(extensions)
    return said


def _allowed(asker: Asker, url: str) -> tuple[Server, AllowedHost]:
    """The server of a URL, which may come from a card. Raises HostRefused."""
    server = agent_hosts.parse(url)
    allowed = agent_hosts.find_allowed(server, asker.hosts)
    if allowed is None:
        raise HostRefused(
            agent_hosts.refusal(url, asker.hosts) or "This function does not call agents' hosts"
        )
    return server, allowed


def _result(reply: Reply, asker: Asker) -> Any:
    """The result in a reply. Servers put errors into answers of any status."""
    after_seconds = reply.retry_after(asker.context.utc())
    try:
        body = _parsed(reply.body)
    except (ValueError, RecursionError):
        body = None
    given = body if isinstance(body, Mapping) else {}
    error = given.get("error")
    if isinstance(error, Mapping):
        code, message = error.get("code"), error.get("message")
        raise Refused(
            reply.status,
            code if type(code) is int else None,
            message if isinstance(message, str) else "",
            after_seconds,
        )
    if reply.status != _OK or "result" not in given:
        raise Refused(reply.status, None, error if isinstance(error, str) else "", after_seconds)
    return given["result"]


def _parsed(content: bytes) -> Any:
    """The JSON of a body. Half a surrogate pair, which nothing stores, becomes a question mark."""
    value = json.loads(content)
    if b"\\ud" not in content.lower():
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _read_card(asker: Asker, target: str) -> Card:
    """Read a card, at first without the key: most cards are public, and need none."""
    server, allowed = _allowed(asker, target)
    server = server._replace(path=card_path(server))
    context = asker.context.within(min(CARD_SECONDS, asker.context.seconds_left()))

    def read(key: Mapping[str, str]) -> Reply:
        headers = {"accept": "application/json", "user-agent": "ai-coordination-engine", **key}
        left = context.seconds_left()
        return http.get(server, allowed, headers, left, context=context, largest=LARGEST_CARD_BYTES)

    reply = read({})
    if reply.status in (401, 403) and asker.key is not None:
        reply = keys.ask_with(asker.key, server, allowed, context, read)
    if reply.status != _OK:
        raise Refused(reply.status, after_seconds=reply.retry_after(context.utc()))
    try:
        return Card.parse(_parsed(reply.body))
    except (ValueError, RecursionError):
        raise CardUnusable("The agent's card is not JSON") from None
