"""GraphQL over HTTP, by its specification of 2025. Knows nothing of Lambda."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ai_coordination.api import sizes
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.transport import cors, negotiation, parameters, response_size
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, EngineError, PayloadTooLarge

Execute = Callable[[GraphQLRequest], dict[str, Any]]

# For every media type, because proxies and clients below GraphQL act on these.
_STATUS_ALWAYS = {"UNAUTHENTICATED": 401, "INTERNAL": 500}
_STATUS_OF_FAILURES = {
    **_STATUS_ALWAYS,
    "FORBIDDEN": 403,
    "PAYLOAD_TOO_LARGE": 413,
    "THROTTLED": 503,
}


class HttpRequest(NamedTuple):
    """An HTTP request."""

    method: str
    headers: Mapping[str, str]
    """By lower-case name. Repeated headers are joined by commas."""
    query: str
    """The query string, still encoded."""
    body: bytes


class HttpResponse(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: str
    result: Mapping[str, Any]
    """The GraphQL result in the body, for metrics."""


class _Rejected(Exception):
    """The request is not a well-formed GraphQL-over-HTTP request. Nothing was executed."""

    def __init__(
        self, status: int, error: EngineError, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = headers or {}


def respond(
    request: HttpRequest, execute: Execute, settings: Settings, request_id: str
) -> HttpResponse:
    """Answer a request. `execute` may raise an EngineError if it rejects the request as a whole."""
    if request.method == "OPTIONS":
        return _options(request, settings)
    media_type = negotiation.media_type(request.headers.get("accept"))
    try:
        result = _run(request, execute, settings, media_type, request_id)
    except _Rejected as rejected:
        result = response_size.error_result(rejected.error, request_id)
        return _response(request, settings, rejected.status, rejected.headers, result, request_id)
    status = _status(result, media_type)
    return _response(request, settings, status, _hints(result), result, request_id)


def fail(
    request: HttpRequest, error: EngineError, settings: Settings, request_id: str
) -> HttpResponse:
    """Return the response for an unexpected error."""
    result = response_size.error_result(error, request_id)
    return _response(request, settings, 500, {}, result, request_id)


def _response(
    request: HttpRequest,
    settings: Settings,
    status: int,
    headers: Mapping[str, str],
    result: dict[str, Any],
    request_id: str,
) -> HttpResponse:
    result, body = response_size.limit_size(
        result, sizes.body_bytes, settings.max_answer_bytes, request_id
    )
    media_type = negotiation.media_type(request.headers.get("accept")) or negotiation.JSON
    fixed = {
        "content-type": f"{media_type}; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    origins = cors.headers(request.headers, settings.cors_origins)
    return HttpResponse(status, {**fixed, **origins, **headers}, body, result)


def _options(request: HttpRequest, settings: Settings) -> HttpResponse:
    headers = {
        "allow": "GET, POST, OPTIONS",
        **cors.headers(request.headers, settings.cors_origins),
        **cors.preflight(request.headers, settings.cors_origins),
    }
    return HttpResponse(204, headers, "", {})


def _run(
    request: HttpRequest,
    execute: Execute,
    settings: Settings,
    media_type: str | None,
    request_id: str,
) -> dict[str, Any]:
    """Execute the request. Raises _Rejected for one that is not well-formed."""
    graphql_request = _graphql_request(request, settings, media_type)
    try:
        return execute(replace(graphql_request, sent_bytes=sizes.body_bytes))
    except MutationByGet as error:
        raise _Rejected(405, error, {"allow": "POST"}) from error
    except EngineError as error:
        return response_size.error_result(error, request_id)


def _graphql_request(
    request: HttpRequest, settings: Settings, media_type: str | None
) -> GraphQLRequest:
    if request.method not in ("GET", "POST"):
        error = BadUserInput(f"{request.method} is not supported: use POST, or GET for a query.")
        raise _Rejected(405, error, {"allow": "GET, POST, OPTIONS"})
    if media_type is None:
        accepted = f"{negotiation.GRAPHQL_RESPONSE} or {negotiation.JSON}"
        raise _Rejected(406, BadUserInput(f"The header Accept must allow {accepted}."))
    if request.method == "POST":
        _check_content(request.headers)
    size = max(len(request.body), len(request.query))
    if size > settings.max_body_bytes:
        message = f"The request has {size} bytes. The limit is {settings.max_body_bytes}."
        raise _Rejected(413, PayloadTooLarge(message))
    try:
        if request.method == "GET":
            return parameters.from_query_string(request.query)
        return parameters.from_body(request.body)
    except BadUserInput as error:
        raise _Rejected(400, error) from error


def _check_content(headers: Mapping[str, str]) -> None:
    """Require JSON. A browser sends it to another origin only after a preflight request.

    So an HTML form of another site cannot post here.
    """
    content_type, media_parameters = negotiation.essence(headers.get("content-type"))
    if content_type != negotiation.JSON or not negotiation.is_utf8(media_parameters):
        error = BadUserInput("A POST needs the header content-type: application/json, in UTF-8.")
        raise _Rejected(415, error, {"accept": negotiation.JSON})
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        error = BadUserInput("A compressed body is not supported: send it without compression.")
        raise _Rejected(415, error, {"accept-encoding": "identity"})


def _status(result: Mapping[str, Any], media_type: str | None) -> int:
    """Return 200 if anything was executed, otherwise the status for the media type."""
    if "data" in result:
        return 200
    codes = _codes(result)
    if media_type == negotiation.JSON:
        return next((_STATUS_ALWAYS[code] for code in codes if code in _STATUS_ALWAYS), 200)
    return next((_STATUS_OF_FAILURES[code] for code in codes if code in _STATUS_OF_FAILURES), 400)


def _hints(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers `WWW-Authenticate` or `Retry-After` for a failed request.

    `Retry-After` only if no field succeeded, so that repeating the whole request repeats nothing.
    """
    codes = set(_codes(result))
    if codes == {"UNAUTHENTICATED"}:
        return {"www-authenticate": "Bearer"}
    fields = (result.get("data") or {}).values()
    if codes != {"THROTTLED"} or any(field is not None for field in fields):
        return {}
    waits = [error["extensions"].get("retryAfterSeconds", 1) for error in result["errors"]]
    return {"retry-after": str(math.ceil(max(waits)))}


def _codes(result: Mapping[str, Any]) -> list[str]:
    return [error.get("extensions", {}).get("code", "") for error in result.get("errors", ())]
