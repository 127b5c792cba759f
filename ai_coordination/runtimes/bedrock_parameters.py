"""The parameters of BEDROCK agents, and their checks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes import model_parameters
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.problems import Problem
from ai_coordination.runtimes.tools import parameters as tool_parameters

NATIVE, TOOL = "NATIVE", "TOOL"
# The tool that a model must call with its answer, if `structured` is TOOL.
ANSWER_TOOL: Final = "answer"
# Converse takes 16, and the engine adds one.
MOST_METADATA: Final = 15

_COMMON = model_parameters.PROPERTIES

SCHEMA: Final[Schema] = {
    "type": ["object", "null"],
    "properties": {
        **_COMMON,
        **tool_parameters.PROPERTIES,
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
        "stopSequences": {**_COMMON["stopSequences"], "maxItems": 2_500},
        "structured": {
            "description": "How the model is asked for an answer that fits the `outputSchema`, its"
            " own or its action's: in the request's own field, or as a tool that it must call.",
            "enum": [NATIVE, TOOL],
        },
        "promptCaching": {
            "description": "For how long Bedrock keeps instructions and tools. True: as"
            " long as usual.",
            "enum": [True, "5m", "1h"],
        },
        "guardrail": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "minLength": 1, "maxLength": 2_048},
                "version": {"type": "string", "minLength": 1, "maxLength": 8},
            },
            "required": ["id", "version"],
            "additionalProperties": False,
        },
        "serviceTier": {"enum": ["priority", "default", "flex", "reserved"]},
        "latency": {"enum": ["standard", "optimized"]},
        "effort": {
            "description": "How much the model thinks.",
            "type": "string",
            "minLength": 1,
            "maxLength": 16,
        },
        "requestMetadata": {
            "description": "Names and values that Bedrock's own log of the call has.",
            "type": "object",
        },
        "additionalModelRequestFields": {
            "description": "More fields, as the model's provider documents them.",
            "type": "object",
        },
    },
    "additionalProperties": False,
}

_GUARDRAIL_ID = re.compile(
    r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+"
)
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}", re.ASCII)


def problems(parameters: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with parameters whose types are right."""
    yield from model_parameters.problems(parameters, ())
    takes_answer = parameters.get("structured") == TOOL
    yield from tool_parameters.problems(parameters, ANSWER_TOOL if takes_answer else None)
    is_told_something = "instructions" in parameters or tool_parameters.has_tools(parameters)
    if "promptCaching" in parameters and not is_told_something:
        reason = "Only instructions and tools are cached, and there are none"
        yield Problem(reason, ("parameters", "promptCaching"))
    yield from _problems_of_guardrail(parameters.get("guardrail"))
    yield from _problems_of_metadata(parameters.get("requestMetadata", {}))


def _problems_of_guardrail(guardrail: Mapping[str, str] | None) -> Iterator[Problem]:
    if guardrail is None:
        return
    if not _GUARDRAIL_ID.fullmatch(guardrail["id"]):
        reason = "This is not the ID or the ARN of a guardrail"
        yield Problem(reason, ("parameters", "guardrail", "id"))
    if not _GUARDRAIL_VERSION.fullmatch(guardrail["version"]):
        reason = "The version of a guardrail is a number, or 'DRAFT'"
        yield Problem(reason, ("parameters", "guardrail", "version"))


def _problems_of_metadata(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    place = ("parameters", "requestMetadata")
    if len(metadata) > MOST_METADATA:
        yield Problem(f"There are at most {MOST_METADATA} names", place)
    for name, value in metadata.items():
        if not name or not _METADATA.fullmatch(name):
            reason = "A name has 1 to 256 letters, digits, spaces and :_@$#=/+,.-"
            yield Problem(reason, (*place, name))
        elif name == "runUuid":
            yield Problem("The engine sets this itself", (*place, name))
        elif not isinstance(value, str) or not _METADATA.fullmatch(value):
            reason = "A value is a text of 0 to 256 letters, digits, spaces and :_@$#=/+,.-"
            yield Problem(reason, (*place, name))
