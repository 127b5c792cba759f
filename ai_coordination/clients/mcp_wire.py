"""The messages of the Model Context Protocol as HTTP carries them: headers, JSON, event streams."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination.clients.http import Reply

Message = Mapping[str, Any]

_PLAIN = re.compile(r"[\x20-\x7e]*")
_ENCODED: Final = "=?base64?"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_END_OF_LINE = re.compile(rb"\r\n|\n|\r")
_LONGEST_END: Final = 4
_DEEPEST: Final = 16


def header(value: str) -> str:
    """A text as a header's value: as it is, or in Base64 if it would not arrive unchanged."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not value.startswith(_ENCODED):
        return value
    return f"{_ENCODED}{base64.b64encode(value.encode(errors='replace')).decode()}?="


def is_header_name(value: Any) -> bool:
    """Whether it can be a part of a header's name."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


class Answers:
    """Looks for the answer to a request in a stream of events, as the stream arrives."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._buffer = bytearray()
        self._searched = 0
        self.answer: Message | None = None
        # What the server itself asks for in the stream. It waits for that, and the engine for it.
        self.asks_for: str | None = None

    def feed(self, piece: bytes) -> bool:
        """Add a piece of the stream. Return whether nothing more is to be read."""
        self._buffer += piece
        while not self._is_over() and (end := _END_OF_EVENT.search(self._buffer, self._searched)):
            self._read_event(bytes(self._buffer[: end.start()]))
            del self._buffer[: end.end()]
            self._searched = 0
        self._searched = max(0, len(self._buffer) - _LONGEST_END)
        return self._is_over()

    def finish(self) -> None:
        """Read what has arrived after the last whole event."""
        if not self._is_over():
            self._read_event(bytes(self._buffer))

    def read(self, value: Any) -> None:
        """Look into one JSON value: a message, or a list of messages."""
        for message in value if isinstance(value, list) else [value]:
            if not isinstance(message, dict):
                continue
            if is_answer(message, self._number):
                self.answer = message
            elif "method" in message and "id" in message and message["method"] != "ping":
                self.asks_for = str(message["method"])[:64]

    def _is_over(self) -> bool:
        return self.answer is not None or self.asks_for is not None

    def _read_event(self, event: bytes) -> None:
        lines = [line for line in _END_OF_LINE.split(event) if line.startswith(b"data:")]
        data = b"\n".join(line.removeprefix(b"data:").removeprefix(b" ") for line in lines)
        if data:
            self.read(loads(data))


def is_answer(message: Message, number: int) -> bool:
    """Whether a message answers the request of this number, or says that it was not understood."""
    # An error may have no id, or another one: a server that does not understand a request has none.
    has_failed = isinstance(message.get("error"), Mapping)
    return has_failed or ("result" in message and message.get("id") == number)


def answers_in(reply: Reply, number: int) -> Answers:
    """What a reply has for the request of this number."""
    found = Answers(number)
    if reply.has_events:
        found.feed(reply.body)
        found.finish()
    else:
        found.read(loads(reply.body))
    return found


def dumps(value: Any) -> str:
    """A value as a model reads it."""
    return json.dumps(value, ensure_ascii=False)


def loads(content: bytes) -> Any:
    """The JSON value, or None if it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def mirrored(schema: Message) -> Iterator[tuple[tuple[str, ...], str]]:
    """The places of arguments that are sent as headers, too, with the names of these headers."""
    yield from _mirrored(schema, ())


def _mirrored(schema: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or len(place) > _DEEPEST:
        return
    for name, inner in properties.items():
        if isinstance(inner, Mapping) and is_header_name(inner.get("x-mcp-header")):
            yield (*place, name), f"mcp-param-{inner['x-mcp-header'].lower()}"
        yield from _mirrored(inner, (*place, name))


def mirrored_headers(schema: Message, arguments: Message) -> dict[str, str]:
    """The headers that repeat arguments, as the tool's schema wants it."""
    headers: dict[str, str] = {}
    for place, name in mirrored(schema):
        value: Any = arguments
        for step in place:
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, bool):
            headers[name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            headers[name] = header(str(value))
    return headers
