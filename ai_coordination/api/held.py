"""Large texts get what room an answer has left, in the order in which it shows them.

All else comes first: a text that does not fit costs its own field alone. Since the order is that of
the answer and not that of time, the same question about the same data leaves out the same texts.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from ai_coordination import models
from ai_coordination.api import sizes
from ai_coordination.api.context import Context
from ai_coordination.api.execution import Held
from ai_coordination.errors import EngineError, PayloadTooLarge

Size = Callable[[Any], int]

NO_ROOM = "The answer has no room for this: ask for fewer rows or fields at a time."
# What a client is told of an error beside its message and its path, generously.
ERROR_BYTES = 200


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a held value goes: a member of an object, or an element of a list."""

    container: Any
    key: str | int
    held: Held

    def put(self, value: Any) -> None:
        self.container[self.key] = value


class _Room:
    """The bytes that are left, for the client and in Lambda's answer."""

    def __init__(self, data: Any, told: int, most_bytes: int, sent_bytes: Size | None) -> None:
        """What `data`, and `told` bytes of errors beside it, leave of the most."""
        self.plain = most_bytes - sizes.plain(data) - told
        self.sent = sizes.LAMBDA_ANSWER_BYTES - sizes.ENVELOPE_BYTES - told
        self.sent_bytes = sent_bytes or (lambda value: 0)
        self.sent -= self.sent_bytes(data)

    def takes(self, plain: int, sent: int) -> bool:
        """Whether so much fits; then it is taken."""
        if plain > self.plain or sent > self.sent:
            return False
        self.plain -= plain
        self.sent -= sent
        return True


def fill(
    data: Any, errors: list[GraphQLError], context: Context, sent_bytes: Size | None = None
) -> list[GraphQLError]:
    """Puts the held values of `data` into their places, or null; the errors of the latter.

    Where not even the errors fit, the meter of the context stops.
    """
    places = list(_places(data))
    for place in places:
        place.put(None)
    told = sum(_bytes_of_error(error.message, error.path) for error in errors)
    told += sum(_bytes_of_error(NO_ROOM, place.held.path.as_list()) for place in places)
    room = _Room(data, told, context.meter.most_bytes, sent_bytes)
    if room.plain < 0 or room.sent < 0:
        context.meter.takes(context.meter.most_bytes)
        return []
    return list(_filled(places, room, context))


def _filled(places: list[_Place], room: _Room, context: Context) -> Iterator[GraphQLError]:
    wanted = _wanted(places, room, context)
    texts = (each.held.value for each in places if id(each) in wanted)
    read = context.texts(text for text in texts if isinstance(text, models.LargeText))
    measured: dict[int, tuple[int, int]] = {}
    for place in places:
        value = place.held.value
        if isinstance(value, models.LargeText):
            value = _read(value, read)
        if isinstance(value, EngineError):
            yield _error(value, place)
            continue
        if id(place) in wanted:
            if id(value) not in measured:
                measured[id(value)] = sizes.plain(value), room.sent_bytes(value)
            if room.takes(*measured[id(value)]):
                place.put(value)
                continue
        yield _error(PayloadTooLarge(NO_ROOM), place)


def _read(
    text: models.LargeText, read: Mapping[models.LargeText, str | EngineError]
) -> models.LargeText | EngineError | Any:
    """What was read of a text, which may be JSON; itself where it was not read."""
    found = read.get(text, text)
    if isinstance(text, models.LargeJson) and isinstance(found, str):
        return json.loads(found)
    return found


def _wanted(places: list[_Place], room: _Room, context: Context) -> set[int]:
    """The places whose values fit as far as one knows without reading them, by their ids."""
    left, wanted = room.plain, set()
    known: dict[int, int] = {}
    for place in places:
        value = place.held.value
        size = known.get(id(value))
        if size is None:
            size = known[id(value)] = _least(value, context)
        if size <= left:
            left -= size
            wanted.add(id(place))
    return wanted


def _least(value: Any, context: Context) -> int:
    if isinstance(value, models.LargeText):
        return value.size
    return sizes.utf8(value) if isinstance(value, str) else context.meter.size_of_json(value)


def _places(value: Any) -> Iterator[_Place]:
    """In the order of the answer."""
    if not isinstance(value, dict | list):
        return
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(child, Held):
            yield _Place(value, key, child)
        else:
            yield from _places(child)


def _error(error: EngineError, place: _Place) -> GraphQLError:
    held = place.held
    return GraphQLError(error.message, held.nodes, path=held.path.as_list(), original_error=error)


def _bytes_of_error(message: str, path: Any) -> int:
    return ERROR_BYTES + len(message) + len(str(path))
