"""The groups of a verified caller: read from a token's claim, or from a direct invocation."""

import json
from collections.abc import Iterable
from typing import Any

from ai_coordination.caller import MAX_GROUP_CHARACTERS
from ai_coordination.errors import BadUserInput

MOST_GROUPS = 1_000


def of_claim(value: Any) -> tuple[str, ...]:
    """Return the groups that a claim names, each once.

    Authorizers deliver an array in several forms: as a list, as JSON, as the text `[a b]` (an HTTP
    API) or as `a,b` (a REST API). What is no name of a group is left out: it gives no right.
    """
    names = value if isinstance(value, list) else _of_text(value)
    return tuple(dict.fromkeys(name for name in names if is_group(name)))


def of_direct_invocation(value: Any) -> tuple[str, ...]:
    """Return the groups in the `context` of a direct invocation. Raises BadUserInput."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_GROUPS:
        message = f"groups must be a list of at most {MOST_GROUPS:,} texts"
        raise BadUserInput(message, "context", "groups")
    for index, name in enumerate(value):
        if not is_group(name):
            message = f"A group must be a printable text of 1 to {MAX_GROUP_CHARACTERS} characters"
            raise BadUserInput(message, "context", "groups", index)
    return tuple(dict.fromkeys(value))


def is_group(name: Any) -> bool:
    """Return whether a value is the name of a group."""
    if not isinstance(name, str) or not name.strip():
        return False
    return len(name) <= MAX_GROUP_CHARACTERS and name.isprintable()


def _of_text(value: Any) -> Iterable[Any]:
    """Split a text. Inside brackets a comma is part of a name, as it may be in a token's array."""
    if not isinstance(value, str):
        return ()
    text = value.strip()
    if text.startswith("[") and text.endswith("]"):
        return _of_json(text) or text[1:-1].split()
    if "," in text:
        return (name.strip() for name in text.split(","))
    return text.split()


def _of_json(text: str) -> list[str] | None:
    """Return a JSON array of texts. Others are `[a b]`: there `[7]` is the group `7`."""
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return names if all(isinstance(name, str) for name in names) else None
