"""GraphQL over HTTP, to the letter of its specification of 2025, and nothing of Lambda."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ai_coordination.api import sizes
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.transport import answers, cors, negotiation, parameters
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, EngineError, PayloadTooLarge

Execute = Callable[[GraphQLRequest], dict[str, Any]]

# Whatever the media type: these say more to what stands between client and server than to GraphQL.
_STATUS_ALWAYS = {"UNAUTHENTICATED": 401, "INTERNAL": 500}
_STATUS_OF_FAILURES = {**_STATUS_ALWAYS, "PAYLOAD_TOO_LARGE": 413, "THROTTLED": 503}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`headers` by lower-case name, repeated ones joined by commas; `query` is still encoded."""

    method: str
    headers: Mapping[str, str]
    query: str
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`result` is what the body says, for those who count errors."""

    status: int
    headers: Mapping[str, str]
    body: str
    result: Mapping[str, Any]


class _Refusal(Exception):
    """The request is no well-formed GraphQL-over-HTTP request: nothing was executed."""

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
    """Answer a request. `execute` may raise an EngineError for one that it does not begin."""
    if request.method == "OPTIONS":
        return _options(request, settings)
    media_type = negotiation.media_type(request.headers.get("accept"))
    try:
        result = _run(request, execute, settings, media_type, request_id)
    except _Refusal as refusal:
        result = answers.failure(refusal.error, request_id)
        return _response(request, settings, refusal.status, refusal.headers, result, request_id)
    status = _status(result, media_type)
    return _response(request, settings, status, _hints(result), result, request_id)


def fail(
    request: HttpRequest, error: EngineError, settings: Settings, request_id: str
) -> HttpResponse:
    """The answer where answering went wrong."""
    result = answers.failure(error, request_id)
    return _response(request, settings, 500, {}, result, request_id)


def _response(
    request: HttpRequest,
    settings: Settings,
    status: int,
    headers: Mapping[str, str],
    result: dict[str, Any],
    request_id: str,
) -> HttpResponse:
    result, body = answers.fitting(result, sizes.as_body, settings.max_answer_bytes, request_id)
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
    """The result; raises _Refusal where there is none to speak of."""
    graphql_request = _graphql_request(request, settings, media_type)
    try:
        return execute(replace(graphql_request, sent_bytes=sizes.as_body))
    except MutationByGet as error:
        raise _Refusal(405, error, {"allow": "POST"}) from error
    except EngineError as error:
        return answers.failure(error, request_id)


def _graphql_request(
    request: HttpRequest, settings: Settings, media_type: str | None
) -> GraphQLRequest:
    if request.method not in ("GET", "POST"):
        error = BadUserInput(f"{request.method} is not supported: send a POST, or a GET to read.")
        raise _Refusal(405, error, {"allow": "GET, POST, OPTIONS"})
    if media_type is None:
        accepted = f"{negotiation.GRAPHQL_RESPONSE} or {negotiation.JSON}"
        raise _Refusal(406, BadUserInput(f"The answer is {accepted}, and Accept has neither."))
    if request.method == "POST":
        _check_content(request.headers)
    size = max(len(request.body), len(request.query))
    if size > settings.max_body_bytes:
        message = f"The request takes {size} bytes, more than {settings.max_body_bytes}."
        raise _Refusal(413, PayloadTooLarge(message))
    try:
        if request.method == "GET":
            return parameters.from_query_string(request.query)
        return parameters.from_body(request.body)
    except BadUserInput as error:
        raise _Refusal(400, error) from error


def _check_content(headers: Mapping[str, str]) -> None:
    """Only what a browser sends to another origin after asking: so no form can post here."""
    content_type, given = negotiation.essence(headers.get("content-type"))
    if content_type != negotiation.JSON or not negotiation.is_utf8(given):
        error = BadUserInput("A POST needs the header content-type: application/json, in UTF-8.")
        raise _Refusal(415, error, {"accept": negotiation.JSON})
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        error = BadUserInput("A compressed body is not supported.")
        raise _Refusal(415, error, {"accept-encoding": "identity"})


def _status(result: Mapping[str, Any], media_type: str | None) -> int:
    """200 for whatever was executed, even in part; else as the media type has it."""
    if "data" in result:
        return 200
    codes = _codes(result)
    if media_type == negotiation.JSON:
        return next((_STATUS_ALWAYS[code] for code in codes if code in _STATUS_ALWAYS), 200)
    return next((_STATUS_OF_FAILURES[code] for code in codes if code in _STATUS_OF_FAILURES), 400)


def _hints(result: Mapping[str, Any]) -> dict[str, str]:
    """What HTTP has a header for.

    `Retry-After` only where nothing at all came of the request: a client that then sends all of it
    again does nothing twice.
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
