"""Translate HTTP to API Gateway's Lambda event (HTTP API, payload format 2.0), and back."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from ai_coordination.local.lambda_context import ACCOUNT

API = "local"
MAX_BODY_BYTES = 10 * 1024 * 1024
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


def event_of(request: Request, authorizer: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the event that API Gateway passes to Lambda for a request.

    `authorizer` is what an authorizer says of the caller. None: there is no authorizer.

    Raises werkzeug's RequestEntityTooLarge for a body over API Gateway's limit.
    """
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{request.method} {request.path}",
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": _headers(request),
        "requestContext": _request_context(request, authorizer),
        "isBase64Encoded": False,
    }
    if cookies := request.headers.get("cookie"):
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if request.args:
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in request.args.lists()
        }
    request.max_content_length = MAX_BODY_BYTES
    if body := request.get_data():
        event.update(_body(body, request))
    return event


def _headers(request: Request) -> dict[str, str]:
    """Return the headers: lower-case names, repeated headers joined by commas, no cookies."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers.pop("cookie", None)
    return headers | {
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}",
        "x-forwarded-for": _source(request),
        "x-forwarded-port": str(urlsplit(f"//{request.host}").port or 80),
        "x-forwarded-proto": request.scheme,
    }


def _request_context(request: Request, authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        **({} if authorizer is None else {"authorizer": authorizer}),
        "accountId": ACCOUNT,
        "apiId": API,
        "domainName": urlsplit(f"//{request.host}").hostname or "",
        "domainPrefix": API,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": _source(request),
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": secrets.token_urlsafe(12),
        "routeKey": f"{request.method} {request.path}",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _source(request: Request) -> str:
    return request.remote_addr or "127.0.0.1"


def _body(body: bytes, request: Request) -> dict[str, Any]:
    """Return a text body unchanged, and any other body in base64."""
    is_text = request.mimetype.startswith(_TEXT) and "content-encoding" not in request.headers
    try:
        if is_text:
            return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def response_of(answer: Mapping[str, Any]) -> Response:
    """Return the HTTP response for a handler's result.

    Raises an error for a result that API Gateway would turn into status 500.
    """
    body: str | bytes = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        body = base64.b64decode(body)
    response = Response(body, status=int(answer["statusCode"]))
    for name, value in (answer.get("headers") or {}).items():
        response.headers[name] = value
    for cookie in answer.get("cookies") or ():
        response.headers.add("set-cookie", cookie)
    return response


def failure() -> Response:
    """Return API Gateway's response when the function failed or returned an invalid result."""
    return _message(500, "Internal Server Error")


def not_found() -> Response:
    """Return API Gateway's response for an unknown route."""
    return _message(404, "Not Found")


def too_large() -> Response:
    """Return API Gateway's response for a body over its limit."""
    return _message(413, "Request Entity Too Large")


def misdirected() -> Response:
    """Return the response for a request whose `Host` header names another server."""
    return _message(421, "This server answers only requests to its own address or to localhost")


def json_response(content: Any, status: int = 200) -> Response:
    """Return a response with a JSON body."""
    return Response(json.dumps(content), status, content_type="application/json")


def _message(status: int, text: str) -> Response:
    return json_response({"message": text}, status)
