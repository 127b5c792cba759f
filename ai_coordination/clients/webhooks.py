"""Signatures of requests by the specification Standard Webhooks: https://www.standardwebhooks.com.

The receiver knows by them who sent the request, and that nobody has changed or kept it.
"""

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64


class NotASigningSecret(Exception):
    """A text is not a signing secret. The message does not contain it."""


def headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that sign a body. `timestamp` is in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises NotASigningSecret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        form = f"{PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes"
        raise NotASigningSecret(f"A signing secret is {form}")
    return key
