"""Which kind of event Lambda was invoked with, and what it says."""

import re
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from ai_coordination.api.transport.http import HttpRequest
from ai_coordination.api.transport.identity import of_http_api, of_rest_api
from ai_coordination.api.transport.invocations import (
    WHAT_IT_TAKES,
    DirectInvocation,
    HttpInvocation,
    Invocation,
    Trace,
)

# API Gateway gives up after 29 s, and a second is left to write the answer.
LONGEST_SECONDS = 29.0
SECONDS_TO_ANSWER = 1.0

_CORRELATION_ID = re.compile(r"[!-~]{1,128}")

# Members of the events that services send. Those that know an answer want another one than ours.
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
    """What is used of the object that Lambda passes beside the event."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class UnknownEvent(Exception):
    """An event of a service that does not read answers.

    It is raised through the handler, so that the invocation counts as failed: an answer would be
    success to SQS and EventBridge, and the message would be gone.
    """


def read(event: Any, context: LambdaContext) -> Invocation:
    """What the event is. Raises UnknownEvent for one that a service sent to some other function.

    Any other event is taken for a direct invocation, and is told what one looks like.
    """
    members = _mapping(event)
    request_context = _mapping(members.get("requestContext"))
    if "http" in request_context:
        return _http_api(members, request_context, context)
    if "httpMethod" in members and "elb" not in request_context:
        return _rest_api(members, request_context, context)
    if _OF_SERVICES & members.keys():
        raise UnknownEvent(WHAT_IT_TAKES)
    correlation_id = _mapping(members.get("context")).get("correlationId")
    return DirectInvocation(_trace(context, correlation_id), event)


def _http_api(
    event: Mapping[str, Any], request_context: Mapping[str, Any], context: LambdaContext
) -> HttpInvocation:
    """Payload 2.0: repeated headers and query parameters are already joined."""
    headers = _headers({name: [value] for name, value in _mapping(event.get("headers")).items()})
    request = HttpRequest(
        method=str(_mapping(request_context["http"]).get("method")),
        headers=headers,
        query=str(event.get("rawQueryString") or ""),
        body=_body(event),
    )
    trace = _trace(context, headers.get("x-correlation-id"), request_context.get("requestId"))
    return HttpInvocation("http-api", trace, request, of_http_api(request_context))


def _rest_api(
    event: Mapping[str, Any], request_context: Mapping[str, Any], context: LambdaContext
) -> HttpInvocation:
    """Payload 1.0: names as the client wrote them, values in lists, the query already decoded."""
    headers = _headers(_lists(event, "multiValueHeaders", "headers"))
    parameters_given = _lists(event, "multiValueQueryStringParameters", "queryStringParameters")
    request = HttpRequest(
        method=str(event["httpMethod"]),
        headers=headers,
        query=urlencode(parameters_given, doseq=True, errors="replace"),
        body=_body(event),
    )
    trace = _trace(context, headers.get("x-correlation-id"), request_context.get("requestId"))
    return HttpInvocation("rest-api", trace, request, of_rest_api(request_context))


def _lists(event: Mapping[str, Any], several: str, single: str) -> Mapping[str, list[Any]]:
    if isinstance(lists := event.get(several), dict):
        return {name: values for name, values in lists.items() if isinstance(values, list)}
    return {name: [value] for name, value in _mapping(event.get(single)).items()}


def _headers(given: Mapping[str, list[Any]]) -> dict[str, str]:
    return {name.lower(): ", ".join(map(str, values)) for name, values in given.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    """What is not the base64 it says it is goes on as it is, and is no JSON either."""
    text = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        try:
            return b64decode(text)
        except ValueError:
            pass
    return text.encode(errors="surrogatepass")


def _trace(context: LambdaContext, *correlation_ids: Any) -> Trace:
    request_id = context.aws_request_id
    remaining = context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_ANSWER
    fitting = (
        each
        for each in correlation_ids
        if isinstance(each, str) and _CORRELATION_ID.fullmatch(each)
    )
    deadline = time.monotonic() + min(LONGEST_SECONDS, remaining)
    return Trace(request_id, next(fitting, request_id), deadline)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
