"""Agents that are servers, and what they answer."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

from ai_coordination import models
from tests.api.execution import (
    SIGNING_SECRET,
    after,
    agents,
    http_agent,
    started,
)
from tests.support.chat_server import ChatServer, Request
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.stored import stored

TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
TEXT = {"content-type": "text/plain; charset=utf-8"}
JSON = {"content-type": "application/json"}


def text(body: str, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body.encode(), status, {**TEXT, **named})


def document(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(body).encode(), status, {**JSON, **headers})


def run(server: ChatServer, reply: Reply, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one agent after its server has replied so; another attempt is far away."""
    server.answers(reply)
    place = started([http_agent(server.url, **parameters)], [after("a", **TWICE)])
    return place, agents(place)["a"]


def stored_agent(place: Place, agent: dict[str, Any]) -> Any:
    return stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])


def is_signed(request: Request, secret: str = SIGNING_SECRET) -> bool:
    """Whether the request is signed with the secret, now, as Standard Webhooks specifies."""
    time = request.headers["webhook-timestamp"]
    assert abs(int(time) - SYSTEM.utc().timestamp()) < 5
    signed = f"{request.headers['webhook-id']}.{time}.".encode() + request.content
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return request.headers["webhook-signature"] == f"v1,{signature}"
