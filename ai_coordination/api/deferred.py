"""Put deferred values, such as large texts, into the space that a response has left.

All other values come first. A value that does not fit becomes null, with an error for its field
alone. Values are placed in the order of the response, not in the order in which they arrive, so the
same query on the same data always omits the same values.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLError

from ai_coordination import models
from ai_coordination.api import sizes
from ai_coordination.api.context import Context
from ai_coordination.api.execution import Deferred
from ai_coordination.errors import EngineError, PayloadTooLarge

Size = Callable[[Any], int]

NO_SPACE = "The response has no space left for this value: request fewer rows or fields at a time."
# Upper bound for an error in the response, without its message and path.
ERROR_BYTES = 200


class _Slot(NamedTuple):
    """Where a deferred value goes: a member of an object, or an element of a list."""

    container: Any
    key: str | int
    deferred: Deferred

    def put(self, value: Any) -> None:
        self.container[self.key] = value


class _Space:
    """The bytes that are left, for the client and for Lambda."""

    def __init__(
        self, data: Any, error_bytes: int, max_bytes: int, sent_bytes: Size | None
    ) -> None:
        """Subtract `data` and `error_bytes` from both limits."""
        self.json = max_bytes - sizes.json_bytes(data) - error_bytes
        self.sent = sizes.LAMBDA_RESPONSE_BYTES - sizes.ENVELOPE_BYTES - error_bytes
        self.sent_bytes = sent_bytes or (lambda value: 0)
        self.sent -= self.sent_bytes(data)

    def reserve(self, json: int, sent: int) -> bool:
        """Reserve bytes of both kinds. Returns False, and reserves nothing, if they do not fit."""
        if json > self.json or sent > self.sent:
            return False
        self.json -= json
        self.sent -= sent
        return True


def fill_in(
    data: Any, errors: list[GraphQLError], context: Context, sent_bytes: Size | None = None
) -> list[GraphQLError]:
    """Replace the deferred values in `data` by their values, or by null if they do not fit.

    Returns the errors of the latter. If not even the errors fit, the context's meter stops.
    """
    slots = list(_slots(data))
    for slot in slots:
        slot.put(None)
    error_bytes = sum(_error_bytes(error.message, error.path) for error in errors)
    # Any slot may turn out not to fit, so space for its error is kept first.
    error_bytes += sum(_error_bytes(NO_SPACE, slot.deferred.path.as_list()) for slot in slots)
    space = _Space(data, error_bytes, context.meter.max_bytes, sent_bytes)
    if space.json < 0 or space.sent < 0:
        context.meter.reserve(context.meter.max_bytes)
        return []
    return list(_fill_slots(slots, space, context))


def _fill_slots(slots: list[_Slot], space: _Space, context: Context) -> Iterator[GraphQLError]:
    fitting = _fitting(slots, space, context)
    values = (slot.deferred.value for slot in slots if id(slot) in fitting)
    texts = context.read_texts(value for value in values if isinstance(value, models.LargeText))
    measured: dict[int, tuple[int, int]] = {}
    for slot in slots:
        value = slot.deferred.value
        if isinstance(value, models.LargeText):
            value = _loaded(value, texts)
        if isinstance(value, EngineError):
            yield _error(value, slot)
            continue
        if id(slot) in fitting:
            if id(value) not in measured:
                measured[id(value)] = sizes.json_bytes(value), space.sent_bytes(value)
            if space.reserve(*measured[id(value)]):
                slot.put(value)
                continue
        yield _error(PayloadTooLarge(NO_SPACE), slot)


def _loaded(
    text: models.LargeText, texts: Mapping[models.LargeText, str | EngineError]
) -> models.LargeText | EngineError | Any:
    """Return the content of a text, parsed if it is JSON; the text itself if it was not read."""
    content = texts.get(text, text)
    if isinstance(text, models.LargeJson) and isinstance(content, str):
        return json.loads(content)
    return content


def _fitting(slots: list[_Slot], space: _Space, context: Context) -> set[int]:
    """Return the ids of the slots whose values fit, as far as is known before reading them."""
    left, fitting = space.json, set()
    known: dict[int, int] = {}
    for slot in slots:
        value = slot.deferred.value
        size = known.get(id(value))
        if size is None:
            size = known[id(value)] = _min_bytes(value, context)
        if size <= left:
            left -= size
            fitting.add(id(slot))
    return fitting


def _min_bytes(value: Any, context: Context) -> int:
    if isinstance(value, models.LargeText):
        return value.size
    return sizes.utf8_bytes(value) if isinstance(value, str) else context.meter.json_bytes(value)


def _slots(value: Any) -> Iterator[_Slot]:
    """Yield the slots of all deferred values, in the order of the response."""
    if not isinstance(value, dict | list):
        return
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(child, Deferred):
            yield _Slot(value, key, child)
        else:
            yield from _slots(child)


def _error(error: EngineError, slot: _Slot) -> GraphQLError:
    deferred = slot.deferred
    return GraphQLError(
        error.message, deferred.nodes, path=deferred.path.as_list(), original_error=error
    )


def _error_bytes(message: str, path: Any) -> int:
    return ERROR_BYTES + len(message) + len(str(path))
