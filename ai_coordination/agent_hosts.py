"""Which servers the engine may call: the setting AI_COORDINATION_AGENT_HOSTS, and URLs.

Targets are a tenant's data, and the engine calls them from inside a network. So a URL is parsed
strictly, and only servers on the operator's list are called.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
# On a function that checks targets and calls none: every well-formed URL passes, none is called.
UNCHECKED: Final = "unchecked"

_LONGEST_HOST = 253
# Names, and addresses as they are usually written. A name never ends in digits: what does is an
# address in decimal or hexadecimal, which resolvers understand and readers do not.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}")
_IPV6 = re.compile(r"[0-9a-f:]*:[0-9a-f:.]*")
# Printable ASCII without the backslash, which some parsers take for a slash.
_URL = re.compile(r"[!-\[\]-~]+")


class HostRefused(Exception):
    """The engine does not call this URL. The message says why."""


class Server(NamedTuple):
    """The parts of a checked URL. `path` begins with a slash, `query` is empty or has no `?`."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


class AllowedHost(NamedTuple):
    """One entry of the list.

    `host` and `host:port` allow HTTPS to public addresses, `*.domain` every name with one more
    label, `*` every name. An entry with a scheme, such as `http://10.0.0.5:8000`, allows exactly
    that server, also at a private address.
    """

    scheme: str
    name: str
    port: int
    private: bool = False

    @classmethod
    def parse(cls, entry: str) -> Self:
        """Raises HostRefused if the entry is not one of these forms."""
        text = entry.strip().lower()
        private = "://" in text
        wildcard = re.match(r"\*($|:|\.)", text)
        if wildcard:
            text = f"any{text[1:]}" if wildcard[1] != "." else text[2:]
        server = parse(text if private else f"https://{text}")
        if server.path != "/" or server.query:
            raise HostRefused(f"{entry!r} is not a host, host:port, *.domain or http://host:port")
        name = server.host
        if wildcard:
            name = f"*.{name}" if wildcard[1] == "." else "*"
        return cls(server.scheme, name, server.port, private)

    @property
    def is_wildcard(self) -> bool:
        """Whether it allows more than one host."""
        return self.name.startswith("*")

    def allows(self, server: Server) -> bool:
        """Whether it allows this server."""
        if (server.scheme, server.port) != (self.scheme, self.port):
            return False
        if self.name == "*":
            return True
        if self.is_wildcard:
            first, _, rest = server.host.partition(".")
            return bool(first) and rest == self.name.removeprefix("*.")
        return server.host == self.name


def parse(url: str) -> Server:
    """The parts of a URL with `http` or `https`. Raises HostRefused. Nothing is resolved."""
    if not _URL.fullmatch(url):
        raise HostRefused("A URL has no spaces, backslashes, or characters outside ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise HostRefused("This is not a URL: its host is not well formed") from None
    if parts.scheme not in ("http", "https"):
        raise HostRefused("The URL must begin with https:// or http://")
    if "@" in parts.netloc or "#" in url:
        raise HostRefused("The URL must not have a user, a password or a fragment")
    host = (parts.hostname or "").removesuffix(".")
    is_address = _IPV4.fullmatch(host) or (_IPV6.fullmatch(host) and "[" in parts.netloc)
    if not (is_address or _NAME.fullmatch(host)) or len(host) > _LONGEST_HOST or port == 0:
        raise HostRefused("This is not a URL: its host is not well formed")
    usual = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
    return Server(parts.scheme, host, port or usual, parts.path or "/", parts.query)


def find_allowed(server: Server, hosts: Sequence[str]) -> AllowedHost | None:
    """The entry that allows a server: an exact one before a wildcard. None if there is none."""
    entries = [AllowedHost.parse(entry) for entry in hosts if entry != UNCHECKED]
    found = [entry for entry in entries if entry.allows(server)]
    return min(found, key=lambda entry: (entry.is_wildcard, not entry.private), default=None)


def refusal(url: str, hosts: Sequence[str]) -> str | None:
    """Why a URL may not be called. None if it may, or if the list of hosts is not known here."""
    try:
        server = parse(url)
    except HostRefused as refused:
        return str(refused)
    if UNCHECKED in hosts or find_allowed(server, hosts):
        return None
    return (
        f"The host {server.authority} is not allowed. The setting AI_COORDINATION_AGENT_HOSTS lists"
        " the hosts that agents may have"
    )


def invalid_entries(entries: Iterable[str]) -> list[str]:
    """The entries of a list that are none."""
    return [entry for entry in entries if entry != UNCHECKED and not _is_entry(entry)]


def _is_entry(entry: str) -> bool:
    try:
        AllowedHost.parse(entry)
    except HostRefused:
        return False
    return True
