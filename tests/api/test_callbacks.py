"""Callbacks: what an agent elsewhere reports with the token of a run, and who may."""

import base64
import io
import json
from typing import Any

import pytest

from ai_coordination import models, telemetry
from ai_coordination.config import settings
from ai_coordination.engine import factory
from ai_coordination.engine.agent import claim
from tests.api.calling_back import ACCEPTED, ONCE, begun, call_back, code_of, handled
from tests.api.execution import (
    after,
    agents,
    http_agent,
    outcomes,
    report,
    session,
    started,
    tell,
)
from tests.support.callbacks import ENGINE, ROUTE, callback_event
from tests.support.chat_server import ChatServer
from tests.support.contexts import SYSTEM
from tests.support.graph_api import data
from tests.support.http_server import Reply
from tests.support.stored import put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

HEARTBEAT_OF = """query ($s: ID!, $a: ID!) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) { heartbeat { note percent } }
}"""
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


def test_an_answer_completes_the_agent_and_repeating_it_changes_nothing(
    agent_server: ChatServer,
) -> None:
    place, callback = begun(agent_server)
    usage = {"inputTokens": 3, "outputTokens": 4}
    run = {"runUuid": callback["url"].rpartition("/")[2]}

    for _ in range(2):
        assert call_back(callback, {"agentOutput": "Done", "usage": usage}) == (200, run)

    agent = agents(place)["a"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Done")
    assert agent["currentRun"]["usage"] == usage
    assert session(place)["status"] == "COMPLETED"
    status, answered = call_back(callback, {"agentOutput": "Else"})
    assert (status, code_of(answered)) == (409, "INVALID_STATE")


def test_an_answer_may_be_plain_text_and_the_url_in_upper_case(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server)
    given = callback_event(callback, "")
    given["headers"]["content-type"] = "text/plain"
    given["headers"]["authorization"] = f"bearer  {callback['token']}"
    given["body"] = base64.b64encode("Zoë".encode()).decode()
    given["isBase64Encoded"] = True
    prefix, _, names = given["rawPath"].partition("callbacks/")
    given["rawPath"] = f"{prefix}callbacks/{names.upper()}"

    status, _, headers = handled(given)

    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert agents(place)["a"]["agentOutput"] == "Zoë"


def test_a_failure_is_an_attempt_and_the_next_one_has_another_callback(
    agent_server: ChatServer,
) -> None:
    place, callback = begun(agent_server, **TWICE)
    failed = {"failed": {"notes": "Not now"}}

    assert call_back(callback, failed)[0] == 200

    second = agent_server.requests[-1].body["callback"]
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, None)]
    assert second["url"] != callback["url"]
    assert second["token"] != callback["token"]
    assert call_back(callback, failed)[0] == 200
    assert call_back(callback, {"agentOutput": "Late"})[0] == 409
    assert call_back(second | {"token": callback["token"]}, {"agentOutput": "Done"})[0] == 401
    assert call_back(second, {"failed": {"notes": "Never", "retryable": False}})[0] == 200
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "FAILED")]


def test_a_question_is_asked_once_and_not_in_the_last_turn(agent_server: ChatServer) -> None:
    place, first = begun(agent_server, maxTurns=2)
    form = {"type": "object", "properties": {"price": {"type": "number"}}}
    question = {"question": "Which price?", "form": form, "resume": [1]}
    status, answered = call_back(first, {**question, "form": {"type": "text"}})
    (error,) = answered["errors"]
    assert (status, error["extensions"]["inputPath"]) == (400, ["form"])

    for _ in range(2):
        assert call_back(first, question)[0] == 200
    tell("answerSessionAgent", {**report(place, "a"), "answer": {"price": 4.5}})

    second = agent_server.requests[-1].body
    assert second["reply"] == {"question": "Which price?", "answer": {"price": 4.5}}
    assert second["resume"] == [1]
    assert call_back(first, question)[0] == 200
    assert call_back(first, {"agentOutput": "Done"})[0] == 409
    status, answered = call_back(second["callback"], question)
    assert (status, code_of(answered)) == (409, "INVALID_STATE")
    assert agents(place)["a"]["notes"].startswith("The agent has asked again in its last turn")


def test_an_acceptance_names_the_task_once(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server)

    for _ in range(2):
        assert call_back(callback, {"accepted": True, "asyncTaskUuid": "job-7"})[0] == 200

    agent = agents(place)["a"]
    assert (agent["state"], agent["currentRun"]["asyncTaskUuid"]) == ("IN_PROGRESS", "job-7")
    status, answered = call_back(callback, {"accepted": True, "asyncTaskUuid": "job-8"})
    assert (status, code_of(answered)) == (409, "INVALID_STATE")


def test_a_heartbeat_is_a_sign_of_life_of_a_run_in_progress(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server, heartbeatSeconds=60)
    key = place.session, agents(place)["a"]["sessionAgentUuid"]
    first = stored(models.SessionAgent, *key)

    for heartbeat in ({}, {"note": "Page 3", "percent": 40}):
        assert call_back(callback, {"heartbeat": heartbeat})[0] == 200

    alive = stored(models.SessionAgent, *key)
    assert alive.due_at >= first.due_at
    assert data(HEARTBEAT_OF, {"s": key[0], "a": key[1]})["sessionAgent"]["heartbeat"] == {
        "note": "Page 3",
        "percent": 40,
    }
    assert call_back(callback, {"agentOutput": "Done"})[0] == 200
    assert call_back(callback, {"heartbeat": {}})[0] == 409


def test_the_agent_may_call_back_before_it_has_answered_the_request(
    agent_server: ChatServer,
) -> None:
    told: list[int] = []

    def behaviour(request: Any) -> Reply:
        told.append(call_back(request.body["callback"], {"agentOutput": "Soon"})[0])
        return ACCEPTED

    agent_server.behaviour = behaviour
    place = started([http_agent(agent_server.url)], [after("a", **ONCE)])

    assert told == [200]
    assert agents(place)["a"]["agentOutput"] == "Soon"


def test_after_a_takeover_the_callbacks_of_both_calls_are_valid(
    agent_server: ChatServer,
) -> None:
    """The first worker died before it could note that the agent has accepted."""
    place, first = begun(agent_server)
    key = place.session, agents(place)["a"]["sessionAgentUuid"]
    put_state(models.SessionAgent, *key, lease_until="2026-01-01T00:00:00.000000+00:00")
    engine = factory.of_a_worker(SYSTEM, 60)._replace(waits=True)
    claim.take_over(engine, stored(models.SessionAgent, *key), None)
    second = agent_server.requests[-1].body["callback"]

    assert len(agent_server.requests) == 2
    assert second["url"] == first["url"]
    assert second["token"] != first["token"]
    for callback in (first, second):
        assert call_back(callback, {"accepted": True})[0] == 200
    assert call_back(first, {"agentOutput": "Done"})[0] == 200
    assert call_back(second, {"agentOutput": "Done"})[0] == 200
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_the_tenant_is_that_of_the_run(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the settings nor an authorizer's claims say who an agent is."""
    place, callback = begun(agent_server)
    monkeypatch.setenv("AI_COORDINATION_ENDPOINT_ID", "other")
    monkeypatch.setenv("AI_COORDINATION_PART_ID", "tenant")
    settings.cache_clear()
    claims = {"endpoint_id": "other", "part_id": "tenant"}
    context = {"http": {"method": "POST"}, "authorizer": {"jwt": {"claims": claims}}}

    status, _ = call_back(callback, {"agentOutput": "Done"}, requestContext=context)

    assert status == 200
    assert agents(place)["a"]["state"] == "COMPLETED"


def test_a_rest_api_may_have_the_route_too(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server)
    given = {
        "httpMethod": "POST",
        "resource": ROUTE.removeprefix("POST "),
        "path": callback["url"].removeprefix(ENGINE),
        "headers": {"Authorization": f"Bearer {callback['token']}", "Content-Type": "text/plain"},
        "requestContext": {},
        "body": "Done",
    }

    assert handled({**given, "path": "/graphql"})[0] == 401
    assert handled(given)[0] == 200
    assert agents(place)["a"]["agentOutput"] == "Done"


def test_a_request_is_logged_with_its_tenant_and_without_its_token(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, callback = begun(agent_server)
    stream = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", stream)

    call_back(callback, {"agentOutput": "Swordfish"})

    written = stream.getvalue()
    (line,) = [json.loads(one) for one in written.splitlines() if '"message":"request"' in one]
    assert (line["transport"], line["status"], line["tenant"]) == ("callback", 200, "acme#sales")
    assert callback["token"] not in written
    assert "Swordfish" not in written
