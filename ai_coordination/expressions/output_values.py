"""What an agent's output is in an expression: JSON where it is a list or an object, else text."""

import json
import re
import sys
from typing import Any, Final

# ```json … ```, each fence on a line of its own.
_FENCED: Final = re.compile(
    r"^[ \t]*```(?P<language>[\w+-]*)[ \t]*\r?\n(?P<inside>.*?)^[ \t]*```[ \t]*\r?$",
    re.DOTALL | re.MULTILINE,
)


def output_value(text: str | None) -> Any:
    """Return the value of an output. None if there is none.

    A JSON object or list is itself, if it is the whole output, or if it is the only fenced block
    in it. Any other output is its text, without blanks and line breaks around it.
    """
    if text is None:
        return None
    stripped = text.strip()
    value = _collection(stripped)
    if value is None and "```" in stripped:
        value = _only_fenced(stripped)
    return stripped if value is None else value


def parsed(text: str) -> Any:
    """Return the value of JSON text. None if it is none, and for null."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


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


def _collection(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    return parsed(text)


def _only_fenced(text: str) -> Any:
    blocks = list(_FENCED.finditer(text))
    return _collection(blocks[0]["inside"].strip()) if len(blocks) == 1 else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
