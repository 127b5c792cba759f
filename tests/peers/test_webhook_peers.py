"""Requests to HTTP agents, checked by the library of Standard Webhooks."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import agent_server, queue, worked_queue
from tests.api.execution import SIGNING_SECRET, after, agents, http_agent, started
from tests.support.chat_server import ChatServer
from tests.support.http_server import Reply

__all__ = ["agent_server", "queue", "worked_queue"]

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "bin" / "python"
OTHER = "whsec_MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not PYTHON.exists(), reason="make peers installs the library"),
    pytest.mark.usefixtures("worked_queue"),
]


def verified(*asked: dict[str, Any]) -> list[str | None]:
    """What the library says about each request; None if it is as it should be."""
    lines = "".join(f"{json.dumps(one)}\n" for one in asked)
    command = [str(PYTHON), str(HERE / "webhook_receiver.py")]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_library_accepts_what_an_agent_is_sent_and_nothing_else(
    agent_server: ChatServer,
) -> None:
    agent_server.answers(Reply("Zoë".encode(), 200, {"content-type": "text/plain"}))
    place = started([http_agent(agent_server.url)], [after("a")], taskQuery="Which café?")
    assert agents(place)["a"]["agentOutput"] == "Zoë"
    (request,) = agent_server.requests
    sent: dict[str, Any] = {
        "secret": SIGNING_SECRET,
        "headers": request.headers,
        "body": request.content.decode(),
    }

    def changed(**headers: str) -> dict[str, Any]:
        named = {f"webhook-{name}": value for name, value in headers.items()}
        return {**sent, "headers": {**request.headers, **named}}

    assert verified(
        sent,
        {**sent, "secret": OTHER},
        {**sent, "body": sent["body"].replace("café", "cafe")},
        changed(id="another"),
        changed(timestamp="1700000000"),
    ) == [
        None,
        "No matching signature found",
        "No matching signature found",
        "No matching signature found",
        "Message timestamp too old",
    ]
