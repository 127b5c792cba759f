"""Recognize the type of a Lambda event, and read the request in it."""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from ai_coordination.api.transport import callbacks
from ai_coordination.api.transport.http import HttpRequest
from ai_coordination.api.transport.identity import of_http_api, of_rest_api
from ai_coordination.api.transport.invocations import (
    USAGE,
    CallbackInvocation,
    DirectInvocation,
    HttpInvocation,
    Invocation,
    Trace,
)
from ai_coordination.context import InvocationContext

# API Gateway times out after 29 s. One second is kept for sending the response.
MAX_SECONDS = 29.0
SECONDS_TO_RESPOND = 1.0

_CORRELATION_ID = re.compile(r"[!-~]{1,128}")

# Members of events of AWS services, which expect another response than ours, or none.
_OF_SERVICES = frozenset(
    {
        "Records",
        "authorizationToken",
        "awslogs",
        "detail-type",
        "eventSource",
        "methodArn",
        "records",
        "requestContext",
        "routeArn",
        "triggerSource",
    }
)


class LambdaContext(Protocol):
    """The attributes used of Lambda's context object."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class UnknownEvent(Exception):
    """The event comes from a service that this function does not handle.

    The handler does not catch it, so the invocation fails. If the handler returned a result, SQS
    and EventBridge would treat the event as processed and delete it.
    """


def read(event: Any, lambda_context: LambdaContext, context: InvocationContext) -> Invocation:
    """Return the invocation that an event stands for.

    Raises UnknownEvent for an event of another service. Any other event counts as a direct
    invocation, whose response describes the expected format if it is invalid.
    """
    members = _mapping(event)
    request_id = lambda_context.aws_request_id
    remaining = lambda_context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_RESPOND
    context = context.within(min(MAX_SECONDS, remaining))
    request_context = _mapping(members.get("requestContext"))
    if "http" in request_context:
        return _http_api(members, request_context, request_id, context)
    if "httpMethod" in members and "elb" not in request_context:
        return _rest_api(members, request_context, request_id, context)
    if _OF_SERVICES & members.keys():
        raise UnknownEvent(USAGE)
    correlation_id = _mapping(members.get("context")).get("correlationId")
    return DirectInvocation(_trace(request_id, context, correlation_id), event)


def _http_api(
    event: Mapping[str, Any],
    request_context: Mapping[str, Any],
    request_id: str,
    context: InvocationContext,
) -> Invocation:
    """Read payload format 2.0, in which repeated headers and query parameters are joined."""
    headers = _headers({name: [value] for name, value in _mapping(event.get("headers")).items()})
    request = HttpRequest(
        method=str(_mapping(request_context["http"]).get("method")),
        headers=headers,
        query=str(event.get("rawQueryString") or ""),
        body=_body(event),
    )
    correlation_ids = headers.get("x-correlation-id"), request_context.get("requestId")
    trace = _trace(request_id, context, *correlation_ids)
    path = str(event.get("rawPath") or "")
    if callbacks.is_callback(path, event.get("routeKey")):
        return CallbackInvocation(trace, request, path)
    return HttpInvocation("http-api", trace, request, of_http_api(request_context))


def _rest_api(
    event: Mapping[str, Any],
    request_context: Mapping[str, Any],
    request_id: str,
    context: InvocationContext,
) -> Invocation:
    """Read payload format 1.0: names as the client wrote them, values in lists, a decoded query."""
    headers = _headers(_lists(event, "multiValueHeaders", "headers"))
    query_parameters = _lists(event, "multiValueQueryStringParameters", "queryStringParameters")
    request = HttpRequest(
        method=str(event["httpMethod"]),
        headers=headers,
        query=urlencode(query_parameters, doseq=True, errors="replace"),
        body=_body(event),
    )
    correlation_ids = headers.get("x-correlation-id"), request_context.get("requestId")
    trace = _trace(request_id, context, *correlation_ids)
    path = str(event.get("path") or "")
    if callbacks.is_callback(path, event.get("resource")):
        return CallbackInvocation(trace, request, path)
    return HttpInvocation("rest-api", trace, request, of_rest_api(request_context))


def _lists(event: Mapping[str, Any], multiple: str, single: str) -> Mapping[str, list[Any]]:
    if isinstance(lists := event.get(multiple), dict):
        return {name: values for name, values in lists.items() if isinstance(values, list)}
    return {name: [value] for name, value in _mapping(event.get(single)).items()}


def _headers(values_by_name: Mapping[str, list[Any]]) -> dict[str, str]:
    return {name.lower(): ", ".join(map(str, values)) for name, values in values_by_name.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    """Return the decoded body. Invalid base64 is returned unchanged, and fails as JSON later."""
    text = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        try:
            return b64decode(text)
        except ValueError:
            pass
    return text.encode(errors="surrogatepass")


def _trace(request_id: str, context: InvocationContext, *correlation_ids: Any) -> Trace:
    valid = (
        each
        for each in correlation_ids
        if isinstance(each, str) and _CORRELATION_ID.fullmatch(each)
    )
    return Trace(request_id, next(valid, request_id), context)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
