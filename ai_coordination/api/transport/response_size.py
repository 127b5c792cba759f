"""Encode a GraphQL result, and replace one that is too large by an error."""

from collections.abc import Callable, Iterable
from typing import Any

from ai_coordination.api import sizes
from ai_coordination.errors import EngineError, PayloadTooLarge

Size = Callable[[Any], int]

# Upper bound for how much escaping in Lambda's result can increase the size of JSON.
_MAX_GROWTH = 3


def error_result(error: EngineError, request_id: str) -> dict[str, Any]:
    """Return the result of a request that failed before anything was executed."""
    extensions = {**error.extensions, "requestId": request_id}
    return {"errors": [{"message": error.message, "extensions": extensions}]}


def limit_size(
    result: dict[str, Any], sent_bytes: Size, max_bytes: int, request_id: str
) -> tuple[dict[str, Any], str]:
    """Return the result and its JSON or, if it is over a limit, those of a PAYLOAD_TOO_LARGE error.

    `sent_bytes` measures a value in Lambda's result. The error's path names the field that is too
    large. Mutations that were executed are not undone.
    """
    text = sizes.to_json(result)
    size = sizes.utf8_bytes(text)
    if size > max_bytes:
        return _too_large(result, sizes.json_bytes, max_bytes, request_id)
    max_sent = sizes.LAMBDA_RESPONSE_BYTES - sizes.ENVELOPE_BYTES
    if size * _MAX_GROWTH > max_sent and sent_bytes(result) > max_sent:
        return _too_large(result, sent_bytes, max_sent, request_id)
    return result, text


def _too_large(
    result: dict[str, Any], size: Size, max_bytes: int, request_id: str
) -> tuple[dict[str, Any], str]:
    total = size(result)
    error = PayloadTooLarge(
        f"The operation was executed, but its response has {total} bytes and the limit is "
        f"{max_bytes}: request fewer rows or fields at a time."
    )
    replacement = error_result(error, request_id)
    if "data" in result:
        path = _heaviest_path(result["data"], size, total - max_bytes)
        replacement["errors"][0] |= {"path": path} if path else {}
        replacement["data"] = None
    return replacement, sizes.to_json(replacement)


def _heaviest_path(data: Any, size: Size, excess: int) -> list[str | int]:
    """Return the path of the deepest field without which the result would fit.

    Stops where no child has more than half of the size.
    """
    path: list[str | int] = []
    total = size(data)
    while children := list(_members(data)):
        weight, key, child = max(
            ((size(child), key, child) for key, child in children), key=lambda entry: entry[0]
        )
        if weight < excess or (path and weight * 2 <= total):
            break
        path.append(key)
        data, total = child, weight
    return path


def _members(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
