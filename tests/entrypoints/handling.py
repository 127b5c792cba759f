"""Events for the handler, and how it is called."""

import json
from pathlib import Path
from typing import Any

from ai_coordination import handler as entry
from tests.entrypoints.lambda_stand_ins import Context

EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> dict[str, Any]:
    loaded = json.loads((EVENTS / f"{name}.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def http_event(body: str | None = '{"query":"{a}"}', **changes: Any) -> dict[str, Any]:
    return event("http-post") | {"body": body} | changes


def handle(given_event: Any, context: Context = Context()) -> dict[str, Any]:  # noqa: B008
    return entry.handler(given_event, context)
