"""Members of the kind BEDROCK: what is refused when they are written, and where."""

from typing import Any

import pytest

from ai_coordination.config import settings
from tests.support.graph_api import ask, data, mutation, new_coordination
from tests.support.stored import everything_stored

PLACE = ["input", "agents", 0, "runtime"]
MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"arn:aws:bedrock:eu-central-1:111122223333:inference-profile/{MODEL}"

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = "arn:aws:bedrock:*:111122223333:inference-profile/eu.anthropic.*, amazon.nova-*"
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", allowed)
    settings.cache_clear()


def member(target: str | None = MODEL, parameters: Any = None) -> dict[str, Any]:
    runtime = {"kind": "BEDROCK", "target": target, "parameters": parameters}
    return {"agentUuid": "a", "agentName": "A", "runtime": runtime}


def refused(agent: dict[str, Any]) -> dict[str, Any]:
    """Return the error, and check that nothing was written."""
    given = {"coordinationName": "Offers", "agents": [agent]}
    create = mutation("createCoordination", "CreateCoordinationInput", "__typename")
    (error,) = ask(create, {"input": given})["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(everything_stored().values())
    return dict(error)


def test_without_models_the_kind_is_off_and_says_which_setting_turns_it_on() -> None:
    error = refused(member())

    assert error["message"].startswith(
        "The kind BEDROCK is off. The setting AI_COORDINATION_BEDROCK_MODELS turns it on"
    )
    assert error["extensions"]["inputPath"] == [*PLACE, "target"]


GUARDRAIL = {"id": "abc123", "version": "1"}
ALL = {
    "instructions": "Write.",
    "maxTokens": 1,
    "temperature": 1,
    "topP": 0.5,
    "stopSequences": ["a"] * 5,
    "outputSchema": {"type": "object"},
    "structured": "TOOL",
    "inputFiles": "NONE",
    "history": {"of": "ALL", "runs": 0, "bytes": 0},
    "onLength": "TAKE",
    "throttleSeconds": 3_600,
    "promptCaching": True,
    "guardrail": GUARDRAIL,
    "serviceTier": "flex",
    "latency": "optimized",
    "effort": "low",
    "requestMetadata": {"team": "sales"},
    "additionalModelRequestFields": {"top_k": 5},
}


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("target", "parameters"),
    [(MODEL, ALL), (PROFILE, {}), ("amazon.nova-lite-v1:0", {"history": None}), (MODEL, None)],
)
def test_a_member_is_stored_as_it_is_written(target: str, parameters: Any) -> None:
    uuid = new_coordination(agents=[member(target, parameters)])
    agents = "agents { runtime { target parameters } }"
    query = f"query ($c: ID!) {{ coordination(coordinationUuid: $c) {{ {agents} }} }}"

    (agent,) = data(query, {"c": uuid})["coordination"]["agents"]

    assert agent["runtime"] == {"target": target, "parameters": parameters}


FORM = "This is not the ID or the ARN of a model or of an inference profile"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "A BEDROCK agent needs the ID or the ARN of a model or of an inference profile"),
        ("amazon.nova-lite-v1:0/../x", FORM),
        ("amazon.nova lite", FORM),
        ("arn:aws:lambda:eu-central-1:111122223333:function:x", FORM),
        ("meta.llama3", "The model meta.llama3 is not allowed. The setting"),
        (
            "arn:aws:bedrock:eu-central-1:999922223333:inference-profile/eu.anthropic.x",
            (
                "The model arn:aws:bedrock:eu-central-1:999922223333:inference-profile/"
                "eu.anthropic.x is not allowed. The setting AI_COORDINATION_BEDROCK_MODELS lists"
            ),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_target_that_is_not_called_is_refused(target: str | None, message: str) -> None:
    error = refused(member(target))

    assert error["message"].startswith(message)
    assert error["extensions"]["inputPath"] == [*PLACE, "target"]


PARAMETERS: list[tuple[Any, list[Any]]] = [
    ("m", []),
    ([], []),
    ({"model": "m"}, ["model"]),
    ({"toolz": []}, ["toolz"]),
    ({"maxTokens": 0}, ["maxTokens"]),
    ({"temperature": 1.1}, ["temperature"]),
    ({"stopSequences": ["a"] * 2_501}, ["stopSequences"]),
    ({"outputSchema": {"type": "array"}}, ["outputSchema"]),
    ({"outputSchema": {"type": "object"}, "structured": "JSON"}, ["structured"]),
    ({"structured": "TOOL"}, ["structured"]),
    ({"promptCaching": True}, ["promptCaching"]),
    ({"promptCaching": "2h", "instructions": "x"}, ["promptCaching"]),
    ({"promptCaching": 1, "instructions": "x"}, ["promptCaching"]),
    ({"guardrail": "abc"}, ["guardrail"]),
    ({"guardrail": {"id": "abc"}}, ["guardrail", "version"]),
    ({"guardrail": {**GUARDRAIL, "trace": "enabled"}}, ["guardrail", "trace"]),
    ({"guardrail": {"id": "A b", "version": "1"}}, ["guardrail", "id"]),
    ({"guardrail": {"id": "abc", "version": "0"}}, ["guardrail", "version"]),
    ({"serviceTier": "cheap"}, ["serviceTier"]),
    ({"latency": "low"}, ["latency"]),
    ({"effort": ""}, ["effort"]),
    ({"requestMetadata": []}, ["requestMetadata"]),
    ({"requestMetadata": {"a": 1}}, ["requestMetadata", "a"]),
    ({"requestMetadata": {"a": "ü"}}, ["requestMetadata", "a"]),
    ({"requestMetadata": {"": "x"}}, ["requestMetadata", ""]),
    ({"requestMetadata": {"runUuid": "x"}}, ["requestMetadata", "runUuid"]),
    ({"requestMetadata": {f"n{number}": "x" for number in range(16)}}, ["requestMetadata"]),
    ({"additionalModelRequestFields": 1}, ["additionalModelRequestFields"]),
    ({"instructions": "Bearer abcdefghi"}, ["instructions"]),
    ({"additionalModelRequestFields": {f"a{n}": "x" * 30_000 for n in range(3)}}, []),
]


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("parameters", "path"), PARAMETERS, ids=lambda value: str(value)[:60])
def test_parameters_are_checked_when_they_are_written(parameters: Any, path: list[Any]) -> None:
    error = refused(member(parameters=parameters))

    assert error["extensions"]["inputPath"] == [*PLACE, "parameters", *path]
