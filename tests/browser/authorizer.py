"""The JWT authorizer of an HTTP API, as AWS documents it, by code of its own.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import json
import urllib.request
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


class Unauthorized(Exception):
    """Why a token is refused, as the header WWW-Authenticate says it."""


def claims_of(
    header: str | None, issuer: str, audiences: Sequence[str], now: float
) -> dict[str, str]:
    """Return the claims of a valid token, as a function gets them. Raises Unauthorized."""
    token = (header or "").removeprefix("Bearer ")
    try:
        signed, _, signature = token.rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    except ValueError as error:
        raise Unauthorized("the token is malformed") from error
    _check_signature(head, signed, _decoded(signature), issuer)
    _check_claims(claims, issuer, audiences, now)
    return {name: _text(value) for name, value in claims.items()}


def _check_signature(head: dict[str, Any], signed: str, signature: bytes, issuer: str) -> None:
    document = _fetched(f"{issuer}/.well-known/openid-configuration")
    keys = {key["kid"]: key for key in _fetched(document["jwks_uri"])["keys"]}
    key = keys.get(head.get("kid", ""))
    if key is None or head.get("alg") != "RS256":
        raise Unauthorized("signing method or key is invalid")
    numbers = (int.from_bytes(_decoded(key[name])) for name in ("e", "n"))
    try:
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        public.verify(signature, signed.encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise Unauthorized("signature is invalid") from error


def _check_claims(
    claims: dict[str, Any], issuer: str, audiences: Sequence[str], now: float
) -> None:
    given = claims.get("aud", claims.get("client_id"))
    if claims.get("iss") != issuer:
        raise Unauthorized("issuer is invalid")
    if not set(audiences) & set(given if isinstance(given, list) else [given]):
        raise Unauthorized("the token does not have a valid audience")
    if claims.get("exp", 0) <= now:
        raise Unauthorized("the token has expired")
    if max(claims.get("nbf", 0), claims.get("iat", 0)) > now + 1:
        raise Unauthorized("the token is not yet valid")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _fetched(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def _text(value: Any) -> str:
    """An HTTP API passes each claim as a text, and a list as `[a b]`."""
    return f"[{' '.join(value)}]" if isinstance(value, list) else str(value)
