"""How people sign in: at an issuer of OpenID Connect, by the authorization code flow with PKCE."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

PREFIX = "AI_COORDINATION_CONSOLE_"
SECONDS = 5
LONGEST_DOCUMENT = 200_000
TOKENS = ("access", "id")
# What a policy may name: no space, quote, comma or semicolon.
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~:/?#@!$&()*+=%-]*)?")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ENDPOINTS = ("authorization", "token")
_OPTIONAL_ENDPOINTS = ("end_session", "revocation")


class SignInUnavailable(Exception):
    """The issuer did not say how to sign in. The message is for people."""


class SignIn(NamedTuple):
    """An issuer, and the console's client there."""

    issuer: str
    client_id: str
    scopes: str = "openid"
    """Scopes, separated by commas."""
    token: str = "access"  # noqa: S105 - a kind of token
    """The token that the API gets: `access` or `id`."""
    parameters: str = ""
    """Further parameters of the requests, such as `audience=engine`, separated by commas."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "SignIn | None":
        """Return the sign-in that the environment names, or None. Raises ValueError."""
        given = {
            name: environment[f"{PREFIX}{name.upper()}"]
            for name in cls._fields
            if environment.get(f"{PREFIX}{name.upper()}")
        }
        if "issuer" not in given:
            return None
        if "client_id" not in given:
            raise ValueError(f"{PREFIX}ISSUER needs {PREFIX}CLIENT_ID.")
        sign_in = cls(**given)
        if sign_in.token not in TOKENS:
            raise ValueError(f"{PREFIX}TOKEN must be access or id, not {sign_in.token!r}.")
        if not _is_url(sign_in.issuer):
            raise ValueError(f"{PREFIX}ISSUER must be an https URL, not {sign_in.issuer!r}.")
        return sign_in

    def config(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the page needs, from the issuer's document. Raises SignInUnavailable."""
        return {
            "issuer": document["issuer"],
            "clientId": self.client_id,
            "scope": self.scopes.replace(",", " "),
            "token": self.token,
            "parameters": dict(parse_qsl(self.parameters.replace(",", "&"))),
            "endpoints": self._endpoints(document),
        }

    def _endpoints(self, document: Mapping[str, Any]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for name in (*_ENDPOINTS, *_OPTIONAL_ENDPOINTS):
            url = document.get(f"{name}_endpoint")
            valid = isinstance(url, str) and _is_url(url)
            if not valid and name in _ENDPOINTS:
                raise SignInUnavailable(f"The issuer {self.issuer} names no valid {name}_endpoint.")
            found[name] = url if valid else None
        return found

    def document(self) -> dict[str, Any]:
        """Ask the issuer for its OpenID Connect document. Raises SignInUnavailable."""
        # Here, because a console without sign-in needs no client, and starts faster.
        from urllib.request import urlopen  # noqa: PLC0415

        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            with urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - checked: http or https
                document = json.loads(response.read(LONGEST_DOCUMENT))
        except (OSError, ValueError) as error:
            message = (
                f"The issuer {self.issuer} does not answer as OpenID Connect requires: {error}"
            )
            raise SignInUnavailable(message) from error
        named = document.get("issuer") if isinstance(document, dict) else None
        if not isinstance(named, str) or named.rstrip("/") != self.issuer.rstrip("/"):
            raise SignInUnavailable(f"The issuer {self.issuer} calls itself {named!r}.")
        return dict(document)


def origins(config: Mapping[str, Any]) -> list[str]:
    """Return the origins that the page calls to sign in."""
    called = (config["endpoints"]["token"], config["endpoints"]["revocation"])
    return sorted({_origin(url) for url in called if url})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_url(text: str) -> bool:
    """Return whether a text is an https URL, or an http URL of this machine."""
    if not _URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" or parts.hostname in _LOOPBACK
