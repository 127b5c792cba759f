"""Answers requests for the console: the page, its files, and its configuration."""

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Any

from ai_coordination import __version__
from ai_coordination.console import sign_in
from ai_coordination.console.files import Files, digest_of, is_digest
from ai_coordination.console.page import INDEX, PATH, Page, page, policy
from ai_coordination.console.sign_in import SignIn, SignInUnavailable

API = "/graphql"
# Smaller ones do not get much smaller.
COMPRESSED_FROM = 500
_YEAR = "public, max-age=31536000, immutable"
_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# For what is not the page: it loads nothing, even if it is opened as one.
_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class Site:
    """The console. Answers events of an HTTP API (payload format 2.0)."""

    def __init__(
        self, files: Files, sign_in: SignIn | None = None, *, is_local: bool = False
    ) -> None:
        """`is_local`: there is GraphiQL, and who uses the page says who they are."""
        self._files = files
        self._sign_in = sign_in
        self._is_local = is_local

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        method = event["requestContext"]["http"]["method"]
        if method not in ("GET", "HEAD"):
            return _text(HTTPStatus.METHOD_NOT_ALLOWED, "Use GET.", {"allow": "GET, HEAD"})
        path, headers = str(event["rawPath"]), event.get("headers") or {}
        if path == "/":
            return _answer(HTTPStatus.FOUND, {"location": PATH}, b"")
        if path.rstrip("/") == PATH.rstrip("/"):
            return self._page(headers)
        if not path.startswith(PATH):
            return _text(HTTPStatus.NOT_FOUND, "There is no such page.")
        name = path.removeprefix(PATH)
        return self._config() if name == "config.json" else self._file(name, headers)

    def _page(self, headers: Mapping[str, str]) -> dict[str, Any]:
        shown = self._shown if self._files.fixed else page(self._files)
        try:
            connections = sign_in.origins(found) if (found := self._found()) else []
            cached = "no-cache"
        except SignInUnavailable:
            connections, cached = [], "no-store"
        allowed = policy(shown.inline_scripts, connections)
        fixed = {"content-security-policy": allowed, "cache-control": cached}
        return _content(headers, shown.content, "text/html; charset=utf-8", fixed)

    @cached_property
    def _shown(self) -> Page:
        return page(self._files)

    def _file(self, name: str, headers: Mapping[str, str]) -> dict[str, Any]:
        version, _, rest = name.partition("/")
        if versioned := self._files.fixed and is_digest(version):
            name = rest
        file = self._files.get(name)
        if file is None or name == INDEX:
            return _text(HTTPStatus.NOT_FOUND, "There is no such file.")
        # A page of another version, from moments around a deployment, keeps nothing.
        lasts = versioned and version == self._files.digest
        cached = _YEAR if lasts else "no-cache"
        fixed = {"content-security-policy": _NOTHING, "cache-control": cached}
        return _content(headers, file.content, file.content_type, fixed)

    def _config(self) -> dict[str, Any]:
        try:
            found = self._found()
        except SignInUnavailable as error:
            return _text(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        config = {
            "api": API,
            "explorer": API if self._is_local else None,
            "choosesPerson": self._is_local,
            "version": __version__,
            "auth": found,
        }
        kind = {"content-type": "application/json", "cache-control": "no-store"}
        return _answer(HTTPStatus.OK, kind, json.dumps(config).encode())

    def _found(self) -> dict[str, Any] | None:
        """Return how people sign in. The issuer is asked once. Raises SignInUnavailable."""
        return self._asked if self._sign_in else None

    @cached_property
    def _asked(self) -> dict[str, Any] | None:
        return self._sign_in.config(self._sign_in.document()) if self._sign_in else None


def _content(
    request: Mapping[str, str], content: bytes, content_type: str, fixed: Mapping[str, str]
) -> dict[str, Any]:
    """Return content, compressed if the client takes that; or nothing if the client has it."""
    tag = _tag(content)
    headers = {**fixed, "etag": tag, "vary": "accept-encoding"}
    if tag in _listed(request.get("if-none-match", "")):
        return _answer(HTTPStatus.NOT_MODIFIED, headers, b"")
    headers["content-type"] = content_type
    if len(content) >= COMPRESSED_FROM and _takes_gzip(request.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        content = _compressed(content)
    return _answer(HTTPStatus.OK, headers, content)


@lru_cache(maxsize=256)
def _tag(content: bytes) -> str:
    # Weak: it is the same for the compressed content.
    return f'W/"{digest_of(content)}"'


@lru_cache(maxsize=256)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")]


def _takes_gzip(accepted: str) -> bool:
    for one in _listed(accepted.lower()):
        coding, _, weight = one.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _text(
    status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    kind = {"content-type": "application/json", "cache-control": "no-store"}
    return _answer(status, {**kind, **(headers or {})}, json.dumps({"message": text}).encode())


def _answer(status: HTTPStatus, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"content-security-policy": _NOTHING, **_SECURITY, **headers},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }
