"""A conversation by Converse: rounds of a BEDROCK agent with its tools."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import bedrock_request
from ai_coordination.runtimes.model_reply import Completion
from ai_coordination.runtimes.tools.conversation import (
    Conversation,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
)

# How JSON has the bytes of a message, such as thoughts that are encrypted.
_BYTES: Final = "$bytes"
# The arguments of a call are the model's own JSON.
_CALL: Final = "toolUse"

Send = Callable[[Mapping[str, Any], InvocationContext], Completion]
"""Sends a request, and returns the completion. Raises RunFailed."""


class Converse(Conversation):
    """One agent's conversation. `request` is its request without tools."""

    protocol: ClassVar[str] = "converse"

    def __init__(
        self, request: Mapping[str, Any], parameters: Mapping[str, Any], send: Send
    ) -> None:
        self._request = request
        self._parameters = parameters
        self._send = send

    def ask(
        self, said: Sequence[Message], tools: Sequence[ToolSpec], ends_at: InvocationContext
    ) -> Completion:
        request = dict(self._request)
        request["messages"] = [*request["messages"], *map(unpacked, said)]
        if not tools and "toolConfig" not in request:
            # As in the last turn of an agent that has only delegated.
            tools = self._named_in(said)
        if tools:
            config = request.get("toolConfig")
            request["toolConfig"] = bedrock_request.tool_config(tools, config, self._parameters)
        return self._send(request, ends_at)

    def _named_in(self, said: Sequence[Message]) -> list[ToolSpec]:
        """The tools that were called. Converse refuses calls in a request that names no tools."""
        names = dict.fromkeys(call.name for message in said for call in self.calls(message))
        return [ToolSpec(name, "", {"type": "object"}) for name in names]

    def calls(self, message: Message) -> list[ToolCall]:
        uses = [block[_CALL] for block in message["content"] if _CALL in block]
        return [ToolCall(use["toolUseId"], use["name"], _arguments(use)) for use in uses]

    def results(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> list[Message]:
        blocks = [
            {
                "toolResult": {
                    "toolUseId": call.id,
                    "content": [{"text": result.text}],
                    "status": "error" if result.is_error else "success",
                }
            }
            for call, result in zip(calls, results, strict=True)
        ]
        return [{"role": "user", "content": blocks}]


def packed(content: Sequence[Mapping[str, Any]]) -> Message:
    """The model's message as JSON can store it. Converse refuses blank texts, so it has none."""
    blocks = [
        dict(block) if _CALL in block else _packed(block)
        for block in content
        if block.keys() != {"text"} or block["text"].strip()
    ]
    return {"role": "assistant", "content": blocks}


def unpacked(message: Message) -> Message:
    """A stored message as Converse takes it."""
    blocks = [block if _CALL in block else _unpacked(block) for block in message["content"]]
    return {**message, "content": blocks}


def _packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {name: _packed(inner) for name, inner in value.items()}
    return [_packed(inner) for inner in value] if isinstance(value, list) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {_BYTES}:
            return base64.b64decode(value[_BYTES])
        return {name: _unpacked(inner) for name, inner in value.items()}
    return [_unpacked(inner) for inner in value] if isinstance(value, list) else value


def _arguments(use: Mapping[str, Any]) -> Mapping[str, Any] | None:
    given = use.get("input")
    return given if isinstance(given, Mapping) else None
