"""The parameters of OPENAI agents, and their checks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes import model_parameters
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Problem
from ai_coordination.runtimes.tools import parameters as tool_parameters

AUTHORIZATION: Final = "authorization"
API_KEY: Final = "api-key"
MAX_TOKENS_FIELD: Final = "max_completion_tokens"
# What `extraBody` cannot replace: the engine sets it, or relies on it when it reads the answer.
OWN_FIELDS: Final = frozenset({"messages", "model", "n", "response_format", "stream"})

SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        **model_parameters.PROPERTIES,
        **tool_parameters.PROPERTIES,
        "model": {
            "description": "The model's name, as the server knows it.",
            "type": "string",
            "minLength": 1,
            "maxLength": 256,
        },
        "apiKeySecret": {
            "description": "The name of the secret that is the server's key.",
            "type": "string",
        },
        "keyHeader": {
            "description": "The header that has the key: as a bearer token, or as it is.",
            "enum": [AUTHORIZATION, API_KEY],
        },
        "maxTokensField": {
            "description": "What the server calls `maxTokens`.",
            "enum": [MAX_TOKENS_FIELD, "max_tokens"],
        },
        "systemRole": {
            "description": "The role of the instructions.",
            "enum": ["system", "developer"],
        },
        "keepReasoning": {
            "description": "Whether the model is sent its own thoughts of earlier rounds.",
            "type": "boolean",
        },
        "reasoningEffort": {"type": "string", "minLength": 1, "maxLength": 32},
        "seed": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "query": {
            "description": "The query of the URL, such as `api-version=…`.",
            "type": "string",
            "minLength": 1,
            "maxLength": 500,
        },
        "extraBody": {
            "description": "More members of the request, as the server documents them.",
            "type": "object",
        },
    },
    "required": ["model"],
    "additionalProperties": False,
}


def problems(parameters: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with parameters whose types are right."""
    yield from model_parameters.problems(parameters, ("apiKeySecret",))
    yield from tool_parameters.problems(parameters)
    if "tools" in parameters.get("extraBody", {}) and tool_parameters.has_tools(parameters):
        reason = "The engine sets this member of the request itself, from tools and askUser"
        yield Problem(reason, ("parameters", "extraBody", "tools"))
    for name in sorted(OWN_FIELDS & parameters.get("extraBody", {}).keys()):
        reason = "The engine sets this member of the request itself"
        yield Problem(reason, ("parameters", "extraBody", name))
    query = parameters.get("query", "")
    if not query.isascii() or not query.isprintable() or set(query) & set(" #?"):
        yield Problem("This is not the query of a URL", ("parameters", "query"))
    elif model_parameters.has_key(query):
        reason = "A key is not part of the query. Name a secret with apiKeySecret instead"
        yield Problem(reason, ("parameters", "query"))
