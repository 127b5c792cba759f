"""Agents that are servers: the request that they are sent, and what each reply becomes."""

from hashlib import sha256
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.config import settings
from tests.api.execution import (
    after,
    agents,
    echo,
    http_agent,
    outcomes,
    report,
    started,
    tell,
)
from tests.api.http_answers import document, is_signed, run, stored_agent, text
from tests.support.callbacks import ENGINE
from tests.support.chat_server import ChatServer
from tests.support.http_server import Reply
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


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
    "json, after a mark": (
        Reply(b'\xef\xbb\xbf{"agentOutput": "Done"}', 200, {"content-type": "application/json"}),
        "Done",
        None,
    ),
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
