"""Check values. Errors say where the value is, in the services' own names."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ai_coordination import ids
from ai_coordination.errors import BadUserInput, PayloadTooLarge
from ai_coordination.services import characters, uris

LONGEST_TEXT_BYTES = 2 * 1024 * 1024
LONGEST_NAME = 256
LONGEST_KEY = 256
LONGEST_URI = 8_192
MOST_ELEMENTS = 1_000
MOST_AGENTS = 1_000
"""Of a session."""
DEEPEST_JSON = 100

_AGENT_UUID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
T = TypeVar("T")


def uuid(value: str | None, *path: str | int) -> str:
    """Check a UUID of the engine."""
    if value is None or not ids.is_uuid(value):
        raise BadUserInput("This is not a UUID of the engine: 36 characters, lower case", *path)
    return value


def optional_uuid(value: str | None, *path: str | int) -> str | None:
    """Check a UUID of the engine, or None."""
    return None if value is None else uuid(value, *path)


def agent_uuid(value: str, *path: str | int) -> str:
    """Check a logical reference to an agent."""
    if not _AGENT_UUID.fullmatch(value):
        raise BadUserInput("An agentUuid has 1 to 128 of A-Z a-z 0-9 _ . -", *path)
    return value


def name(value: str | None, *path: str | int) -> str:
    """Check a name: one line with something visible."""
    if value is None or not characters.shows_something(value):
        raise BadUserInput("A name must contain a visible character", *path)
    return _readable(_short(value, LONGEST_NAME, *path), *path)


def label(value: str | None, *path: str | int) -> str | None:
    """Check a name that the caller has chosen: of a thread, of another system's task, a key."""
    if value is None:
        return None
    if not value:
        raise BadUserInput("This must not be empty: omit it, or use null", *path)
    return _short(value, LONGEST_KEY, *path)


def shown_label(value: str | None, *path: str | int) -> str | None:
    """Check a label that people read among others: a user's name, a media type."""
    label(value, *path)
    if value is not None and not characters.shows_something(value):
        raise BadUserInput("This must not be empty: omit it, or use null", *path)
    return None if value is None else _readable(value, *path)


def one_line(value: str, longest: int, *path: str | int) -> str:
    """Check a text on one line, which may be empty."""
    return _readable(_short(value, longest, *path), *path)


def uri(value: str | None, *path: str | int) -> str:
    """Check the address of a file: see `uris`."""
    if value is None or not value.strip():
        raise BadUserInput("A URI must not be empty", *path)
    _short(value, LONGEST_URI, *path)
    if wrong := uris.problem(value):
        raise BadUserInput(wrong, *path)
    return value


def text(value: str | None, *path: str | int) -> str | None:
    """Check a text: at most 2 MB of UTF-8."""
    if value is not None and len(_utf8(value, *path)) > LONGEST_TEXT_BYTES:
        raise PayloadTooLarge("A text has at most 2 MB of UTF-8", *path)
    return value


def required_text(value: str | None, *path: str | int) -> str:
    """Check a text that may not be null."""
    if value is None:
        raise BadUserInput("This must not be null", *path)
    text(value, *path)
    return value


def number(value: float, lowest: float, highest: float, *path: str | int) -> float:
    """Check a number's range."""
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise BadUserInput(f"This must be from {lowest} to {highest}", *path)
    return value


def bounded(values: Sequence[T], *path: str | int) -> Sequence[T]:
    """Check a list's length."""
    if len(values) > MOST_ELEMENTS:
        raise BadUserInput(
            f"A list has at most {MOST_ELEMENTS} elements, and this one has {len(values)}", *path
        )
    return values


def distinct(values: Iterable[str], *path: str | int, within: str | None = None) -> None:
    """Check that no value occurs twice. `within` is the elements' member with the value."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            member = () if within is None else (within,)
            raise BadUserInput(f"{value!r} occurs twice", *path, index, *member)
        seen.add(value)


def json_value(value: Any, *path: str | int) -> Any:
    """Check a JSON value: at most 2 MB as text, without lone surrogates and NaN.

    Readers of JSON differ in how deep it may nest, so nesting has a limit that all of them support.
    """
    if _nests_deeper(value, DEEPEST_JSON):
        raise BadUserInput(f"This nests more than {DEEPEST_JSON} arrays and objects", *path)
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise BadUserInput("This JSON value cannot be stored", *path) from error
    text(written, *path)
    return value


def _nests_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels + 1):
        layer = [inner for outer in layer for inner in _members(outer)]
    return bool(layer)


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def not_null(changes: Mapping[str, Any], *required: str) -> None:
    """Check that an update does not set required fields to null."""
    for field in required:
        if field in changes and changes[field] is None:
            raise BadUserInput("This must not be null: omit it to keep its value", field)


def _readable(value: str, *path: str | int) -> str:
    if character := characters.misleading(value):
        raise BadUserInput(
            f"This contains the character U+{ord(character):04X}, which is invisible and changes"
            " how the text around it reads",
            *path,
        )
    return value


def _short(value: str, longest: int, *path: str | int) -> str:
    _utf8(value, *path)
    if len(value) > longest:
        raise BadUserInput(f"This has at most {longest} characters, and has {len(value)}", *path)
    return value


def _utf8(value: str, *path: str | int) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise BadUserInput(
            "This contains half a surrogate pair, which is not text", *path
        ) from error
