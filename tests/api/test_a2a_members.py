"""Members of the kind A2A: what is refused when they are written, and where."""

from typing import Any

import pytest

from ai_coordination.config import settings
from tests.support.graph_api import ask, data, mutation, new_coordination
from tests.support.stored import everything_stored

PLACE = ["input", "agents", 0, "runtime"]
URL = "https://desk.example/agents/tea"

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", "desk.example, http://127.0.0.1:9999")
    settings.cache_clear()


def member(target: str | None = URL, parameters: Any = None) -> dict[str, Any]:
    runtime = {"kind": "A2A", "target": target, "parameters": parameters}
    return {"agentUuid": "a", "agentName": "A", "runtime": runtime}


def refused(agent: dict[str, Any]) -> dict[str, Any]:
    """Return the error, and check that nothing was written."""
    given = {"coordinationName": "Offers", "agents": [agent]}
    create = mutation("createCoordination", "CreateCoordinationInput", "__typename")
    (error,) = ask(create, {"input": given})["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(everything_stored().values())
    return dict(error)


ALL = {
    "apiKeySecret": "desk-1",
    "keyHeader": "x-api-key",
    "mode": "BLOCK",
    "pollSeconds": 1.5,
    "outputModes": ["text/plain", "application/vnd.tea+json", "image/*"],
    "useContext": False,
    "protocolVersion": "0.3",
    "extensions": ["https://x.example/geo/v1", "urn:tea:1"],
    "inputFiles": "NONE",
    "throttleSeconds": 0,
}


@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        (URL, None),
        (f"{URL}/card.json?v=2", {}),
        ("http://127.0.0.1:9999", ALL),
    ],
)
def test_a_member_is_stored_as_it_is_written(target: str, parameters: Any) -> None:
    uuid = new_coordination(agents=[member(target, parameters)])
    agents = "agents { runtime { target parameters } }"
    query = f"query ($c: ID!) {{ coordination(coordinationUuid: $c) {{ {agents} }} }}"

    (agent,) = data(query, {"c": uuid})["coordination"]["agents"]

    assert agent["runtime"] == {"target": target, "parameters": parameters}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "An A2A agent needs its base URL, or the URL of its card"),
        ("desk.example", "The URL must begin with https:// or http://"),
        (f"{URL}?api_key=1", "A key is not part of the URL. Name a secret with apiKeySecret"),
        ("https://me:pw@desk.example", "The URL must not have a user, a password or a fragment"),
        ("https://evil.example", "The host evil.example is not allowed. The setting"),
        ("http://desk.example", "The host desk.example is not allowed. The setting"),
        ("http://169.254.169.254/latest", "The host 169.254.169.254 is not allowed. The setting"),
    ],
)
def test_a_target_that_is_not_called_is_refused(target: str | None, message: str) -> None:
    error = refused(member(target))

    assert error["message"].startswith(message)
    assert error["extensions"]["inputPath"] == [*PLACE, "target"]


PARAMETERS: list[tuple[Any, list[Any]]] = [
    ("POLL", []),
    ({"poll": True}, ["poll"]),
    ({"apiKeySecret": "Desk"}, ["apiKeySecret"]),
    ({"apiKeySecret": "sk-0123456789"}, ["apiKeySecret"]),
    ({"keyHeader": "X-Api-Key"}, ["keyHeader"]),
    ({"keyHeader": "x-key: 1"}, ["keyHeader"]),
    ({"keyHeader": "host"}, ["keyHeader"]),
    ({"keyHeader": "content-length"}, ["keyHeader"]),
    ({"keyHeader": "a2a-version"}, ["keyHeader"]),
    ({"mode": "STREAM"}, ["mode"]),
    ({"pollSeconds": 0.5}, ["pollSeconds"]),
    ({"pollSeconds": 3_601}, ["pollSeconds"]),
    ({"pollSeconds": "2"}, ["pollSeconds"]),
    ({"outputModes": []}, ["outputModes"]),
    ({"outputModes": ["text"]}, ["outputModes", 0]),
    ({"outputModes": ["text/plain", "a/b; c=d"]}, ["outputModes", 1]),
    ({"outputModes": ["text/plain"] * 17}, ["outputModes"]),
    ({"useContext": "yes"}, ["useContext"]),
    ({"protocolVersion": 1.0}, ["protocolVersion"]),
    ({"protocolVersion": "1.1"}, ["protocolVersion"]),
    ({"extensions": ["geo"]}, ["extensions", 0]),
    ({"extensions": ["https://x.example/a,b"]}, ["extensions", 0]),
    ({"extensions": ["https://x.example/a b"]}, ["extensions", 0]),
    ({"extensions": ["https://x.example/\r\nx: y"]}, ["extensions", 0]),
    ({"extensions": ["urn:x"] * 9}, ["extensions"]),
    ({"inputFiles": "SOME"}, ["inputFiles"]),
    ({"throttleSeconds": 3_601}, ["throttleSeconds"]),
]


@pytest.mark.parametrize(("parameters", "path"), PARAMETERS, ids=lambda value: str(value)[:60])
def test_parameters_are_checked_when_they_are_written(parameters: Any, path: list[Any]) -> None:
    error = refused(member(parameters=parameters))

    assert error["extensions"]["inputPath"] == [*PLACE, "parameters", *path]
    assert "sk-0123456789" not in error["message"]
