"""The parameters of tools, which all kinds of models have, and their checks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination import agent_hosts
from ai_coordination.config import settings
from ai_coordination.runtimes import forms, lambda_target, model_parameters
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Path, Problem
from ai_coordination.runtimes.tools.names import ASK_USER, NAME

MOST_TOOLS: Final = 16
LONGEST_PREFIX: Final = 32
OFF: Final = "MCP servers are off. The setting AI_COORDINATION_AGENT_HOSTS turns them on"

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 64}

PROPERTIES: Final[Mapping[str, Schema]] = {
    "tools": {
        "description": "What the model may call: Lambda functions, and the tools of MCP servers.",
        "type": "array",
        "maxItems": MOST_TOOLS,
        "items": {
            "type": "object",
            "properties": {
                "lambda": {
                    "description": "The name or ARN of a function of the account.",
                    "type": "string",
                },
                "name": {**_NAME, "description": "The tool's name, which the function is told."},
                "description": {
                    "description": "What the tool does, for the model.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4_000,
                },
                "schema": {
                    "description": "The JSON Schema of the arguments.",
                    "type": "object",
                },
                "as": {**_NAME, "description": "The name for the model, if it is another one."},
                "mcp": {
                    "description": "The URL of an MCP server.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 2_000,
                },
                "apiKeySecret": {
                    "description": "The name of the secret that is the server's key.",
                    "type": "string",
                },
                "only": {
                    "description": "The names of the server's tools that the model has.",
                    "type": "array",
                    "maxItems": 128,
                    "items": {"type": "string", "minLength": 1, "maxLength": 256},
                },
                "prefix": {
                    "description": "What the names of the server's tools begin with here.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": LONGEST_PREFIX,
                },
            },
            "additionalProperties": False,
        },
    },
    "askUser": {
        "description": "Whether the model may ask a person.",
        "type": "boolean",
    },
    "maxRounds": {
        "description": "How many times the model may call tools before it must answer.",
        "type": "integer",
        "minimum": 1,
        "maximum": 50,
    },
    "maxTotalTokens": {
        "description": "After how many tokens of all rounds together the model is not asked again.",
        "type": "integer",
        "minimum": 1,
        "maximum": 100_000_000,
    },
    "toolTimeoutSeconds": {
        "description": "How long a call of a tool may take.",
        "type": "integer",
        "minimum": 1,
        "maximum": 600,
    },
}

_OF_ROUNDS: Final = ("maxRounds", "maxTotalTokens", "toolTimeoutSeconds")
_OF_LAMBDA: Final = ("lambda", "name", "description", "schema", "as")
_OF_MCP: Final = ("mcp", "apiKeySecret", "only", "prefix")
_PREFIX = re.compile(r"[A-Za-z0-9_-]+")


def has_tools(parameters: Mapping[str, Any]) -> bool:
    """Whether the model has any tool."""
    return bool(parameters.get("tools") or parameters.get("askUser"))


def problems(parameters: Mapping[str, Any], reserved: str | None = None) -> Iterator[Problem]:
    """What is wrong with parameters whose types are right. No tool may have a `reserved` name."""
    place: Path = ("parameters", "tools")
    taken: set[str] = set() if reserved is None else {reserved}
    if parameters.get("askUser"):
        taken.add(ASK_USER)
    for index, tool in enumerate(parameters.get("tools", ())):
        if ("lambda" in tool) == ("mcp" in tool):
            yield Problem("A tool has either lambda or mcp", (*place, index))
        elif "lambda" in tool:
            yield from _problems_of_function(tool, taken, (*place, index))
        else:
            yield from _problems_of_server(tool, (*place, index))
    if not has_tools(parameters):
        for name in _OF_ROUNDS:
            if name in parameters:
                reason = "This is about rounds with tools, and there are none"
                yield Problem(reason, ("parameters", name))


def _problems_of_function(
    tool: Mapping[str, Any], taken: set[str], place: Path
) -> Iterator[Problem]:
    yield from _strangers(tool, _OF_LAMBDA, "A Lambda function", place)
    if reason := lambda_target.refusal(tool["lambda"]):
        yield Problem(reason, (*place, "lambda"))
    for member in ("name", "description", "schema"):
        if member not in tool:
            yield Problem(f"{member!r} is missing", (*place, member))
    for member in ("name", "as"):
        if member in tool and not NAME.fullmatch(tool[member]):
            reason = "The name of a tool has 1 to 64 letters, digits, hyphens and underscores"
            yield Problem(reason, (*place, member))
    shown = "as" if "as" in tool else "name"
    name = tool.get(shown)
    if name in taken:
        yield Problem(f"Another tool has the name {name!r}", (*place, shown))
    if name is not None:
        taken.add(name)
    if "schema" in tool:
        yield from forms.problems(tool["schema"], *place, "schema")


def _problems_of_server(tool: Mapping[str, Any], place: Path) -> Iterator[Problem]:
    yield from _strangers(tool, _OF_MCP, "An MCP server", place)
    hosts = settings().agent_hosts
    reason = agent_hosts.refusal(tool["mcp"], hosts) if hosts else OFF
    if reason is not None:
        yield Problem(reason, (*place, "mcp"))
    elif model_parameters.has_key(agent_hosts.parse(tool["mcp"]).query):
        reason = "A key is not part of the URL. Name a secret with apiKeySecret instead"
        yield Problem(reason, (*place, "mcp"))
    if "apiKeySecret" in tool and not model_parameters.is_secret_name(tool["apiKeySecret"]):
        yield Problem(model_parameters.NAME_RULE, (*place, "apiKeySecret"))
    if "prefix" in tool and not _PREFIX.fullmatch(tool["prefix"]):
        reason = "A prefix consists of letters, digits, hyphens and underscores"
        yield Problem(reason, (*place, "prefix"))


def _strangers(
    tool: Mapping[str, Any], known: tuple[str, ...], whose: str, place: Path
) -> Iterator[Problem]:
    for name in tool:
        if name not in known:
            yield Problem(f"{whose} has no {name!r}", (*place, name))
