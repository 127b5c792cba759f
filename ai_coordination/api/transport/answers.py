"""A GraphQL result as text, and the error in its place where it is too large to be sent."""

from collections.abc import Callable, Iterable
from typing import Any

from ai_coordination.api import sizes
from ai_coordination.errors import EngineError, PayloadTooLarge

Size = Callable[[Any], int]

_MOST_GROWTH = 3


def failure(error: EngineError, request_id: str) -> dict[str, Any]:
    """The result of a request that failed before anything was executed."""
    extensions = {**error.extensions, "requestId": request_id}
    return {"errors": [{"message": error.message, "extensions": extensions}]}


def fitting(
    result: dict[str, Any], sent_bytes: Size, most_bytes: int, request_id: str
) -> tuple[dict[str, Any], str]:
    """The result and its text or, where it is over a limit, those of PAYLOAD_TOO_LARGE.

    `sent_bytes` measures a value the way it goes into Lambda's answer. The error's path is that of
    the field which is too large; what was executed stays executed.
    """
    text = sizes.as_text(result)
    size = sizes.utf8(text)
    if size > most_bytes:
        return _too_large(result, sizes.plain, most_bytes, request_id)
    most_sent = sizes.LAMBDA_ANSWER_BYTES - sizes.ENVELOPE_BYTES
    if size * _MOST_GROWTH > most_sent and sent_bytes(result) > most_sent:
        return _too_large(result, sent_bytes, most_sent, request_id)
    return result, text


def _too_large(
    result: dict[str, Any], size: Size, most_bytes: int, request_id: str
) -> tuple[dict[str, Any], str]:
    whole = size(result)
    error = PayloadTooLarge(
        f"The operation was carried out, but its answer takes {whole} bytes, and at most "
        f"{most_bytes} can be sent: ask for fewer rows or fields at a time."
    )
    answer = failure(error, request_id)
    if "data" in result:
        path = _heaviest_path(result["data"], size, whole - most_bytes)
        answer["errors"][0] |= {"path": path} if path else {}
        answer["data"] = None
    return answer, sizes.as_text(answer)


def _heaviest_path(data: Any, size: Size, excess: int) -> list[str | int]:
    """Down to the field without which the answer would fit, as long as one outweighs the rest."""
    path: list[str | int] = []
    whole = size(data)
    while children := list(_members(data)):
        weight, key, child = max(
            ((size(child), key, child) for key, child in children), key=lambda entry: entry[0]
        )
        if weight < excess or (path and weight * 2 <= whole):
            break
        path.append(key)
        data, whole = child, weight
    return path


def _members(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
