"""The request of a chat completion: an agent's work as messages, its parameters as fields."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ai_coordination.runtimes import history, input_files, model_context, output_schema
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.history import Turn
from ai_coordination.runtimes.input_files import FileContent
from ai_coordination.runtimes.openai_parameters import MAX_TOKENS_FIELD

_FIELDS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop",
    "seed": "seed",
    "reasoningEffort": "reasoning_effort",
}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


def build(call: Call, parameters: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The request's body; `text` is the agent's input.

    Raises RunFailed, TextUnavailable, Throttled.
    """
    turns, found = model_context.read(call, parameters)
    files = [_part(file) for file in found]
    body: dict[str, Any] = {
        "model": parameters["model"],
        "messages": messages(parameters, turns, text, files),
    }
    if "maxTokens" in parameters:
        body[parameters.get("maxTokensField", MAX_TOKENS_FIELD)] = parameters["maxTokens"]
    body |= {theirs: parameters[ours] for ours, theirs in _FIELDS.items() if ours in parameters}
    if "outputSchema" in parameters:
        body["response_format"] = _response_format(parameters["outputSchema"])
    body |= parameters.get("extraBody", {})
    return body


def messages(
    parameters: Mapping[str, Any],
    turns: Sequence[Turn],
    text: str,
    files: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The instructions, the earlier turns of the thread, and the agent's input with its files."""
    built: list[dict[str, Any]] = []
    if "instructions" in parameters:
        role = parameters.get("systemRole", "system")
        built.append({"role": role, "content": parameters["instructions"]})
    for turn in history.merged(turns, text):
        role = "assistant" if turn.by_model else "user"
        built.append({"role": role, "content": turn.text})
    if files:
        built[-1]["content"] = [{"type": "text", "text": built[-1]["content"]}, *files]
    return built


def _part(file: FileContent) -> dict[str, Any]:
    if file.text is not None:
        return {"type": "text", "text": file.text}
    url = f"data:{file.media_type};base64,{base64.b64encode(file.content).decode()}"
    if file.media_type == input_files.PDF:
        return {"type": "file", "file": {"filename": file.name, "file_data": url}}
    return {"type": "image_url", "image_url": {"url": url}}


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    name = _NOT_IN_A_NAME.sub("_", str(schema.get("title", "")))[:64] or "answer"
    described = {"name": name, "strict": output_schema.is_strict(schema), "schema": schema}
    return {"type": "json_schema", "json_schema": described}
