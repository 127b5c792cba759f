"""Tools of members: what is refused when they are written, and where."""

from typing import Any

import pytest

from ai_coordination.config import settings
from tests.api.members import RUNTIMES, kept, member, refused

pytestmark = pytest.mark.usefixtures("tables", "kinds_turned_on")

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
STOCK = {"lambda": "agent-stock", "name": "stock", "description": "Stock", "schema": SCHEMA}
MCP = {"mcp": "https://tools.example/mcp"}


def with_tools(kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A model with these parameters, besides those that it needs."""
    needed = RUNTIMES[kind].get("parameters", {})
    return member(kind, parameters={**needed, **parameters})


@pytest.mark.parametrize("kind", ["OPENAI", "BEDROCK"])
def test_tools_are_stored_as_they_are_written(kind: str) -> None:
    parameters = {
        "tools": [
            {**STOCK, "as": "pieces"},
            {**STOCK, "lambda": "agent-x:live"},
            {**MCP, "apiKeySecret": "tools-1", "only": ["search.all"], "prefix": "web_"},
            MCP,
        ],
        "askUser": True,
        "maxRounds": 50,
        "maxTotalTokens": 100_000,
        "toolTimeoutSeconds": 600,
    }

    stored = kept(with_tools(kind, parameters))

    assert stored["parameters"].items() >= parameters.items()


REFUSED: list[tuple[str, dict[str, Any], str, list[Any]]] = [
    ("OPENAI", {"tools": [{}]}, "A tool has either lambda or mcp", ["tools", 0]),
    ("BEDROCK", {"tools": [{**STOCK, **MCP}]}, "A tool has either lambda or mcp", ["tools", 0]),
    ("OPENAI", {"tools": [MCP] * 17}, "This must be a list of at most 16", ["tools"]),
    (
        "OPENAI",
        {"tools": [{**STOCK, "prefix": "x"}]},
        "A Lambda function has no 'prefix'",
        ["tools", 0, "prefix"],
    ),
    (
        "OPENAI",
        {"tools": [{**MCP, "name": "x"}]},
        "An MCP server has no 'name'",
        ["tools", 0, "name"],
    ),
    (
        "OPENAI",
        {"tools": [{**STOCK, "lambda": "other-stock"}]},
        "The function's name must begin with 'agent-'",
        ["tools", 0, "lambda"],
    ),
    (
        "BEDROCK",
        {"tools": [{"lambda": "agent-stock", "name": "stock", "description": "Stock"}]},
        "'schema' is missing",
        ["tools", 0, "schema"],
    ),
    (
        "OPENAI",
        {"tools": [{**STOCK, "name": "stock of tea"}]},
        "The name of a tool has 1 to 64 letters, digits, hyphens and underscores",
        ["tools", 0, "name"],
    ),
    (
        "OPENAI",
        {"tools": [STOCK, {**STOCK, "lambda": "agent-x"}]},
        "Another tool has the name 'stock'",
        ["tools", 1, "name"],
    ),
    (
        "OPENAI",
        {"tools": [{**STOCK, "as": "ask_user"}], "askUser": True},
        "Another tool has the name 'ask_user'",
        ["tools", 0, "as"],
    ),
    (
        "BEDROCK",
        {
            "tools": [{**STOCK, "name": "answer"}],
            "outputSchema": SCHEMA,
            "structured": "TOOL",
        },
        "Another tool has the name 'answer'",
        ["tools", 0, "name"],
    ),
    (
        "OPENAI",
        {"tools": [{**STOCK, "schema": {"type": "string"}}]},
        "This must be a JSON Schema whose type is 'object'",
        ["tools", 0, "schema"],
    ),
    (
        "OPENAI",
        {"tools": [{**STOCK, "schema": {**SCHEMA, "description": "x" * 16_384}}]},
        "A schema has at most 16,384 bytes",
        ["tools", 0, "schema"],
    ),
    (
        "BEDROCK",
        {"tools": [{"mcp": "https://evil.example/mcp"}]},
        "The host evil.example is not allowed",
        ["tools", 0, "mcp"],
    ),
    (
        "OPENAI",
        {"tools": [{"mcp": "https://tools.example/mcp?api_key=1"}]},
        "A key is not part of the URL",
        ["tools", 0, "mcp"],
    ),
    (
        "OPENAI",
        {"tools": [{**MCP, "apiKeySecret": "NO"}]},
        "The name of a secret has 1 to 64 lower-case letters, digits and hyphens",
        ["tools", 0, "apiKeySecret"],
    ),
    (
        "OPENAI",
        {"tools": [{**MCP, "prefix": "a.b"}]},
        "A prefix consists of letters, digits, hyphens and underscores",
        ["tools", 0, "prefix"],
    ),
    (
        "OPENAI",
        {"maxRounds": 3},
        "This is about rounds with tools, and there are none",
        ["maxRounds"],
    ),
    (
        "OPENAI",
        {"askUser": True, "maxRounds": 51},
        "This must be a whole number from 1 to 50",
        ["maxRounds"],
    ),
    (
        "OPENAI",
        {"askUser": True, "extraBody": {"tools": []}},
        "The engine sets this member of the request itself, from tools and askUser",
        ["extraBody", "tools"],
    ),
]


@pytest.mark.parametrize(("kind", "parameters", "message", "path"), REFUSED)
def test_tools_are_checked_when_they_are_written(
    kind: str, parameters: dict[str, Any], message: str, path: list[Any]
) -> None:
    told, place = refused(with_tools(kind, parameters))

    assert told.startswith(message)
    assert place == ["parameters", *path]


def test_without_hosts_there_are_no_mcp_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", "")
    settings.cache_clear()

    told, _ = refused(with_tools("BEDROCK", {"tools": [MCP]}))

    assert told.startswith(
        "MCP servers are off. The setting AI_COORDINATION_AGENT_HOSTS turns them on"
    )
