"""Agents elsewhere that call back with the token of a run."""

import json
from typing import Any

from ai_coordination import handler as entry
from tests.api.execution import (
    after,
    http_agent,
    started,
    work_off,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.callbacks import callback_event
from tests.support.chat_server import ChatServer
from tests.support.graph_api import Place
from tests.support.http_server import Reply

ACCEPTED = Reply(b"", 202)
ONCE = {"retry": {"maxAttempts": 1}}


def begun(server: ChatServer, **action: Any) -> tuple[Place, dict[str, Any]]:
    """A session whose agent has accepted its work; and the callback that it was given."""
    server.answers(ACCEPTED)
    place = started([http_agent(server.url)], [after("a", **{**ONCE, **action})])
    return place, server.requests[-1].body["callback"]


def handled(given: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    answer = entry.handler(given, Context())
    work_off()
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def call_back(callback: dict[str, Any], body: Any, **changes: Any) -> tuple[int, Any]:
    status, answered, _ = handled(callback_event(callback, body, **changes))
    return status, answered


def code_of(answered: Any) -> str:
    (error,) = answered["errors"]
    return str(error["extensions"]["code"])


def other(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")
