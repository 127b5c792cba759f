"""Agents that are servers: failures, secrets, and servers that are not there."""

import base64
import json
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.config import settings
from tests.api.execution import (
    SIGNING_SECRET,
    after,
    agents,
    http_agent,
    outcomes,
    started,
)
from tests.api.http_answers import JSON, TEXT, TWICE, document, is_signed, run, stored_agent, text
from tests.support.chat_server import ChatServer, Request
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.ports import free_port
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


UNREADABLE = "The agent's answer cannot be read: "
ONE_OF = (
    "The body must have exactly one of the members "
    "agentOutput, question, delegate, accepted, failed, heartbeat"
)
FAILURES: dict[str, tuple[Reply, str]] = {
    "html": (
        Reply(b"<html>", 200, {"content-type": "text/html"}),
        UNREADABLE + "The content type is neither text/plain nor application/json",
    ),
    "no type": (
        Reply(b"Done"),
        UNREADABLE + "The content type is neither text/plain nor application/json",
    ),
    "another charset": (
        Reply(b"Zo\xeb", 200, {"content-type": "text/plain; charset=latin-1"}),
        UNREADABLE + "The charset of the content type is not utf-8",
    ),
    "not UTF-8": (Reply(b"Zo\xeb", 200, TEXT), UNREADABLE + "The body is not valid UTF-8"),
    "not json": (Reply(b"{", 200, JSON), UNREADABLE + "The body is not valid JSON"),
    "NaN": (
        Reply(b'{"agentOutput": NaN}', 200, JSON),
        UNREADABLE + "The body is not valid JSON",
    ),
    "deep": (Reply(b"[" * 200_000, 200, JSON), UNREADABLE + "The body is not valid JSON"),
    "a list": (document(["Done"]), UNREADABLE + "The body is not a JSON object"),
    "nothing": (document({"output": "Done"}), UNREADABLE + ONE_OF),
    "two": (document({"agentOutput": "Done", "accepted": True}), UNREADABLE + ONE_OF),
    "a heartbeat": (
        document({"heartbeat": {}}),
        UNREADABLE + "a heartbeat answers no request",
    ),
    "a number": (document({"agentOutput": 7}), UNREADABLE + "This must be a text (agentOutput)"),
    "not accepted": (document({"accepted": False}), UNREADABLE + "This must be true (accepted)"),
    "failed": (document({"failed": {"notes": "Never", "retryable": False}}), "Never"),
    "half a character": (
        Reply(b'{"agentOutput": "\\ud800"}', 200, JSON),
        "The agent's output: This contains half a surrogate pair, which is not text",
    ),
    "201": (text("Done", 201), "The agent's server answered 201: Done"),
    "204": (Reply(b"", 204), "The agent's server answered 204"),
    "302": (
        text("", 302, location="http://169.254.169.254/"),
        "The agent's server answered 302, a redirect, which is not followed",
    ),
    "400": (
        document({"error": {"message": "no query"}}, 400),
        "The agent's server answered 400: no query",
    ),
    "401": (document({"detail": "who?"}, 401), "The agent's server answered 401: who?"),
    "404": (
        Reply(b"<h1>", 404, {"content-type": "text/html"}),
        "The agent's server answered 404",
    ),
    "413": (text("x" * 600, 413), f"The agent's server answered 413: {'x' * 500}"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_another_attempt_does_not_mend_fails_the_agent(
    agent_server: ChatServer, name: str
) -> None:
    reply, notes = FAILURES[name]

    place, agent = run(agent_server, reply)

    assert (agent["state"], agent["notes"]) == ("FAILED", notes)
    assert outcomes(place) == [("a", 1, "FAILED")]


RETRIED: dict[str, tuple[Reply, str, str, float]] = {
    "408": (text("", 408), "TIMED_OUT", "The agent's server answered 408", 600),
    "409": (text("busy", 409), "FAILED", "The agent's server answered 409: busy", 600),
    "425": (text("", 425), "FAILED", "The agent's server answered 425", 600),
    "500": (
        document({"error": "oh"}, 500, **{"retry-after": "2000"}),
        "FAILED",
        "The agent's server answered 500: oh",
        2_000,
    ),
    "503": (text("", 503), "FAILED", "The agent's server answered 503", 600),
    "failed": (document({"failed": {"notes": "Not now"}}), "FAILED", "Not now", 600),
    "failed without a reason": (
        document({"failed": {"notes": ""}}),
        "FAILED",
        "The agent has failed",
        600,
    ),
}


@pytest.mark.parametrize("name", RETRIED)
def test_other_failures_are_tried_again(agent_server: ChatServer, name: str) -> None:
    reply, outcome, notes, wait = RETRIED[name]

    place, agent = run(agent_server, reply)

    assert (agent["state"], agent["attempt"], agent["notes"]) == ("INITIAL", 1, notes)
    assert outcomes(place) == [("a", 1, outcome)]
    assert wait / 2 - 5 <= seconds_until_the_next(place, agent) <= wait * 1.1


def seconds_until_the_next(place: Place, agent: dict[str, Any]) -> float:
    next_at = timestamps.parse(stored_agent(place, agent).not_before)
    return (next_at - SYSTEM.utc()).total_seconds()


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        (text("", 429), 0),
        (text("", 429, retry_after="100"), 95),
        (text("", 503, retry_after="100"), 95),
    ],
    ids=["429", "429 with a time", "503 with a time"],
)
def test_a_server_that_is_busy_costs_no_attempt(
    agent_server: ChatServer, reply: Reply, least: float
) -> None:
    place, agent = run(agent_server, reply)

    assert (agent["state"], agent["attempt"]) == ("INITIAL", 0)
    assert outcomes(place) == [("a", 1, "FAILED")]
    assert least <= seconds_until_the_next(place, agent) <= 120


def test_a_secret_that_has_changed_is_tried_once_when_the_server_refuses_the_old_one(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = "whsec_" + base64.b64encode(b"n" * 32).decode()

    def behaviour(request: Request) -> Reply:
        monkeypatch.setenv("AI_COORDINATION_SECRET_SIGNING", newer)
        return text("Done") if is_signed(request, newer) else text("no", 401)

    agent_server.behaviour = behaviour
    place = started([http_agent(agent_server.url)], [after("a", **TWICE)])

    first, second = agent_server.requests
    assert agents(place)["a"]["state"] == "COMPLETED"
    assert first.content == second.content
    assert is_signed(first)


def test_a_key_that_the_server_repeats_is_not_shown(agent_server: ChatServer) -> None:
    _, agent = run(agent_server, text("I know key-0123456789", 400), apiKeySecret="key")

    assert agent["notes"] == "The agent's server answered 400: I know (key)"


NOT_SIGNING = (
    "A signing secret is whsec_ and the base64 of 24 to 64 random bytes, and 'signing' is not"
)


@pytest.mark.parametrize(
    ("secret", "notes"),
    [
        ("c2hvcnQ=", NOT_SIGNING),
        ("not-base64!", NOT_SIGNING),
        (
            json.dumps({"value": SIGNING_SECRET, "hosts": ["other.example"]}),
            "The secret 'signing' may not be sent to ",
        ),
        (
            json.dumps({"value": SIGNING_SECRET, "tenants": ["other#*"]}),
            "There is no secret 'signing'",
        ),
    ],
    ids=["short", "not base64", "of another host", "of another tenant"],
)
def test_nothing_is_sent_or_stored_without_the_right_secret(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch, secret: str, notes: str
) -> None:
    monkeypatch.setenv("AI_COORDINATION_SECRET_SIGNING", secret)

    place, agent = run(agent_server, text("Done"))

    found = stored(models.SessionRun, place.session, agent["currentRun"]["runUuid"])
    assert agent["state"] == "FAILED"
    assert agent["notes"].startswith(notes)
    assert secret not in agent["notes"]
    assert agent_server.requests == []
    assert found.callback_tokens is None


def test_a_server_that_is_not_there_is_tried_again(agent_server: ChatServer) -> None:
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_COORDINATION_AGENT_HOSTS", f"http://127.0.0.1:{port}")
        settings.cache_clear()
        place = started([http_agent(f"http://127.0.0.1:{port}")], [after("a", **TWICE)])

    agent = agents(place)["a"]
    notes = f"The agent could not be reached. 127.0.0.1:{port} does not accept connections"
    assert (agent["state"], agent["notes"]) == ("INITIAL", notes)


@pytest.mark.usefixtures("bucket")
def test_large_texts_are_sent_as_addresses(agent_server: ChatServer) -> None:
    agent_server.answers(text("x" * 1_500_000), text("Done"))
    started([http_agent(agent_server.url, name) for name in "ab"], [after("a"), after("b", "a")])

    request = agent_server.requests[1]
    (said,) = request.body["predecessors"]
    assert len(request.content) <= 1_000_000
    assert said["agentOutput"] is None
    assert said["agentOutputUrl"].startswith("https://")
