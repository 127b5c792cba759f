"""Callbacks: what an agent elsewhere reports with the token of a run, and who may."""

import base64
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from ai_coordination import handler as entry
from ai_coordination import models, telemetry
from ai_coordination.config import settings
from ai_coordination.engine import callback_reports, factory
from ai_coordination.engine.agent import claim
from ai_coordination.errors import Throttled
from tests.api.execution import (
    after,
    agents,
    external,
    http_agent,
    outcomes,
    report,
    session,
    started,
    tell,
    work_off,
)
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.callbacks import ENGINE, ROUTE, callback_event
from tests.support.chat_server import ChatServer
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, data
from tests.support.http_server import Reply
from tests.support.stored import everything_stored, put_state, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

HEARTBEAT_OF = """query ($s: ID!, $a: ID!) {
    sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) { heartbeat { note percent } }
}"""
ACCEPTED = Reply(b"", 202)
ONCE = {"retry": {"maxAttempts": 1}}
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


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
    engine = replace(factory.of_a_worker(SYSTEM, 60), waits=True)
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


def other(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")


def without_a_header(given: dict[str, Any]) -> None:
    del given["headers"]["authorization"]


def of_another_scheme(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = given["headers"]["authorization"].replace("Bearer", "Basic")


def with_another_token(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = other(given["headers"]["authorization"])


def with_a_text_that_is_no_token(given: dict[str, Any]) -> None:
    given["headers"]["authorization"] = "Bearer ' OR 1=1"


def of_another(place: int) -> Any:
    def change_path(given: dict[str, Any]) -> None:
        names = given["rawPath"].split("/")
        names[place] = SYSTEM.new_uuid()
        given["rawPath"] = "/".join(names)

    return change_path


def with_a_longer_path(given: dict[str, Any]) -> None:
    given["rawPath"] += "/graphql"


def with_a_shorter_path(given: dict[str, Any]) -> None:
    given["rawPath"] = "/callbacks"


def as_graphql(given: dict[str, Any]) -> None:
    """A path that is not the one of the route, which has no authorizer."""
    given["rawPath"] = "/graphql"
    given["body"] = '{"query": "{ __typename }"}'


NOT_AUTHENTICATED = {
    "no header": without_a_header,
    "another scheme": of_another_scheme,
    "another token": with_another_token,
    "no token": with_a_text_that_is_no_token,
    "another session": of_another(2),
    "another agent": of_another(3),
    "another run": of_another(4),
    "a longer path": with_a_longer_path,
    "a shorter path": with_a_shorter_path,
    "as GraphQL": as_graphql,
}


def test_who_has_not_the_token_of_this_run_is_not_told_why(
    agent_server: ChatServer,
) -> None:
    place, callback = begun(agent_server)
    before = everything_stored()

    for change_of in NOT_AUTHENTICATED.values():
        given = callback_event(callback, {"agentOutput": "Done"})
        change_of(given)
        status, answered, headers = handled(given)

        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        (error,) = answered["errors"]
        assert error["message"] == "The token is not one of this callback"
        assert error["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "request-1"}
    assert everything_stored() == before
    assert agents(place)["a"]["state"] == "IN_PROGRESS"


def test_a_run_without_callbacks_has_no_token(agent_server: ChatServer) -> None:
    place = started([external("a")])
    agent = agents(place)["a"]
    names = f"{place.session}/{agent['sessionAgentUuid']}/{agent['currentRun']['runUuid']}"
    callback = {"url": f"{ENGINE}/callbacks/{names}", "token": "A" * 43}

    assert call_back(callback, {"agentOutput": "Done"})[0] == 401


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


ONE_OF = (
    "The body must have exactly one of the members "
    "agentOutput, question, accepted, failed, heartbeat"
)
HEARTBEAT = ["heartbeat", "percent"]
TOO_LONG = "x" * 2_100_000
REFUSED: dict[str, tuple[Any, dict[str, Any], int, str, list[str] | None]] = {
    "a method": ("", {"requestContext": {"http": {"method": "GET"}}}, 405, "GET is not", None),
    "not json": ("{", {}, 400, "The body is not valid JSON", None),
    "no member": ({}, {}, 400, ONE_OF, None),
    "graphql": ({"query": "{ __typename }"}, {}, 400, ONE_OF, None),
    "no text": ({"failed": {"notes": 7}}, {}, 400, "This must be", ["failed", "notes"]),
    "a name": (
        {"accepted": True, "asyncTaskUuid": "x" * 300},
        {},
        400,
        "This has",
        ["asyncTaskUuid"],
    ),
    "no percents": ({"heartbeat": {"percent": 7.5}}, {}, 400, "This must", HEARTBEAT),
    "too many percents": ({"heartbeat": {"percent": 101}}, {}, 400, "This must", HEARTBEAT),
    "half a pair": ('{"agentOutput": "\\ud800"}', {}, 400, "This contains", ["agentOutput"]),
    "a long text": (
        {"agentOutput": "x" * 2_100_000},
        {},
        413,
        "A text has at most",
        ["agentOutput"],
    ),
    "a long body": ("x" * 5_500_001, {}, 413, "The request has 5500001 bytes", None),
}


def test_what_cannot_be_read_is_refused_with_its_place(agent_server: ChatServer) -> None:
    place, callback = begun(agent_server)
    before = everything_stored()

    for name, (body, changes, expected, message, path) in REFUSED.items():
        status, answered = call_back(callback, body, **changes)

        (error,) = answered["errors"]
        assert (name, status) == (name, expected)
        assert error["message"].startswith(message), name
        assert error["extensions"].get("inputPath") == path, name
    assert everything_stored() == before
    assert agents(place)["a"]["state"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("header", "value", "told"),
    [
        ("content-type", "text/html", ("accept", "application/json, text/plain")),
        ("content-type", "text/plain; charset=latin-1", ("accept", "application/json, text/plain")),
        ("content-encoding", "gzip", ("accept-encoding", "identity")),
    ],
)
def test_other_types_are_not_supported(
    agent_server: ChatServer, header: str, value: str, told: tuple[str, str]
) -> None:
    _, callback = begun(agent_server)
    given = callback_event(callback, {"agentOutput": "Done"})
    given["headers"][header] = value

    status, answered, headers = handled(given)

    assert (status, code_of(answered)) == (415, "BAD_USER_INPUT")
    assert told in headers.items()


def test_after_the_deadline_or_the_end_of_the_session_a_run_is_over(
    agent_server: ChatServer,
) -> None:
    late, too_late = begun(agent_server)
    key = late.session, agents(late)["a"]["sessionAgentUuid"]
    put_state(models.SessionAgent, *key, deadline_at="2026-01-01T00:00:00.000000+00:00")
    cancelled, of_cancelled = begun(agent_server)
    change("cancelSession", cancelled.key, "session { status }")

    for callback in (too_late, of_cancelled):
        for body in ({"agentOutput": "Done"}, {"accepted": True}, {"failed": {"notes": "No"}}):
            status, answered = call_back(callback, body)
            assert (status, code_of(answered)) == (409, "INVALID_STATE")
    assert agents(late)["a"]["state"] == "IN_PROGRESS"
    assert agents(cancelled)["a"]["state"] == "CANCELLED"


def test_a_busy_database_is_a_reason_to_call_back_later(
    agent_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, callback = begun(agent_server)

    def busy(*arguments: Any) -> None:
        raise Throttled("busy", 2.5)

    with monkeypatch.context() as patch:
        patch.setattr(callback_reports, "take", busy)
        status, answered, headers = handled(callback_event(callback, {"agentOutput": "Done"}))
        assert (status, headers["retry-after"], code_of(answered)) == (503, "3", "THROTTLED")
        patch.setattr(callback_reports, "take", lambda *arguments: 1 / 0)
        status, answered = call_back(callback, {"agentOutput": "Done"})
        assert (status, code_of(answered)) == (500, "INTERNAL")
    assert call_back(callback, {"agentOutput": "Done"})[0] == 200


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
