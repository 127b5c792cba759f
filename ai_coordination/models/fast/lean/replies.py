"""What DynamoDB has answered, in the form in which botocore returns and raises it."""

import json
from base64 import b64decode
from http.client import responses
from typing import Any, Final

from botocore.exceptions import HTTPClientError

from ai_coordination.models.fast.lean.pool import Reply
from ai_coordination.models.fast.lean.retries import Attempts

_SERVER_ERROR: Final = 500
_REQUEST_ID: Final = "x-amzn-requestid"


def answer(reply: Reply) -> dict[str, Any]:
    """Return what an operation returns. Raises HTTPClientError if it is not JSON."""
    try:
        parsed = _parsed(reply.body)
    except ValueError as error:
        raise HTTPClientError(error=error) from error
    if not isinstance(parsed, dict):
        raise HTTPClientError(error="the answer is not a JSON object")
    return parsed


def refusal(reply: Reply) -> dict[str, Any]:
    """Return the response that a ClientError has: `Error`, and the error's own members."""
    body = reply.body.strip()
    if reply.status >= _SERVER_ERROR and (not body or body.startswith(b"<html>")):
        message = responses.get(reply.status, "")
        return {"Error": {"Message": message, "Code": str(reply.status)}}
    try:
        parsed = _parsed(body) if body else {}
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        parsed = {"message": reply.body.decode(errors="replace")}
    code = str(parsed.pop("__type", reply.status)).partition(":")[0].rpartition("#")[2]
    message = parsed.get("message", parsed.get("Message", ""))
    return {**parsed, "Error": {"Message": message, "Code": code}}


def metadata(reply: Reply, attempts: Attempts) -> dict[str, Any]:
    """Return botocore's `ResponseMetadata`."""
    known: dict[str, Any] = {
        "HTTPStatusCode": reply.status,
        "HTTPHeaders": reply.headers,
        "RetryAttempts": attempts.number - 1,
    }
    if (request_id := reply.headers.get(_REQUEST_ID)) is not None:
        known["RequestId"] = request_id
    if attempts.is_last:
        known["MaxAttemptsReached"] = True
    if attempts.is_quota_reached:
        known["RetryQuotaReached"] = True
    return known


def _parsed(body: bytes) -> Any:
    if b'"B"' in body or b'"BS"' in body:
        return json.loads(body, object_hook=_with_bytes)
    return json.loads(body)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Decode a binary value. In all other places, a member of this name has an object."""
    single, several = value.get("B"), value.get("BS")
    if isinstance(single, str):
        return {"B": b64decode(single)}
    if isinstance(several, list):
        return {"BS": [b64decode(each) for each in several]}
    return value
