"""Cards of A2A agents: where an agent is called, in which version, and what it takes."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from ai_coordination.agent_hosts import Server

WELL_KNOWN: Final = "/.well-known/agent-card.json"
LONGEST_URL: Final = 1_000
LONGEST_TENANT: Final = 256
# Cards are kept in memory, and a server may be a stranger's.
MOST_MODES: Final = 200
LONGEST_MODE: Final = 127

_JSONRPC = "JSONRPC"


class Version(StrEnum):
    """The versions of the protocol that the engine speaks."""

    V1 = "1.0"
    V03 = "0.3"

    @property
    def other(self) -> "Version":
        """The one to try if the agent does not speak this one."""
        return Version.V03 if self is Version.V1 else Version.V1


class CardUnusable(Exception):
    """The card has no interface that the engine can call. The message says why."""


class Interface(NamedTuple):
    """Where an agent is called, and in which version.

    `tenant` is the protocol's own: one server may have several agents at one URL.
    """

    url: str
    version: Version
    tenant: str | None = None


class Card(NamedTuple):
    """What is taken from a card. `input_modes` are media types; None if they are not known."""

    interface: Interface
    input_modes: frozenset[str] | None = None

    @classmethod
    def parse(cls, document: Any) -> Self:
        """Take the JSON-RPC interface of the highest version. Raises CardUnusable."""
        card = _object(document)
        found = list(_interfaces_of_1(card)) or list(_interfaces_of_03(card))
        if not found:
            raise CardUnusable(
                "The agent's card has no interface of the protocol JSONRPC in version 1.0 or 0.3"
            )
        return cls(max(found, key=lambda one: one.version), _input_modes(card))

    def takes(self, media_type: str) -> bool:
        """Whether the agent takes files of this media type. If its card is not known, it may."""
        if self.input_modes is None:
            return True
        kind = media_type.partition("/")[0]
        return not self.input_modes.isdisjoint({media_type, f"{kind}/*", kind, "*/*"})


def card_path(server: Server) -> str:
    """The path of the card: the URL's own if it names a document, else the well-known one."""
    if server.path.endswith(".json"):
        return server.path
    return f"{server.path.rstrip('/')}{WELL_KNOWN}"


def _interfaces_of_1(card: Mapping[str, Any]) -> Iterator[Interface]:
    for given in map(_object, _list(card.get("supportedInterfaces"))):
        yield from _interface(
            given.get("url"),
            given.get("protocolBinding"),
            given.get("protocolVersion"),
            given.get("tenant"),
        )


def _interfaces_of_03(card: Mapping[str, Any]) -> Iterator[Interface]:
    version = card.get("protocolVersion") or Version.V03
    preferred = card.get("preferredTransport") or _JSONRPC
    yield from _interface(card.get("url"), preferred, version)
    for given in map(_object, _list(card.get("additionalInterfaces"))):
        yield from _interface(given.get("url"), given.get("transport"), version)


def _interface(url: Any, binding: Any, version: Any, tenant: Any = None) -> Iterator[Interface]:
    """The interface, if the engine can call it."""
    if not isinstance(url, str) or not 0 < len(url) <= LONGEST_URL:
        return
    if not isinstance(binding, str) or binding.upper() != _JSONRPC:
        return
    known = _version(version)
    if known is None or (isinstance(tenant, str) and len(tenant) > LONGEST_TENANT):
        return
    yield Interface(url, known, tenant if isinstance(tenant, str) and tenant else None)


def _version(text: Any) -> Version | None:
    """The version of a card; the last number of three is of no importance to a client."""
    parts = text.split(".") if isinstance(text, str) else []
    if parts[:1] == ["1"]:
        return Version.V1
    return Version.V03 if parts[:2] == ["0", "3"] else None


def _input_modes(card: Mapping[str, Any]) -> frozenset[str]:
    """The media types that the agent or one of its skills takes."""
    modes = _list(card.get("defaultInputModes"))
    for skill in map(_object, _list(card.get("skills"))):
        modes = [*modes, *_list(skill.get("inputModes"))]
    known = [mode.strip().lower() for mode in modes if isinstance(mode, str)]
    return frozenset([mode for mode in known if len(mode) <= LONGEST_MODE][:MOST_MODES])


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
