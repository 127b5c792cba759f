"""The parameters that all kinds of models have, and the checks that no schema expresses."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes import output_schema
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Path, Problem

LARGEST_BYTES: Final = 65_536
NAME_RULE: Final = "The name of a secret has 1 to 64 lower-case letters, digits and hyphens"

OWN, ALL = "OWN", "ALL"
FAIL, TAKE = "FAIL", "TAKE"
AUTO, NONE = "AUTO", "NONE"

PROPERTIES: Final[Mapping[str, Schema]] = {
    "instructions": {
        "description": "The system prompt.",
        "type": "string",
        "minLength": 1,
        "maxLength": 48_000,
    },
    "maxTokens": {
        "description": "The most tokens of an answer.",
        "type": "integer",
        "minimum": 1,
        "maximum": 1_000_000,
    },
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "topP": {"type": "number", "minimum": 0, "maximum": 1},
    "stopSequences": {
        "description": "Texts before which the answer ends.",
        "type": "array",
        "maxItems": 4,
        "items": {"type": "string", "minLength": 1, "maxLength": 1_000},
    },
    "outputSchema": {
        "description": "The JSON Schema that the answer must fit. The engine checks it, too.",
        "type": "object",
    },
    "inputFiles": {
        "description": "Whether the model is sent the session's input files.",
        "enum": [AUTO, NONE],
    },
    "history": {
        "description": "How much of the thread the model is sent. Null: nothing of it.",
        "type": ["object", "null"],
        "properties": {
            "of": {
                "description": "Whose answers: the agent's own ones, or all agents'.",
                "enum": [OWN, ALL],
            },
            "runs": {"type": "integer", "minimum": 0, "maximum": 50},
            "bytes": {"type": "integer", "minimum": 0, "maximum": 500_000},
        },
        "additionalProperties": False,
    },
    "throttleSeconds": {
        "description": "For how long after an attempt was first throttled it is made again.",
        "type": "integer",
        "minimum": 0,
        "maximum": 3_600,
    },
    "onLength": {
        "description": "Whether an answer that is cut off at `maxTokens` fails, or is taken.",
        "enum": [FAIL, TAKE],
    },
}

_SECRET_NAME = re.compile(r"[a-z0-9-]{1,64}")
_KEY = re.compile(r"\s*(Bearer\s+\S{8,}|(sk|gsk|xai|hf|pk)[-_][A-Za-z0-9_-]{8,}|AIza\S{20,})\s*")
_NAME_OF_A_KEY = re.compile(
    r"authorization|(x[-_])?api[-_]?key|password|secret|(access[-_])?token", re.IGNORECASE
)


def problems(parameters: Mapping[str, Any], secret_names: tuple[str, ...]) -> Iterator[Problem]:
    """What is wrong with parameters whose types are right."""
    if len(json.dumps(parameters, ensure_ascii=False).encode()) > LARGEST_BYTES:
        yield Problem(f"All parameters together have at most {LARGEST_BYTES:,} bytes", _PLACE)
    for name in secret_names:
        if name in parameters and not is_secret_name(parameters[name]):
            yield Problem(NAME_RULE, (*_PLACE, name))
    if "outputSchema" in parameters:
        yield from output_schema.problems(parameters["outputSchema"], *_PLACE, "outputSchema")
    for path in _keys_in(parameters, _PLACE):
        # Parameters are shown to everybody who may read the coordination.
        instead = f" Name a secret with {secret_names[0]} instead" if secret_names else ""
        yield Problem(f"This looks like a key.{instead}", path)


_PLACE: Path = ("parameters",)


def is_secret_name(name: str) -> bool:
    """Whether a text can be the name of a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def has_key(query: str) -> bool:
    """Whether a member of a URL's query is called like a key."""
    return any(_NAME_OF_A_KEY.fullmatch(member.partition("=")[0]) for member in query.split("&"))


def _keys_in(value: Any, path: Path) -> Iterator[Path]:
    """The places of texts that look like keys, or are called so. Nothing else tells them apart."""
    if isinstance(value, str) and _KEY.fullmatch(value):
        yield path
    elif isinstance(value, Mapping) and "outputSchema" not in path:
        for name, inner in value.items():
            place = (*path, name)
            if _NAME_OF_A_KEY.fullmatch(name) and isinstance(inner, str):
                yield place
            else:
                yield from _keys_in(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _keys_in(inner, (*path, index))
