"""CORS headers: which other origins a browser lets call the API, and what they may read."""

from collections.abc import Mapping

_ALLOWED_HEADERS = (
    "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token, "
    "x-api-key, x-correlation-id"
)
_EXPOSED_HEADERS = "retry-after, x-correlation-id, x-request-id"

# Chromium's limit for caching a preflight response.
_MAX_AGE_SECONDS = "7200"


def headers(request_headers: Mapping[str, str], origins: tuple[str, ...]) -> dict[str, str]:
    """Return the CORS headers of any response. Empty if no origin is configured."""
    if not origins:
        return {}
    if "*" in origins:
        return _allowing("*")
    origin = request_headers.get("origin", "")
    # A response to another origin varies too: a cache must not serve it to an allowed origin.
    return {**(_allowing(origin) if origin in origins else {}), "vary": "origin"}


def preflight(request_headers: Mapping[str, str], origins: tuple[str, ...]) -> dict[str, str]:
    """Return the additional headers of the response to a preflight (OPTIONS) request."""
    allowed = "access-control-allow-origin" in headers(request_headers, origins)
    if not allowed or "access-control-request-method" not in request_headers:
        return {}
    return {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-max-age": _MAX_AGE_SECONDS,
    }


def _allowing(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": _EXPOSED_HEADERS,
    }
