"""What an agent's output is in an expression: JSON where it is a list or an object, else text."""

import json
import re
import sys
from itertools import islice
from typing import Any, Final

_MARK: Final = "```"
# JSON may escape half a surrogate pair, which nothing stores.
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_OPENINGS: Final = ("{", "[")
# A line that begins or ends a fenced block, such as ```json. Lines are looked at one by one, so
# that a long text with many of them takes no longer than any other.
_FENCE: Final = re.compile(r"^[ \t]*```[^`\n]*$", re.MULTILINE)


def output_value(text: str | None) -> Any:
    """Return the value of an output. None if there is none.

    A JSON object or list is itself, if it is the whole output, or if it is the only fenced block
    in it. Any other output is its text, without blanks and line breaks around it.
    """
    if text is None:
        return None
    stripped = text.strip()
    value = _collection(stripped)
    if value is None and _MARK in stripped:
        value = _only_fenced(stripped)
    return stripped if value is None else value


def parsed(text: str) -> Any:
    """Return the value of JSON text. None if it is none, and for null.

    Half a surrogate pair becomes a question mark.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
        if _HALF.search(text):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return value


def parsed_bytes(text: str) -> int:
    """Return how many bytes the value of JSON text has in memory, at most or nearly so.

    A list of empty objects has 24 times the bytes of its JSON.
    """
    return (
        sys.getsizeof(text)
        + 240 * text.count("{")
        + 88 * text.count("[")
        + 100 * text.count(",")
        + 100 * text.count(":")
    )


def value_bytes(text: str) -> int:
    """Return how many bytes the value of an output has in memory, at most or nearly so."""
    may_be_json = text.lstrip().startswith(_OPENINGS) or _MARK in text
    return parsed_bytes(text) if may_be_json else sys.getsizeof(text)


def _collection(text: str) -> Any:
    if not text.startswith(_OPENINGS):
        return None
    return parsed(text)


def _only_fenced(text: str) -> Any:
    fences = list(islice(_FENCE.finditer(text), 3))
    if len(fences) != 2:
        return None
    opening, closing = fences
    if closing[0].strip() != _MARK:
        return None
    return _collection(text[opening.end() : closing.start()].strip())


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
