"""Sessions of models with a budget of tokens."""

import json
from typing import Any

from ai_coordination import models
from tests.api.execution import (
    after,
    agents,
    model,
)
from tests.support.chat_server import ChatServer
from tests.support.graph_api import Place, data
from tests.support.stored import stored

LOGS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status budget { tokens } usage { inputTokens outputTokens } logs { level message }
} }"""
QUERY = "Which?"
MOST: dict[str, Any] = {"maxTokens": 100}
# The bytes of what the model is told, and the most that it may answer.
CAP = len(json.dumps({"model": "m-1", **MOST})) + len(QUERY) + 100
# What the server of these tests says that each call has used.
USED = 37


def seen(place: Place) -> dict[str, Any]:
    return dict(data(LOGS, {"c": place.coordination, "s": place.session})["session"])


def committed(place: Place) -> int:
    session = stored(models.Session, place.coordination, place.session)
    return int(session.committed_tokens or 0)


def reserved(place: Place) -> list[Any]:
    of_session = [one["sessionAgentUuid"] for one in agents(place).values()]
    items = [stored(models.SessionAgent, place.session, one) for one in of_session]
    return [item.reserved_tokens for item in items]


def failed_at(place: Place) -> str:
    """Why the session has failed: its last log entry."""
    found = seen(place)
    assert (found["status"], found["logs"][-1]["level"]) == ("FAILED", "ERROR")
    return str(found["logs"][-1]["message"])


def models_of(server: ChatServer, number: int, **parameters: Any) -> list[dict[str, Any]]:
    return [model(server.url, f"m{one}", **{**MOST, **parameters}) for one in range(number)]


def in_a_row(number: int, **more: Any) -> list[dict[str, Any]]:
    """Independent agents: each reserves the same, because none is told what another said."""
    return [after(f"m{one}", **more) for one in range(number)]


def item(place: Place, name: str) -> models.SessionAgent:
    address = agents(place)[name]["sessionAgentUuid"]
    return stored(models.SessionAgent, place.session, address)
