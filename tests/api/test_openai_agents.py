"""Agents that are models behind a server: what is particular to this kind."""

import json
from typing import Any

import pytest

from ai_coordination.clients.secrets import secrets
from tests.api.execution import (
    after,
    agents,
    echo,
    input_of,
    model,
    session,
    started,
)
from tests.support.chat_server import ChatServer, refusing, replying, saying
from tests.support.graph_api import Place
from tests.support.http_server import Reply

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


def test_the_parts_of_an_answer_are_joined(models_server: ChatServer) -> None:
    parts = [{"type": "text", "text": "Do"}, {"type": "text", "text": "ne"}]

    _, agent = run(models_server, saying(parts))

    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", "Done")


def test_a_schema_is_sent_to_the_server(models_server: ChatServer) -> None:
    run(models_server, saying('{"verdict": "yes"}'), outputSchema=SCHEMA)

    (request,) = models_server.requests
    assert request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "A_verdict_", "strict": False, "schema": SCHEMA},
    }


USAGES: list[Any] = [None, 7, {"prompt_tokens": -1, "completion_tokens": 2}]


@pytest.mark.parametrize("usage", USAGES, ids=str)
def test_a_usage_that_is_none_does_not_cost_the_answer(
    models_server: ChatServer, usage: Any
) -> None:
    choices = [{"message": {"content": "Done"}}]

    _, agent = run(models_server, replying({"choices": choices, "usage": usage}))

    assert agent["agentOutput"] == "Done"
    assert agent["currentRun"]["usage"] is None


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


def test_a_secret_that_cannot_be_used_fails_the_agent(models_server: ChatServer) -> None:
    _, agent = run(models_server, saying("Done"), apiKeySecret="other")

    settings = "AI_COORDINATION_SECRET_OTHER nor AI_COORDINATION_SECRETS_PREFIX"
    notes = f"There is no secret 'other': neither {settings} is set"
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
