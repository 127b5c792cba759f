"""Agents that are models behind a server: what is sent, and what each reply becomes."""

import json
import socket
import threading
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.engine.agent import throttle
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    input_of,
    model,
    outcomes,
    session,
    start,
    started,
    work_off,
)
from tests.support.chat_server import ChatServer, Reply, refusing, replying, saying
from tests.support.graph_api import Place
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

KEY = "sk-0123456789"
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
SCHEMA = {
    "type": "object",
    "title": "A verdict!",
    "properties": {"verdict": {"enum": ["yes", "no"]}, "reasons": {"type": "array"}},
    "required": ["verdict"],
}


def run(server: ChatServer, reply: Reply, **parameters: Any) -> tuple[Place, dict[str, Any]]:
    """A session of one model after its server has replied so; another attempt is far away."""
    server.answers(reply)
    place = started([model(server.url, **parameters)], [after("a", **TWICE)])
    return place, agents(place)["a"]


def test_a_model_is_sent_the_instructions_the_input_and_the_parameters(
    models_server: ChatServer,
) -> None:
    parameters = {
        "instructions": "You write offers.",
        "apiKeySecret": "key",
        "maxTokens": 100,
        "temperature": 0.5,
        "topP": 1,
        "stopSequences": ["END"],
        "seed": 7,
        "reasoningEffort": "low",
        "query": "api-version=2026-01",
        "extraBody": {"service_tier": "flex"},
    }
    place = started(
        [echo("rag"), model(models_server.url, "zh", **parameters)],
        [after("rag"), after("zh", "rag")],
        taskQuery="Which?",
    )

    agent = agents(place)["zh"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Done")
    assert agent["currentRun"]["usage"] == {"inputTokens": 30, "outputTokens": 7}
    (request,) = models_server.requests
    assert request.path == "/v1/chat/completions?api-version=2026-01"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-client-request-id"] == agent["currentRun"]["runUuid"]
    assert request.body == {
        "model": "m-1",
        "messages": [
            {"role": "system", "content": "You write offers."},
            {"role": "user", "content": input_of(agent, "Which?", **{"Agent RAG": "Which?"})},
        ],
        "max_completion_tokens": 100,
        "temperature": 0.5,
        "top_p": 1,
        "stop": ["END"],
        "seed": 7,
        "reasoning_effort": "low",
        "service_tier": "flex",
    }


def test_older_servers_and_azure_name_things_otherwise(models_server: ChatServer) -> None:
    run(
        models_server,
        saying("Done"),
        apiKeySecret="key",
        keyHeader="api-key",
        maxTokens=5,
        maxTokensField="max_tokens",
        instructions="Write.",
        systemRole="developer",
    )

    (request,) = models_server.requests
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers
    assert request.body["max_tokens"] == 5
    assert request.body["messages"][0] == {"role": "developer", "content": "Write."}


def test_a_model_without_a_key_is_sent_none(models_server: ChatServer) -> None:
    run(models_server, saying("Done"))

    (request,) = models_server.requests
    assert not {"authorization", "api-key"} & request.headers.keys()
    assert request.body == {"model": "m-1", "messages": [{"role": "user", "content": "Which?"}]}


LONG = "The model's answer was cut off: it needs more than maxTokens, or than its context"
ANSWERS: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "text": (saying("Done"), {}, "Done"),
    "parts": (saying([{"type": "text", "text": "Do"}, {"type": "text", "text": "ne"}]), {}, "Done"),
    "no reason": (saying("Done", None), {}, "Done"),
    "cut off, and taken": (saying("Do", "length"), {"onLength": "TAKE"}, "Do"),
    "a schema": (saying('{"verdict": "yes"}'), {"outputSchema": SCHEMA}, '{"verdict": "yes"}'),
    "fenced": (
        saying('```json\n{"verdict": "no"}\n```\n'),
        {"outputSchema": SCHEMA},
        '{"verdict": "no"}',
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_completes_the_agent(models_server: ChatServer, name: str) -> None:
    reply, parameters, output = ANSWERS[name]

    place, agent = run(models_server, reply, **parameters)

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", output)
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert session(place)["status"] == "COMPLETED"


def test_a_schema_is_sent_to_the_server(models_server: ChatServer) -> None:
    run(models_server, saying('{"verdict": "yes"}'), outputSchema=SCHEMA)

    (request,) = models_server.requests
    assert request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "A_verdict_", "strict": False, "schema": SCHEMA},
    }


USAGES: list[Any] = [
    None,
    7,
    {},
    {"prompt_tokens": 1},
    {"prompt_tokens": -1, "completion_tokens": 2},
]


@pytest.mark.parametrize("usage", USAGES, ids=str)
def test_a_usage_that_is_none_does_not_cost_the_answer(
    models_server: ChatServer, usage: Any
) -> None:
    choices = [{"message": {"content": "Done"}}]

    _, agent = run(models_server, replying({"choices": choices, "usage": usage}))

    assert agent["agentOutput"] == "Done"
    assert agent["currentRun"]["usage"] is None


STORED = "The agent's output: This contains half a surrogate pair, which is not text"
SAID = "The model's server answered"
# The reply, whether another attempt follows, the outcome, and the notes.
FAILURES: dict[str, tuple[Reply, bool, str, str]] = {
    "400": (refusing(400, "bad field"), False, "FAILED", f"{SAID} 400: t bad field"),
    "400, too long": (
        refusing(400, "This model's maximum context length is 8192", "context_length_exceeded"),
        False,
        "FAILED",
        (
            f"{SAID} 400: the input is too long for the model: t context_length_exceeded This"
            " model's maximum context length is 8192"
        ),
    ),
    "400, filtered": (
        refusing(400, "filtered", "content_filter"),
        False,
        "FAILED",
        f"{SAID} 400: t content_filter filtered",
    ),
    "401": (
        refusing(401, "Incorrect API key provided: sk-01**"),
        False,
        "FAILED",
        f"{SAID} 401: it does not accept the key, or not for this",
    ),
    "403": (
        refusing(403, "sk-01**"),
        False,
        "FAILED",
        f"{SAID} 403: it does not accept the key, or not for this",
    ),
    "402": (refusing(402, "pay"), False, "FAILED", f"{SAID} 402: t pay"),
    "404": (refusing(404, "no model"), False, "FAILED", f"{SAID} 404: t no model"),
    "408": (refusing(408), True, "TIMED_OUT", f"{SAID} 408: t no"),
    "409": (refusing(409), True, "FAILED", f"{SAID} 409: t no"),
    "413": (
        refusing(413),
        False,
        "FAILED",
        f"{SAID} 413: the input is too long for the model: t no",
    ),
    "422": (refusing(422), False, "FAILED", f"{SAID} 422: t no"),
    "425": (refusing(425), True, "FAILED", f"{SAID} 425: t no"),
    "429": (refusing(429), True, "FAILED", f"Throttled: {SAID} 429: t no"),
    "503, for a while": (
        refusing(503, retry_after="30"),
        True,
        "FAILED",
        f"Throttled: {SAID} 503: t no",
    ),
    "429, no quota": (
        refusing(429, "pay", "insufficient_quota"),
        False,
        "FAILED",
        f"{SAID} 429: t insufficient_quota pay",
    ),
    "500": (refusing(500), True, "FAILED", f"{SAID} 500: t no"),
    "503": (refusing(503), True, "FAILED", f"{SAID} 503: t no"),
    "529, no JSON": (Reply(b"<html>", 529), True, "FAILED", f"{SAID} 529"),
    "500, a text": (replying({"error": "down"}, 500), True, "FAILED", f"{SAID} 500: down"),
    "500, another form": (
        replying({"message": "down"}, 500),
        True,
        "FAILED",
        f"{SAID} 500: down",
    ),
    "redirect": (
        replying({}, 307, location="http://169.254.169.254/"),
        False,
        "FAILED",
        f"{SAID} 307, a redirect, which is not followed",
    ),
    "204": (Reply(b"", 204), False, "FAILED", f"{SAID} 204"),
    "no choices": (replying({}), True, "FAILED", f"{SAID} 200 without a completion"),
    "empty choices": (
        replying({"choices": []}),
        True,
        "FAILED",
        f"{SAID} 200 without a completion",
    ),
    "200 with an error": (
        replying({"error": {"message": "upstream"}}),
        True,
        "FAILED",
        f"{SAID} 200 without a completion: upstream",
    ),
    "no JSON": (Reply(b"<html>"), True, "FAILED", f"{SAID} 200 without a completion"),
    "deep JSON": (Reply(b"[" * 200_000), True, "FAILED", f"{SAID} 200 without a completion"),
    "a list": (Reply(b"[1]"), True, "FAILED", f"{SAID} 200 without a completion"),
    "empty": (saying(""), True, "FAILED", "The model has answered nothing"),
    "null": (saying(None), True, "FAILED", "The model has answered nothing"),
    "a number": (saying(7), True, "FAILED", "The model has answered nothing"),
    "filtered": (
        saying("Do", "content_filter"),
        False,
        "FAILED",
        "The model refuses to answer",
    ),
    "refusal": (
        saying(None, refusal="I cannot"),
        False,
        "FAILED",
        "The model refuses to answer: I cannot",
    ),
    "half a surrogate pair": (
        saying(None, refusal="I cannot \ud800"),
        False,
        "FAILED",
        "The model refuses to answer: I cannot ?",
    ),
    "an answer that cannot be stored": (
        saying("\ud800"),
        False,
        "FAILED",
        STORED,
    ),
    "a tool": (
        saying(None, "tool_calls", tool_calls=[{"id": "1"}]),
        False,
        "FAILED",
        "The model called a tool, and the agent has none",
    ),
    "cut off": (saying("Do", "length"), False, "FAILED", LONG),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_reply_without_an_answer_fails_the_attempt(models_server: ChatServer, name: str) -> None:
    reply, retried, outcome, notes = FAILURES[name]

    place, agent = run(models_server, reply)

    assert len(models_server.requests) == 1
    assert agent["state"] == ("INITIAL" if retried else "FAILED")
    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (ended["outcome"], ended["notes"]) == (outcome, notes)


SCHEMA_FAILURES = [
    ("Yes.", "The model's answer is not JSON"),
    ("{}", "The model's answer does not fit the outputSchema. 'verdict' is missing (verdict)"),
    (
        '{"verdict": "perhaps"}',
        "The model's answer does not fit the outputSchema. This must be 'yes' or 'no' (verdict)",
    ),
]


@pytest.mark.parametrize(("text", "notes"), SCHEMA_FAILURES)
def test_an_answer_that_does_not_fit_the_schema_fails_the_attempt(
    models_server: ChatServer, text: str, notes: str
) -> None:
    place, agent = run(models_server, saying(text), outputSchema=SCHEMA)

    assert agent["state"] == "INITIAL"
    assert session(place)["sessionRuns"]["nodes"][0]["notes"] == notes


def test_a_model_that_is_throttled_spends_no_attempt_unless_it_says_so(
    models_server: ChatServer,
) -> None:
    attempts = [
        run(models_server, refusing(429), **parameters)[1]["attempt"]
        for parameters in ({}, {"throttleSeconds": 1}, {"throttleSeconds": 0})
    ]

    assert attempts == [0, 0, 1]


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    models_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SPREAD", 0.0)
    quick = {"retry": {"maxAttempts": 2, "intervalSeconds": 1}}
    models_server.answers(refusing(429, retry_after="3600"), saying("Done"))
    place = started([model(models_server.url)], [after("a", **quick)])

    agent = agents(place)["a"]
    assert (agent["state"], len(models_server.requests)) == ("INITIAL", 1)
    waiting = stored(models.SessionAgent, place.session, agent["sessionAgentUuid"])
    waits = timestamps.parse(waiting.not_before) - timestamps.parse(waiting.updated_at)
    assert round(waits.total_seconds(), 1) == 3_600.0


def test_a_key_that_has_changed_is_read_anew_once(
    models_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wants_the_new_key(request: Any) -> Reply:
        if request.headers["authorization"] == "Bearer sk-new-0123":
            return saying("Done")
        monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", "sk-new-0123")
        return refusing(401)

    models_server.behaviour = wants_the_new_key
    place = started([model(models_server.url, apiKeySecret="key")])

    assert agents(place)["a"]["state"] == "COMPLETED"
    assert len(models_server.requests) == 2


def test_a_server_that_repeats_the_key_does_not_bring_it_to_light(
    models_server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    models_server.behaviour = lambda request: saying(json.dumps(request.headers))
    place = started([model(models_server.url, apiKeySecret="key")])
    models_server.behaviour = lambda request: refusing(404, json.dumps(request.headers))
    other = started([model(models_server.url, apiKeySecret="key")])

    shown = json.dumps([session(place), session(other)]) + caplog.text
    assert "Bearer (key)" in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("parameters", "notes"),
    [
        (
            {"apiKeySecret": "other"},
            (
                "There is no secret 'other': neither AI_COORDINATION_SECRET_OTHER nor"
                " AI_COORDINATION_SECRETS_PREFIX is set"
            ),
        ),
    ],
)
def test_a_secret_that_cannot_be_used_fails_the_agent(
    models_server: ChatServer, parameters: dict[str, str], notes: str
) -> None:
    _, agent = run(models_server, saying("Done"), **parameters)

    assert (agent["state"], agent["notes"]) == ("FAILED", notes)
    assert models_server.requests == []


def test_a_secret_of_another_tenant_does_not_exist(
    models_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = json.dumps({"value": KEY, "tenants": ["other#*"]})
    monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", value)
    secrets.forget("key")

    _, agent = run(models_server, saying("Done"), apiKeySecret="key")

    assert (agent["state"], agent["notes"]) == ("FAILED", "There is no secret 'key'")
    assert models_server.requests == []


@pytest.mark.usefixtures("tables")
def test_a_server_that_is_gone_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", url)
    settings.cache_clear()

    place = started([model(url)], [after("a", **TWICE)])

    assert agents(place)["a"]["state"] == "INITIAL"
    (ended,) = session(place)["sessionRuns"]["nodes"]
    host = url.removeprefix("http://")
    assert ended["notes"] == f"The model could not be reached. {host} does not accept connections"


def test_a_host_that_is_taken_off_the_list_is_not_called(
    models_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([model(models_server.url)]), taskQuery="Which?")
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", "api.example")
    settings.cache_clear()
    work_off()

    agent = agents(place)["a"]
    assert agent["state"] == "FAILED"
    assert "is not allowed. The setting AI_COORDINATION_AGENT_HOSTS" in agent["notes"]
    assert models_server.requests == []


def test_a_model_has_the_time_of_its_attempt(models_server: ChatServer) -> None:
    over = threading.Event()

    def slow(request: Any) -> Reply:
        over.wait(30)
        return saying("late")

    models_server.behaviour = slow
    try:
        place = started([model(models_server.url)], [after("a", timeoutSeconds=1, **TWICE)])
    finally:
        over.set()

    (ended,) = session(place)["sessionRuns"]["nodes"]
    assert (ended["outcome"], ended["notes"]) == (
        "TIMED_OUT",
        "The model has not answered within 1 s",
    )
