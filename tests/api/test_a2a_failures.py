"""Agents that speak A2A: failures of the agent, of its card, and of the way to it."""

import json
import re
from typing import Any

import pytest

from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.runtimes import a2a_call
from tests.api.execution import (
    a2a_agent,
    after,
    agents,
    blueprint,
    outcomes,
    session,
    start,
    started,
    work_off,
)
from tests.support.a2a_agent import A2aAgent, Refusal, card, reply_of, task, task_03
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.ports import free_port

pytestmark = pytest.mark.usefixtures("worked_queue")


TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
KEY = "sk-0123456789"
AT_ONCE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


def run(desk: A2aAgent, retry: Any = TWICE, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one A2A agent; by default another attempt is far away."""
    place = started([a2a_agent(desk.url, **parameters)], [after("a", **retry)])
    return place, agents(place)["a"]


SAID = "The agent answered"
# The answer, whether another attempt follows, and the notes.
ENDS: dict[str, tuple[Any, bool, str]] = {
    "failed": ({"task": task("FAILED", "no tea")}, True, "The agent has failed: no tea"),
    "failed without a word": ({"task": task("FAILED")}, True, "The agent has failed"),
    "rejected": (
        {"task": task("REJECTED", "not mine")},
        False,
        "The agent has rejected the task: not mine",
    ),
    "canceled": (task_03("CANCELED"), False, "The agent's task was cancelled"),
    "auth required": (
        {"task": task("AUTH_REQUIRED", "log in at https://x.example")},
        False,
        "The agent needs an authorization that the engine cannot give: log in at https://x.example",
    ),
    "a long text": (
        {"task": task("FAILED", "x" * 600)},
        True,
        f"The agent has failed: {'x' * 500}",
    ),
    "half a pair": ({"task": task("FAILED", "\ud800")}, True, "The agent has failed: ?"),
    "-32603": (Refusal(-32603, "boom"), True, f"{SAID} -32603: boom"),
    "-32006": (Refusal(-32006, "bad"), True, f"{SAID} -32006: bad"),
    "-32050": (Refusal(-32050), True, f"{SAID} -32050: no"),
    "-32602": (Refusal(-32602, "bad field"), False, f"{SAID} -32602: bad field"),
    "-32004": (Refusal(-32004), False, f"{SAID} -32004: no"),
    "-32005": (Refusal(-32005), False, f"{SAID} -32005: no"),
    "-32008": (Refusal(-32008), False, f"{SAID} -32008: no"),
    "an error of HTTP and of the agent": (
        reply_of({"error": {"code": -32602, "message": "bad"}}, 400),
        False,
        f"{SAID} -32602: bad",
    ),
    "an error without a code": (reply_of({"error": "down"}, 500), True, f"{SAID} 500: down"),
    "400": (reply_of({}, 400), False, f"{SAID} 400"),
    "401": (
        reply_of({"error": {"code": -32603, "message": f"{KEY} is wrong"}}, 401),
        False,
        f"{SAID} 401: it does not accept the key, or needs one",
    ),
    "403": (
        Reply(b"", 403),
        False,
        f"{SAID} 403: it does not accept the key, or needs one",
    ),
    "404": (Reply(b"<html>", 404), False, f"{SAID} 404"),
    "409": (Reply(b"", 409), True, f"{SAID} 409"),
    "429": (Reply(b"", 429), True, f"Throttled: {SAID} 429"),
    "503, for a while": (reply_of({}, 503, retry_after="30"), True, f"Throttled: {SAID} 503"),
    "503": (Reply(b"", 503), True, f"{SAID} 503"),
    "redirect": (
        reply_of({}, 307, location="http://169.254.169.254/"),
        False,
        f"{SAID} 307, a redirect, which is not followed",
    ),
    "no JSON": (Reply(b"<html>"), True, f"{SAID} 200 without a result"),
    "a list": (Reply(b"[]"), True, f"{SAID} 200 without a result"),
    "deep JSON": (Reply(b"[" * 200_000), True, f"{SAID} 200 without a result"),
    "neither": ({"result": 1}, True, "The agent answered neither a task nor a message"),
    "too large": (
        reply_of({"result": "x" * 4_300_000}),
        False,
        "The agent gave no usable answer. The answer is larger than 4,194,304 bytes",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_answer_without_an_output_fails_the_attempt(desk: A2aAgent, name: str) -> None:
    answer, retried, notes = ENDS[name]
    desk.answers("SendMessage", answer)

    place, agent = run(desk)

    assert agent["state"] == ("INITIAL" if retried else "FAILED")
    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (ended["outcome"], ended["notes"]) == ("FAILED", notes)
    assert len(desk.sent("SendMessage")) == 1


def test_a_failed_task_is_begun_again_in_a_conversation_of_its_own(desk: A2aAgent) -> None:
    failed = {"task": task("FAILED", "no tea")}
    desk.answers("SendMessage", failed, {"task": task("COMPLETED", output="5 kg")})

    place, agent = run(desk, AT_ONCE)

    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "COMPLETED")]
    first, second = (sent["message"] for sent in desk.sent("SendMessage"))
    assert second["contextId"] == f"{first['contextId']}#2"
    assert second["messageId"] == agent["currentRun"]["runUuid"] != first["messageId"]


CARDS: dict[str, tuple[Any, bool, str]] = {
    "a lie": (
        card("https://evil.example/a2a"),
        False,
        (
            "The agent's card names the URL https://evil.example/a2a. The host evil.example is not"
            " allowed. The setting AI_COORDINATION_AGENT_HOSTS lists the hosts that agents may have"
        ),
    ),
    "inside": (
        card("http://169.254.169.254/latest"),
        False,
        (
            "The agent's card names the URL http://169.254.169.254/latest. The host 169.254.169.254"
            " is not allowed. The setting AI_COORDINATION_AGENT_HOSTS lists the hosts that agents"
            " may have"
        ),
    ),
    "a relative URL": (
        card("/a2a"),
        False,
        "The agent's card names the URL /a2a. The URL must begin with https:// or http://",
    ),
    "no interface": (
        {},
        False,
        "The agent's card has no interface of the protocol JSONRPC in version 1.0 or 0.3",
    ),
    "no JSON": (Reply(b"<html>"), False, "The agent's card is not JSON"),
    "404": (Reply(b"", 404), False, "The server of the agent's card answered 404"),
    "500": (Reply(b"", 500), True, "The server of the agent's card answered 500"),
    "too large": (
        Reply(b"x" * 600_000),
        False,
        (
            "The server of the agent's card gave no usable answer."
            " The answer is larger than 524,288 bytes"
        ),
    ),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_cannot_be_used_fails_the_attempt_before_anything_is_sent(
    desk: A2aAgent, name: str
) -> None:
    desk.card, retried, notes = CARDS[name]

    place, agent = run(desk, apiKeySecret="key")

    assert agent["state"] == ("INITIAL" if retried else "FAILED")
    assert session(place)["sessionRuns"]["nodes"][0]["notes"] == notes
    assert desk.methods() == ["CARD"]


def test_a_server_that_dies_while_it_works_is_looked_for_and_then_the_attempt_fails(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(a2a_call, "MOST_MISSES", 3)
    down = Reply(b"", 502)
    desk.answers("SendMessage", {"task": task("WORKING")})
    desk.answers("GetTask", down, down, task("WORKING"), Refusal(-32603), down, down, down)

    place, agent = run(desk)

    assert (agent["state"], len(desk.sent("GetTask"))) == ("INITIAL", 6)
    assert session(place)["sessionRuns"]["nodes"][0]["notes"] == f"{SAID} 502"


def test_a_server_that_was_restarted_no_longer_knows_the_task(desk: A2aAgent) -> None:
    desk.answers("SendMessage", {"task": task("WORKING")})
    desk.answers("GetTask", Refusal(-32001, "Task not found"))

    place, agent = run(desk)

    assert agent["state"] == "INITIAL"
    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (
        ended["notes"] == "The agent no longer knows its task: its server may have been restarted"
    )


def test_a_server_that_is_gone_is_asked_again(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"{url}, {desk.url}")
    settings.cache_clear()
    desk.card = card(f"{url}/a2a")

    place, agent = run(desk)

    assert agent["state"] == "INITIAL"
    (ended,) = session(place)["sessionRuns"]["nodes"]
    host = url.removeprefix("http://")
    assert ended["notes"] == f"The agent could not be reached. {host} does not accept connections"


def test_a_host_that_is_taken_off_the_list_is_not_called(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([a2a_agent(desk.url)]), taskQuery="Which?")
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", "api.example")
    settings.cache_clear()
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert "is not allowed. The setting AI_COORDINATION_AGENT_HOSTS" in agent["notes"]
    assert desk.requests == []


def test_a_key_is_neither_shown_nor_sent_where_it_may_not_go(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.answers("SendMessage", lambda params: reply_of(_echo(desk)))
    place, _ = run(desk, apiKeySecret="key")
    assert "Bearer (key)" in session(place)["sessionRuns"]["nodes"][0]["notes"]

    bound = json.dumps({"value": KEY, "hosts": ["api.example"]})
    monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", bound)
    secrets.forget("key")
    other, agent = run(desk, apiKeySecret="key")

    assert re.fullmatch("The secret 'key' may not be sent to 127.0.0.1:[0-9]+", agent["notes"])
    assert len(desk.sent("SendMessage")) == 1
    assert KEY not in json.dumps([session(place), session(other)]) + caplog.text


def _echo(desk: A2aAgent) -> dict[str, Any]:
    return {"error": {"code": -32602, "message": json.dumps(desk.requests[-1].headers)}}
