"""Members of the kind OPENAI: what is refused when they are written, and where."""

from typing import Any

import pytest

from ai_coordination.config import settings
from tests.support.graph_api import ask, data, mutation, new_coordination
from tests.support.stored import everything_stored

PLACE = ["input", "agents", 0, "runtime"]
URL = "https://api.openai.com/v1"
HOSTS = "api.openai.com, *.openai.azure.com, http://127.0.0.1:11434"

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", HOSTS)
    settings.cache_clear()


def member(target: str | None = URL, parameters: Any = None) -> dict[str, Any]:
    given = {"model": "m"} if parameters is None else parameters
    runtime = {"kind": "OPENAI", "target": target, "parameters": given}
    return {"agentUuid": "a", "agentName": "A", "runtime": runtime}


def refused(agent: dict[str, Any]) -> dict[str, Any]:
    """Return the error, and check that nothing was written."""
    given = {"coordinationName": "Offers", "agents": [agent]}
    create = mutation("createCoordination", "CreateCoordinationInput", "__typename")
    (error,) = ask(create, {"input": given})["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(everything_stored().values())
    return dict(error)


def test_without_hosts_the_kind_is_off_and_says_which_setting_turns_it_on() -> None:
    error = refused(member())

    assert error["message"].startswith(
        "The kind OPENAI is off. The setting AI_COORDINATION_AGENT_HOSTS turns it on"
    )
    assert error["extensions"]["inputPath"] == [*PLACE, "target"]


ALL = {
    "model": "m",
    "instructions": "Write.",
    "maxTokens": 1,
    "temperature": 2,
    "topP": 0.5,
    "stopSequences": ["a", "b"],
    "outputSchema": {"type": "object"},
    "inputFiles": "NONE",
    "history": {"of": "ALL", "runs": 0, "bytes": 0},
    "onLength": "TAKE",
    "throttleSeconds": 3_600,
    "apiKeySecret": "open-ai-1",
    "keyHeader": "api-key",
    "maxTokensField": "max_tokens",
    "systemRole": "developer",
    "reasoningEffort": "low",
    "seed": -1,
    "query": "api-version=preview",
    "extraBody": {"service_tier": "flex", "max_tokens_per_second": 1},
}


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        (URL, {"model": "m"}),
        ("https://mine.openai.azure.com/openai/v1", ALL),
        ("http://127.0.0.1:11434/v1", {"model": "llama3.2", "history": None}),
    ],
)
def test_a_member_is_stored_as_it_is_written(target: str, parameters: Any) -> None:
    uuid = new_coordination(agents=[member(target, parameters)])
    agents = "agents { runtime { target parameters } }"
    query = f"query ($c: ID!) {{ coordination(coordinationUuid: $c) {{ {agents} }} }}"

    (agent,) = data(query, {"c": uuid})["coordination"]["agents"]

    assert agent["runtime"]["target"] == target
    assert agent["runtime"]["parameters"] == parameters


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "An OPENAI agent needs the base URL of its server, such as https://…/v1"),
        ("api.openai.com/v1", "The URL must begin with https:// or http://"),
        (f"{URL}?key=1", "The URL must not have a query. The parameter query is for that"),
        (f"{URL}#x", "The URL must not have a user, a password or a fragment"),
        (
            "https://me:pw@api.openai.com/v1",
            "The URL must not have a user, a password or a fragment",
        ),
        (
            "https://evil.example/v1",
            (
                "The host evil.example is not allowed. The setting AI_COORDINATION_AGENT_HOSTS"
                " lists the hosts that agents may have"
            ),
        ),
        (
            "http://169.254.169.254/latest",
            (
                "The host 169.254.169.254 is not allowed. The setting AI_COORDINATION_AGENT_HOSTS"
                " lists the hosts that agents may have"
            ),
        ),
    ],
)
def test_a_target_that_is_not_called_is_refused(target: str | None, message: str) -> None:
    error = refused(member(target))

    assert error["message"].startswith(message)
    assert error["extensions"]["inputPath"] == [*PLACE, "target"]


LARGE = {f"a{number}": "x" * 30_000 for number in range(3)}
PARAMETERS: list[tuple[Any, list[Any]]] = [
    ("m", []),
    ([], []),
    ({}, ["model"]),
    ({"model": ""}, ["model"]),
    ({"model": "m" * 257}, ["model"]),
    ({"model": 7}, ["model"]),
    ({"model": "m", "temprature": 1}, ["temprature"]),
    ({"model": "m", "max_tokens": 1}, ["max_tokens"]),
    ({"model": "m", "toolz": []}, ["toolz"]),
    ({"model": "m", "instructions": "x" * 48_001}, ["instructions"]),
    ({"model": "m", "maxTokens": 0}, ["maxTokens"]),
    ({"model": "m", "maxTokens": 1.5}, ["maxTokens"]),
    ({"model": "m", "temperature": 2.1}, ["temperature"]),
    ({"model": "m", "temperature": None}, ["temperature"]),
    ({"model": "m", "topP": -0.1}, ["topP"]),
    ({"model": "m", "stopSequences": ["a"] * 5}, ["stopSequences"]),
    ({"model": "m", "stopSequences": ["a", ""]}, ["stopSequences", 1]),
    ({"model": "m", "outputSchema": {"type": "array"}}, ["outputSchema"]),
    ({"model": "m", "outputSchema": {"type": "object", "x": 1}}, ["outputSchema", "x"]),
    ({"model": "m", "inputFiles": "SOME"}, ["inputFiles"]),
    ({"model": "m", "history": {"of": "MINE"}}, ["history", "of"]),
    ({"model": "m", "history": {"runs": 51}}, ["history", "runs"]),
    ({"model": "m", "history": {"size": 1}}, ["history", "size"]),
    ({"model": "m", "onLength": "IGNORE"}, ["onLength"]),
    ({"model": "m", "throttleSeconds": 3_601}, ["throttleSeconds"]),
    ({"model": "m", "apiKeySecret": "Open AI"}, ["apiKeySecret"]),
    ({"model": "m", "apiKeySecret": "a/../b"}, ["apiKeySecret"]),
    ({"model": "m", "apiKeySecret": "x" * 65}, ["apiKeySecret"]),
    ({"model": "m", "keyHeader": "cookie"}, ["keyHeader"]),
    ({"model": "m", "query": "a b"}, ["query"]),
    ({"model": "m", "query": "?a=b"}, ["query"]),
    ({"model": "m", "query": "a=b#c"}, ["query"]),
    ({"model": "m", "query": "a=b\r\nX: y"}, ["query"]),
    ({"model": "m", "query": "a=b&api-key=1"}, ["query"]),
    ({"model": "m", "extraBody": {"stream": True}}, ["extraBody", "stream"]),
    ({"model": "m", "extraBody": {"model": "n"}}, ["extraBody", "model"]),
    ({"model": "m", "extraBody": {"messages": []}}, ["extraBody", "messages"]),
    ({"model": "m", "extraBody": {"api-key": "x"}}, ["extraBody", "api-key"]),
    ({"model": "m", "extraBody": {"api_key": "x"}}, ["extraBody", "api_key"]),
    (
        {"model": "m", "extraBody": {"h": [{"Authorization": "x"}]}},
        ["extraBody", "h", 0, "Authorization"],
    ),
    ({"model": "m", "extraBody": {"x": "sk-0123456789"}}, ["extraBody", "x"]),
    ({"model": "m", "apiKeySecret": "sk-0123456789"}, ["apiKeySecret"]),
    ({"model": "m", "instructions": "Bearer abcdefghi"}, ["instructions"]),
    ({"model": "m", "extraBody": LARGE}, []),
]


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(("parameters", "path"), PARAMETERS, ids=lambda value: str(value)[:60])
def test_parameters_are_checked_when_they_are_written(parameters: Any, path: list[Any]) -> None:
    error = refused(member(parameters=parameters))

    assert error["extensions"]["inputPath"] == [*PLACE, "parameters", *path]
    assert "sk-0123456789" not in error["message"]
