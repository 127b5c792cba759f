"""Callbacks as API Gateway passes them to the function."""

import json
from typing import Any

ENGINE = "https://engine.example"
ROUTE = "POST /callbacks/{sessionUuid}/{sessionAgentUuid}/{runUuid}"


def callback_event(callback: dict[str, Any], body: Any, **changes: Any) -> dict[str, Any]:
    """The event for a callback with JSON, or with a text that is taken for JSON."""
    return {
        "version": "2.0",
        "routeKey": ROUTE,
        "rawPath": callback["url"].removeprefix(ENGINE),
        "rawQueryString": "",
        "headers": {
            "authorization": f"Bearer {callback['token']}",
            "content-type": "application/json",
        },
        "requestContext": {"http": {"method": "POST"}},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        **changes,
    }
