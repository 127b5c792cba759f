"""Signature Version 4, checked as AWS documents it, by code of its own."""

import hashlib
import hmac
import re
from typing import Any

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SIGNED = {"host", "x-amz-date", "x-amz-security-token"}


def refusal_of(headers: Any, body: bytes, region: str) -> str | None:
    """Say what is wrong with the signature of a request for an API of API Gateway."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        headers["authorization"] or "",
    )
    if not found:
        return "not signed"
    key, day, named, service, names, signature = found.groups()
    if (key, named, service) != (KEY, region, "execute-api"):
        return "for another key, region or service"
    if not set(names.split(";")) >= SIGNED:
        return "too few headers are signed"
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
    canonical = f"POST\n/graphql\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{named}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    secret = f"AWS4{SECRET}".encode()
    for part in (day, named, service, "aws4_request", text):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return None if secret.hex() == signature else "wrong signature"
