"""Messages as they come from the queue: read, or found to be none."""

import json
from typing import Any

from ai_coordination import ids, texts
from ai_coordination.engine.context import Message

# What each kind has besides `tenant`: uuids, and numbers.
_UUIDS = {
    "agent": ("session", "agent"),
    "echo": ("session", "agent", "run"),
    "session": ("coordination", "session"),
    texts.KIND: ("coordination",),
}
# Those that may be left out.
_OPTIONAL = {texts.KIND: ("session",)}
_COUNTED = frozenset({"agent", "echo", "session"})


class Unreadable(Exception):
    """No message of the engine's. It says why, and nothing of what is in it."""


def read(body: str) -> Message:
    """The message in a body. Raises Unreadable."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if not isinstance(message, dict):
        raise Unreadable("no object")
    kind = message.get("kind")
    if not isinstance(kind, str) or kind not in _UUIDS:
        raise Unreadable("of no known kind")
    named = (*_UUIDS[kind], *(name for name in _OPTIONAL.get(kind, ()) if name in message))
    wrong = [name for name in named if not _is_uuid(message.get(name))]
    if not _is_tenant(message.get("tenant")):
        wrong.append("tenant")
    if kind in _COUNTED and type(message.get("iteration")) is not int:
        wrong.append("iteration")
    if not isinstance(message.get("due"), str | None):
        wrong.append("due")
    if wrong:
        raise Unreadable(f"{kind} without a right {', '.join(wrong)}")
    return message


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and ids.is_uuid(value)


def _is_tenant(value: Any) -> bool:
    return isinstance(value, str) and value.count("#") == 1
