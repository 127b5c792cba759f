"""Agents that are servers: the request that they are sent, and what each reply becomes."""

import base64
import hmac
import json
import socket
from hashlib import sha256
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.config import settings
from tests.api.execution import (
    SIGNING_SECRET,
    after,
    agents,
    echo,
    http_agent,
    outcomes,
    report,
    started,
    tell,
)
from tests.support.callbacks import ENGINE
from tests.support.chat_server import ChatServer, Request
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place
from tests.support.http_server import Reply
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

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


def test_the_server_is_sent_the_payload_with_a_callback_and_a_signature(
    agent_server: ChatServer,
) -> None:
    agent_server.answers(text("Done"))
    member = http_agent(agent_server.url, "zh", apiKeySecret="key", style="short")
    place = started([echo("rag"), member], [after("rag"), after("zh", "rag")], taskQuery="Which?")

    agent = agents(place)["zh"]
    (request,) = agent_server.requests
    run_uuid = agent["currentRun"]["runUuid"]
    callback = request.body["callback"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Done")
    assert request.path == "/hook?v=1"
    assert request.headers["authorization"] == "Bearer key-0123456789"
    assert request.body["agent"]["parameters"] == {
        "signingSecret": "signing",
        "apiKeySecret": "key",
        "style": "short",
    }
    assert request.body["predecessors"][0]["agentOutput"] == "Which?"
    assert request.body["runUuid"] == request.headers["webhook-id"] == run_uuid
    # What is told to functions of the account is not told to servers elsewhere.
    assert request.body["replyTo"] == {"functionName": None}
    ids = f"{place.session}/{agent['sessionAgentUuid']}/{run_uuid}"
    assert callback["url"] == f"{ENGINE}/callbacks/{ids}"
    assert callback["expiresAt"] == request.body["deadlineAt"]
    assert len(callback["token"]) == 43
    assert is_signed(request)


def is_signed(request: Request, secret: str = SIGNING_SECRET) -> bool:
    """Whether the request is signed with the secret, now, as Standard Webhooks specifies."""
    time = request.headers["webhook-timestamp"]
    assert abs(int(time) - SYSTEM.utc().timestamp()) < 5
    signed = f"{request.headers['webhook-id']}.{time}.".encode() + request.content
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return request.headers["webhook-signature"] == f"v1,{signature}"


def test_only_the_hash_of_a_token_is_stored(agent_server: ChatServer) -> None:
    place, agent = run(agent_server, text("Done"))

    token = agent_server.requests[0].body["callback"]["token"]
    found = stored(models.SessionRun, place.session, agent["currentRun"]["runUuid"])
    assert found.callback_tokens == {sha256(token.encode()).hexdigest()}


def test_without_an_address_for_callbacks_there_is_none(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AI_COORDINATION_CALLBACK_URL")
    settings.cache_clear()

    place, agent = run(agent_server, text("Done"))

    found = stored(models.SessionRun, place.session, agent["currentRun"]["runUuid"])
    assert agent_server.requests[0].body["callback"] is None
    assert found.callback_tokens is None


USAGE = {"inputTokens": 3, "outputTokens": 4}
ANSWERS: dict[str, tuple[Reply, str, Any]] = {
    "text": (text("Zoë\n"), "Zoë\n", None),
    "nothing": (text(""), "", None),
    "json": (document({"agentOutput": "Done", "usage": USAGE, "more": 1}), "Done", USAGE),
    "json, with a wrong usage": (document({"agentOutput": "Done", "usage": 7}), "Done", None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(agent_server: ChatServer, name: str) -> None:
    reply, output, usage = ANSWERS[name]

    place, agent = run(agent_server, reply)

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", output)
    assert agent["currentRun"]["usage"] == usage
    assert outcomes(place) == [("a", 1, "COMPLETED")]


ACCEPTANCES = {
    "202": Reply(b"", 202),
    "202 with anything": Reply(b"<html>", 202, {"content-type": "text/html"}),
    "202 with json": document({"accepted": True, "asyncTaskUuid": "job-7"}, 202),
    "200": document({"accepted": True, "asyncTaskUuid": "job-7"}),
}


@pytest.mark.parametrize("name", ACCEPTANCES)
def test_work_that_is_accepted_has_until_its_deadline(agent_server: ChatServer, name: str) -> None:
    place, agent = run(agent_server, ACCEPTANCES[name])

    found = stored_agent(place, agent)
    assert agent["state"] == "IN_PROGRESS"
    named = b"job-7" in ACCEPTANCES[name].body
    assert agent["currentRun"]["asyncTaskUuid"] == ("job-7" if named else None)
    assert (found.lease_until, found.due_at) == (None, found.deadline_at)


def test_a_question_is_asked_and_the_answer_is_sent_with_what_the_server_gave(
    agent_server: ChatServer,
) -> None:
    asked = {"question": "Which price?", "resume": {"draft": "Tea"}, "usage": USAGE}
    agent_server.answers(document(asked), text("Done"))
    place = started([http_agent(agent_server.url)])
    agent = agents(place)["a"]
    assert (agent["state"], agent["currentRun"]["usage"]) == ("WAITING_FOR_INPUT", USAGE)

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "4.50"})

    sent = agent_server.requests[1].body
    assert (sent["turn"], sent["resume"]) == (2, {"draft": "Tea"})
    assert sent["reply"] == {"question": "Which price?", "answer": "4.50"}
    assert sent["callback"]["url"] != agent_server.requests[0].body["callback"]["url"]
    assert agents(place)["a"]["agentOutput"] == "Done"


UNREADABLE = "The agent's answer cannot be read: "
ONE_OF = (
    "The body must have exactly one of the members "
    "agentOutput, question, accepted, failed, heartbeat"
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
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
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
