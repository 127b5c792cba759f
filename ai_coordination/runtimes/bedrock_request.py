"""The request to Converse: an agent's work as messages, its parameters as fields."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ai_coordination.runtimes import history, input_files, model_context
from ai_coordination.runtimes.base import Call, RunFailed
from ai_coordination.runtimes.bedrock_parameters import ANSWER_TOOL, NATIVE, TOOL
from ai_coordination.runtimes.history import Turn
from ai_coordination.runtimes.input_files import FileContent
from ai_coordination.runtimes.tools.conversation import ToolSpec

MOST_DOCUMENTS: Final = 5
LONGEST_NAME: Final = 200

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCUMENTS: Final[Mapping[str, str]] = {
    input_files.PDF: "pdf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    _WORD: "docx",
    _EXCEL: "xlsx",
}
_INFERENCE = ("maxTokens", "temperature", "topP", "stopSequences")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9()\[\] -]")


def build(call: Call, parameters: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The parameters of Converse; `text` is the agent's input.

    Raises RunFailed, TextUnavailable, Throttled.
    """
    turns, files = model_context.read(call, parameters, _DOCUMENTS.keys())
    request = {
        "modelId": call.target,
        "messages": messages(turns, text, files),
        # By this, Bedrock's own log of the call can be found.
        "requestMetadata": {**parameters.get("requestMetadata", {}), "runUuid": call.run_uuid},
    }
    return request | _fields(parameters)


def messages(
    turns: Sequence[Turn], text: str, files: Iterable[FileContent]
) -> list[dict[str, Any]]:
    """The earlier turns of the thread, and the agent's input with its files. Raises RunFailed.

    Converse refuses blank texts, and wants a user's message first.
    """
    told = [turn for turn in turns if turn.text.strip()]
    while told and told[0].by_model:
        del told[0]
    built: list[dict[str, Any]] = [
        {"role": "assistant" if turn.by_model else "user", "content": [{"text": turn.text}]}
        for turn in history.merged(told, text)
    ]
    built[-1]["content"] += _blocks(files)
    return built


def _blocks(files: Iterable[FileContent]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    names: set[str] = set()
    for file in files:
        source = {"bytes": file.content}
        if file.text is not None:
            blocks.append({"text": file.text})
        elif file.media_type in input_files.IMAGES:
            kind = file.media_type.removeprefix("image/")
            blocks.append({"image": {"format": kind, "source": source}})
        else:
            name = _name(file.name, names)
            names.add(name)
            kind = _DOCUMENTS[file.media_type]
            blocks.append({"document": {"format": kind, "name": name, "source": source}})
    if len(names) > MOST_DOCUMENTS:
        raise RunFailed(f"A model is sent at most {MOST_DOCUMENTS} documents", retryable=False)
    return blocks


def _name(name: str, taken: set[str]) -> str:
    """The file's name as Converse takes it, which is one that no other document has."""
    plain = " ".join(_NOT_IN_A_NAME.sub("-", name).split())[: LONGEST_NAME - 4] or "document"
    numbered = (f"{plain}-{number}" for number in range(2, 100))
    return plain if plain not in taken else next(one for one in numbered if one not in taken)


def _fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "instructions" in parameters:
        fields["system"] = [{"text": parameters["instructions"]}, *_cache_point(parameters)]
    if inference := {name: parameters[name] for name in _INFERENCE if name in parameters}:
        fields["inferenceConfig"] = inference
    if "guardrail" in parameters:
        guardrail = parameters["guardrail"]
        fields["guardrailConfig"] = {
            "guardrailIdentifier": guardrail["id"],
            "guardrailVersion": guardrail["version"],
            "trace": "disabled",
        }
    if "serviceTier" in parameters:
        fields["serviceTier"] = {"type": parameters["serviceTier"]}
    if "latency" in parameters:
        fields["performanceConfig"] = {"latency": parameters["latency"]}
    if "additionalModelRequestFields" in parameters:
        fields["additionalModelRequestFields"] = parameters["additionalModelRequestFields"]
    return fields | _output_fields(parameters)


def _cache_point(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = parameters.get("promptCaching")
    if wanted is None:
        return []
    lifetime = {} if wanted is True else {"ttl": wanted}
    return [{"cachePoint": {"type": "default", **lifetime}}]


def tool_config(
    tools: Sequence[ToolSpec], config: Mapping[str, Any] | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The tools of a request. `config` is what it has for an answer that is a tool, too.

    Then the model must call some tool: that one, when it has done with the others.
    """
    described = [
        {
            "toolSpec": {
                "name": tool.name,
                "description": tool.description or tool.name,
                "inputSchema": {"json": tool.schema},
            }
        }
        for tool in tools
    ]
    if config is None:
        return {"tools": [*described, *_cache_point(parameters)]}
    every = [*described, *config["tools"], *_cache_point(parameters)]
    return {"tools": every, "toolChoice": {"any": {}}}


def _output_fields(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """How much the model thinks, and the schema that its answer must fit."""
    output = {"effort": parameters["effort"]} if "effort" in parameters else {}
    schema = parameters.get("outputSchema")
    fields: dict[str, Any] = {}
    if schema is not None and parameters.get("structured", NATIVE) == TOOL:
        description = "Answer by calling this tool."
        tool = {"name": ANSWER_TOOL, "description": description, "inputSchema": {"json": schema}}
        choice = {"tool": {"name": ANSWER_TOOL}}
        fields["toolConfig"] = {"tools": [{"toolSpec": tool}], "toolChoice": choice}
    elif schema is not None:
        described = {"name": ANSWER_TOOL, "schema": json.dumps(schema, ensure_ascii=False)}
        structure = {"jsonSchema": described}
        output["textFormat"] = {"type": "json_schema", "structure": structure}
    return fields | ({"outputConfig": output} if output else {})
