"""OPENAI agents against real servers: a LiteLLM proxy, and llama.cpp's own server."""

import json
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.local import worker
from tests.api.execution import after, agents, blueprint, model, outcomes, session, start
from tests.peers.servers import BIN, PROXY_KEY, VERDICTS

TIME_ENOUGH = worker.WorkerOptions(step_seconds=300)

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not BIN.exists(), reason="make peers installs the servers"),
    pytest.mark.usefixtures("queue"),
]


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clients("sqs").create_queue(QueueName="peers")
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    settings.cache_clear()


@pytest.fixture
def allowed(llama: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.forget("key")
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"{llama}, {proxy}")
    monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", PROXY_KEY)
    settings.cache_clear()


def answered(url: str, name: str, **parameters: Any) -> tuple[Any, Any]:
    """A session of one agent, and the agent, after its only attempt."""
    members = [model(url, **{"model": name, "instructions": "You judge offers.", **parameters})]
    place = start(
        blueprint(members, [after("a", retry={"maxAttempts": 1})]), taskQuery="5 kg of oolong"
    )
    while worker.process_batch(TIME_ENOUGH):
        pass
    return place, agents(place)["a"]


@pytest.mark.usefixtures("allowed")
def test_llama_cpp_answers_and_its_tokens_are_counted(llama: str) -> None:
    place, agent = answered(llama, "tiny", maxTokens=12, onLength="TAKE", temperature=0, seed=1)

    assert session(place)["status"] == "COMPLETED"
    assert agent["agentOutput"]
    usage = agent["currentRun"]["usage"]
    assert usage["outputTokens"] <= 12
    assert usage["inputTokens"] > 12


@pytest.mark.usefixtures("allowed")
def test_llama_cpp_makes_even_a_random_model_fit_the_schema(llama: str) -> None:
    place, agent = answered(llama, "tiny", outputSchema=VERDICTS, seed=3)

    assert outcomes(place) == [("a", 1, "COMPLETED")]
    answer = json.loads(agent["agentOutput"])
    assert answer["verdict"] in ("good", "bad")
    assert answer["grade"] in (1, 2, 3)


@pytest.mark.usefixtures("allowed")
def test_llama_cpp_cuts_an_answer_off_and_the_agent_fails(llama: str) -> None:
    _, agent = answered(llama, "tiny", maxTokens=3)

    assert agent["state"] == "FAILED"
    assert agent["notes"].startswith("The model's answer was cut off")


@pytest.mark.usefixtures("allowed")
def test_llama_cpp_refuses_an_input_that_is_longer_than_its_context(llama: str) -> None:
    _, agent = answered(llama, "tiny", instructions="word " * 9_000)

    assert agent["state"] == "FAILED"
    assert "400: the input is too long for the model" in agent["notes"]


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("through", ["llama", "proxy"])
def test_a_request_with_tools_is_accepted(request: pytest.FixtureRequest, through: str) -> None:
    tool = {
        "lambda": "agent-stock",
        "name": "stock",
        "description": "Pieces in stock",
        "schema": {"type": "object", "properties": {"item": {"type": "string"}}},
    }
    key = {"apiKeySecret": "key"} if through == "proxy" else {}

    _, agent = answered(
        request.getfixturevalue(through),
        "tiny",
        tools=[tool],
        askUser=True,
        maxTokens=12,
        onLength="TAKE",
        **key,
    )

    # A model of random weights calls nothing, but its server knows the form of the request.
    assert (agent["state"], agent["notes"]) == ("COMPLETED", None)


@pytest.mark.usefixtures("allowed")
def test_the_proxy_answers_with_the_key_of_the_secret(proxy: str) -> None:
    place, agent = answered(proxy, "mock", apiKeySecret="key")

    assert session(place)["status"] == "COMPLETED"
    assert agent["agentOutput"] == "The proxy has answered."
    assert agent["currentRun"]["usage"]["outputTokens"] > 0


@pytest.mark.usefixtures("allowed")
def test_the_proxy_passes_a_schema_on_to_llama_cpp(proxy: str) -> None:
    place, agent = answered(proxy, "tiny", apiKeySecret="key", outputSchema=VERDICTS, seed=3)

    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert json.loads(agent["agentOutput"])["verdict"] in ("good", "bad")


@pytest.mark.usefixtures("allowed")
def test_a_schema_that_the_proxys_mock_ignores_is_checked_here(proxy: str) -> None:
    _, agent = answered(proxy, "mock", apiKeySecret="key", outputSchema=VERDICTS)

    assert (agent["state"], agent["notes"]) == ("FAILED", "The model's answer is not JSON")


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("name", "key", "status"),
    [("unknown", PROXY_KEY, "400"), ("mock", "sk-wrong-0123456", "400")],
)
def test_what_the_proxy_refuses_fails_the_agent_with_its_words(
    proxy: str, monkeypatch: pytest.MonkeyPatch, name: str, key: str, status: str
) -> None:
    monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", key)

    _, agent = answered(proxy, name, apiKeySecret="key")

    assert agent["state"] == "FAILED"
    assert agent["notes"].startswith(f"The model's server answered {status}: ")
    assert key not in agent["notes"]


@pytest.mark.usefixtures("allowed")
def test_a_busy_proxy_costs_no_attempt(proxy: str) -> None:
    place, agent = answered(proxy, "busy", apiKeySecret="key")

    assert (agent["state"], agent["attempt"]) == ("INITIAL", 0)
    (run,) = session(place)["sessionRuns"]["nodes"]
    assert run["notes"].startswith("Throttled: The model's server answered 429: ")
