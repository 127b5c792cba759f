"""The `{variables}` of subtask queries, filled from a task query that is a JSON object.

Braces mean the same whatever the task query is: `{{`, and the `}}` that closes it, are one brace
each, so `{{name}}` is the text `{name}`; any other brace is itself. JSON never holds `{{`, so JSON
in a text stays as it is.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ai_coordination.errors import BadUserInput, PayloadTooLarge
from ai_coordination.services import validation

MOST_BYTES = 32 * 1024 * 1024

PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_]+)\}")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_SPACE = re.compile(r"[ \t\n\r]*")

Variables = Mapping[str, str]


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# A number stays as it was written: 1.10 is not 1.1, and an integer may be of any size.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_json)


def of(task_query: str | None) -> Variables | None:
    """Return the text that replaces each name; None if the task query is not a JSON object.

    A string is its characters. Any other value is its JSON as it was written, with the characters
    of its strings in place of their escapes.
    """
    text = task_query or ""
    try:
        whole = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return dict(_members(text)) if isinstance(whole, dict) else None


def _members(text: str) -> list[tuple[str, str]]:
    """Return the members of an object whose text is valid JSON."""
    members: list[tuple[str, str]] = []
    at = _after_space(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        first = _after_space(text, text.index(":", at) + 1)
        value, end = _DECODER.raw_decode(text, first)
        is_text = text[first] == '"'
        members.append((name, value if is_text else _unescaped(text[first:end])))
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return members


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _unescaped(written: str) -> str:
    if "\\" not in written:
        return written
    return _STRING.sub(lambda one: json.dumps(json.loads(one[0]), ensure_ascii=False), written)


def names(text: str, piece: re.Pattern[str] = PIECE) -> list[str]:
    """Return the names that a text has in braces, each once."""
    return list(dict.fromkeys(found[1] for found in piece.finditer(text) if found[1]))


def filled(
    text: str,
    variables: Variables | None,
    room: int,
    *path: str | int,
    piece: re.Pattern[str] = PIECE,
) -> str:
    """Replace each `{name}` in the text, if there are variables. `room` is in bytes of UTF-8.

    `piece` says what counts as a name.

    Raises BadUserInput, at the text, for a name that is not a member of the task query;
    PayloadTooLarge as soon as a text has more than 2 MB, or more than there is room for.
    """
    filling = _Filling(text, variables, path)
    size = 0
    for found in piece.finditer(text):
        size += filling.add(found)
        filling.check(size, room)
    filling.check(size + filling.end(), room)
    result = "".join(filling.pieces)
    validation.text(result, *path)
    return result


class _Filling:
    """One text while it is filled. Each step returns the bytes that it has added."""

    def __init__(self, text: str, variables: Variables | None, path: tuple[str | int, ...]) -> None:
        self.pieces: list[str] = []
        self._text = text
        self._variables = variables
        self._path = path
        self._at = 0
        self._open = 0
        self._sizes: dict[str, int] = {}

    def add(self, piece: re.Match[str]) -> int:
        """Add the text before a piece, and the replacement of the piece."""
        before = self._text[self._at : piece.start()]
        self._at = piece.end()
        name = piece[1]
        if name is not None and self._variables is not None:
            return self._keep(before) + self._variable(self._variables, name)
        return self._keep(before + self._braces(piece[0]))

    def end(self) -> int:
        """Add the text after the last piece."""
        return self._keep(self._text[self._at :])

    def check(self, size: int, room: int) -> None:
        if size > validation.LONGEST_TEXT_BYTES:
            raise PayloadTooLarge("A text has at most 2 MB of UTF-8", *self._path)
        if size > room:
            message = "The subtask queries hold more than 32 MB together"
            raise PayloadTooLarge(message, *self._path)

    def _variable(self, variables: Variables, name: str) -> int:
        if name not in variables:
            message = f"The task query has no member {name!r}"
            raise BadUserInput(message, *self._path)
        value = variables[name]
        self.pieces.append(value)
        if name not in self._sizes:
            self._sizes[name] = _bytes(value)
        return self._sizes[name]

    def _braces(self, braces: str) -> str:
        if braces == "{{":
            self._open += 1
            return "{"
        if braces == "}}" and self._open:
            self._open -= 1
            return "}"
        return braces

    def _keep(self, text: str) -> int:
        self.pieces.append(text)
        return _bytes(text)


def _bytes(text: Any) -> int:
    return len(text.encode(errors="surrogatepass"))
