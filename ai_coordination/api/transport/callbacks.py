"""Callbacks: `POST /callbacks/{sessionUuid}/{sessionAgentUuid}/{runUuid}`, for agents elsewhere.

There is no authorizer in front of it. The token in the header `authorization` belongs to one run,
and is checked before the body is looked at.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.api import sizes
from ai_coordination.api.transport import response_size
from ai_coordination.api.transport.http import HttpRequest, HttpResponse
from ai_coordination.caller import Caller
from ai_coordination.config import Settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine import callback_reports, factory
from ai_coordination.engine.agent.callbacks import PATH
from ai_coordination.engine.callback_reports import Place
from ai_coordination.errors import BadUserInput, EngineError, InputError, PayloadTooLarge, Throttled
from ai_coordination.runtimes import agent_report, delegations
from ai_coordination.runtimes.agent_report import Malformed, Report, UnknownType
from ai_coordination.telemetry import RequestRecord

_STATUS: Final[Mapping[str, int]] = {
    "BAD_USER_INPUT": 400,
    "UNAUTHENTICATED": 401,
    # The session was deleted after the token was checked.
    "NOT_FOUND": 409,
    "INVALID_STATE": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "THROTTLED": 503,
}
# What a body calls the values that the services check, by the names of the services.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "agent_output": ("agentOutput",),
    "async_task_uuid": ("asyncTaskUuid",),
    "note": ("heartbeat", "note"),
    "notes": ("failed", "notes"),
    "percent": ("heartbeat", "percent"),
}
_WORK: Final[Mapping[str | int, str]] = {
    "agent_uuid": "agentUuid",
    "subtask_query": "subtaskQuery",
}


class _Refused(Exception):
    """The request is not well formed as HTTP."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.status = status
        self.error = BadUserInput(message)
        self.headers = headers


def is_callback(*paths: Any) -> bool:
    """Whether a request is a callback, by its path or by the route that it has taken.

    Either is enough: the route has no authorizer, so what has taken it must not become GraphQL.
    """
    return any(isinstance(path, str) and PATH in f"{path}/" for path in paths)


def respond(
    request: HttpRequest,
    path: str,
    settings: Settings,
    request_id: str,
    context: InvocationContext,
    record: RequestRecord,
) -> HttpResponse:
    """Check the token, and take the report. Every EngineError becomes the answer."""
    try:
        if request.method != "POST":
            raise _Refused(405, f"{request.method} is not supported: use POST", {"allow": "POST"})
        place = _place(path)
        caller = callback_reports.caller_of(place, _token(request), request_id, context)
        record.name_caller(caller.partition_key, caller.user_id)
        _take(request, caller, place, settings)
    except _Refused as refused:
        return _failed(refused.error, refused.status, refused.headers, request_id)
    except EngineError as error:
        return fail(error, request_id)
    return _response(200, {}, {"runUuid": place.run_uuid})


def fail(error: EngineError, request_id: str) -> HttpResponse:
    """Return the response for an error."""
    headers: dict[str, str] = {}
    if error.code == "UNAUTHENTICATED":
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, Throttled):
        headers["retry-after"] = str(math.ceil(error.facts["retryAfterSeconds"]))
    return _failed(error, _STATUS.get(error.code, 500), headers, request_id)


def _place(path: str) -> Place:
    """The run in a URL. Names that are none are those of no run."""
    names = [*path.rpartition(PATH)[2].lower().split("/"), "", "", ""]
    return Place(*names[:3]) if not any(names[3:]) else Place("", "", "")


def _token(request: HttpRequest) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _take(request: HttpRequest, caller: Caller, place: Place, settings: Settings) -> None:
    size = len(request.body)
    if size > settings.max_body_bytes:
        message = f"The request has {size} bytes. The limit is {settings.max_body_bytes}."
        raise PayloadTooLarge(message)
    report = _report(request)
    try:
        callback_reports.take(factory.of_a_request(caller.context), caller, place, report)
    except InputError as error:
        name, *below = error.input_path or ("",)
        if str(name) in _PLACES:
            error.at(*_PLACES[str(name)], *below)
        elif name == "work":
            error.at(delegations.MEMBER, *(_WORK.get(step, step) for step in below))
        raise


def _report(request: HttpRequest) -> Report:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "A compressed body is not supported: send it without compression."
        raise _Refused(415, message, {"accept-encoding": "identity"})
    try:
        return agent_report.read(request.headers.get("content-type"), request.body)
    except UnknownType as unknown:
        accepted = f"{agent_report.JSON}, {agent_report.TEXT}"
        raise _Refused(415, unknown.message, {"accept": accepted}) from None
    except Malformed as malformed:
        raise BadUserInput(malformed.message, *malformed.path) from None


def _failed(
    error: EngineError, status: int, headers: Mapping[str, str], request_id: str
) -> HttpResponse:
    return _response(status, headers, response_size.error_result(error, request_id))


def _response(status: int, headers: Mapping[str, str], result: dict[str, Any]) -> HttpResponse:
    fixed = {
        "content-type": f"{agent_report.JSON}; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return HttpResponse(status, {**fixed, **headers}, sizes.to_json(result), result)
