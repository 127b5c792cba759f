"""Which pages of other origins a browser lets call the API, and what they may read."""

from collections.abc import Mapping

_MAY_SEND = (
    "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token, "
    "x-api-key, x-correlation-id"
)
_MAY_READ = "retry-after, x-correlation-id, x-request-id"

# Chromium keeps no preflight longer.
_SECONDS_TO_KEEP = "7200"


def headers(request_headers: Mapping[str, str], origins: tuple[str, ...]) -> dict[str, str]:
    """What every answer says about origins; nothing where no origin is configured."""
    if not origins:
        return {}
    if "*" in origins:
        return _allowing("*")
    origin = request_headers.get("origin", "")
    # Vary also on a refusal: a cache must not hand it to an origin that is allowed.
    return {**(_allowing(origin) if origin in origins else {}), "vary": "origin"}


def preflight(request_headers: Mapping[str, str], origins: tuple[str, ...]) -> dict[str, str]:
    """What the answer to an OPTIONS request says more."""
    answer = headers(request_headers, origins)
    asked = "access-control-request-method" in request_headers
    if not asked or "access-control-allow-origin" not in answer:
        return {}
    return {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": _MAY_SEND,
        "access-control-max-age": _SECONDS_TO_KEEP,
    }


def _allowing(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin, "access-control-expose-headers": _MAY_READ}
