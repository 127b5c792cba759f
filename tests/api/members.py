"""Members of the kinds of runtimes that call others: what the API says when they are written."""

from typing import Any

from tests.support.graph_api import ask, data, mutation, new_coordination
from tests.support.stored import everything_stored

PLACE = ["input", "agents", 0, "runtime"]
MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
RUNTIMES: dict[str, dict[str, Any]] = {
    "A2A": {"target": "https://desk.example/agents/tea"},
    "BEDROCK": {"target": MODEL},
    "HTTP": {"target": "https://api.example", "parameters": {"signingSecret": "signing"}},
    "OPENAI": {"target": "https://api.openai.com/v1", "parameters": {"model": "m"}},
    "PASS": {},
}
"""By kind: the least that a runtime needs."""


def member(kind: str, **runtime: Any) -> dict[str, Any]:
    """A member of this kind. What `runtime` has takes the place of the least."""
    given = {"kind": kind, **RUNTIMES[kind], **runtime}
    return {"agentUuid": "a", "agentName": "A", "runtime": given}


def kept(agent: dict[str, Any]) -> dict[str, Any]:
    """Write a member. Returns the target and the parameters as they are read afterwards."""
    uuid = new_coordination(agents=[agent])
    agents = "agents { runtime { target parameters } }"
    query = f"query ($c: ID!) {{ coordination(coordinationUuid: $c) {{ {agents} }} }}"
    (read,) = data(query, {"c": uuid})["coordination"]["agents"]
    return dict(read["runtime"])


def refused(agent: dict[str, Any]) -> tuple[str, list[Any]]:
    """The error's message, and its place in the runtime. Nothing was written."""
    given = {"coordinationName": "Offers", "agents": [agent]}
    create = mutation("createCoordination", "CreateCoordinationInput", "__typename")
    (error,) = ask(create, {"input": given})["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(everything_stored().values())
    place = error["extensions"]["inputPath"]
    assert place[: len(PLACE)] == PLACE
    return error["message"], place[len(PLACE) :]
