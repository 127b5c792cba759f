"""Questions that want a reply in a form of their own, which no text can take.

The protocol leaves the form of a reply to the agent. Strands' interrupts and the long-running
functions of Google's ADK each want data that names what is replied to, and refuse a text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

MOST: Final = 20
LONGEST_NAME: Final = 256

_ADK_TYPE: Final = "adk_type"
_ADK_LONG_RUNNING: Final = "adk_is_long_running"


class Data(NamedTuple):
    """A part of a message that is a JSON value."""

    value: Any
    metadata: Mapping[str, Any]


def awaited(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What the reply to a message must name, as `replies` takes it. Empty if a text is enough."""
    found = []
    for part in parts:
        data = part.get("data")
        if not isinstance(data, Mapping):
            continue
        if _is_call(part):
            found.append(_named("call", data.get("id"), data.get("name")))
        interrupts = data.get("interrupts")
        found += [
            _named("interrupt", one.get("interruptId"), one.get("name"))
            for one in (interrupts if isinstance(interrupts, list) else [])
            if isinstance(one, Mapping)
        ]
    return [one for one in found if one][:MOST]


def replies(asked: Sequence[Mapping[str, str]], reply: Any) -> list[Data]:
    """The parts that give one reply to all that was asked."""
    return [
        Data({"interruptResponse": {"interruptId": one["id"], "response": reply}}, {})
        if one["kind"] == "interrupt"
        else Data(
            {"id": one["id"], "name": one["name"], "response": {"result": reply}},
            {_ADK_TYPE: "function_response"},
        )
        for one in asked
    ]


def described(part: Mapping[str, Any]) -> str | None:
    """What a person reads of a data part: a call by its name; None if a text says the same."""
    data = part["data"]
    if isinstance(data, Mapping) and _is_call(part):
        arguments = json.dumps(data.get("args") or {}, ensure_ascii=False)
        return f"{data.get('name')} {arguments}"
    if isinstance(data, Mapping) and isinstance(data.get("interrupts"), list):
        return None
    return json.dumps(data, ensure_ascii=False)


def _is_call(part: Mapping[str, Any]) -> bool:
    metadata = part.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    return known.get(_ADK_TYPE) == "function_call" and bool(known.get(_ADK_LONG_RUNNING))


def _named(kind: str, identifier: Any, name: Any) -> dict[str, str]:
    if not isinstance(identifier, str) or not 0 < len(identifier) <= LONGEST_NAME:
        return {}
    return {"kind": kind, "id": identifier, "name": str(name)[:LONGEST_NAME]}
