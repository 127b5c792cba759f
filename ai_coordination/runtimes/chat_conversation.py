"""A conversation by chat completions: rounds of an OPENAI agent with its tools."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from ai_coordination.clients.http import Reply
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import chat_reply, model_calls
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.model_reply import Completion
from ai_coordination.runtimes.tools.conversation import (
    Conversation,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
)

# What servers add to a message for its reader, and refuse or ignore in a request.
_FOR_READERS: Final = frozenset({"annotations", "audio", "function_call", "refusal"})
_THOUGHTS: Final = ("reasoning", "thinking")
_NOT_ACCEPTED: Final = frozenset({400, 422})

Send = Callable[[bytes, InvocationContext], Reply]
"""Sends a request's body, and returns the reply. Raises RunFailed."""


class Chat(Conversation):
    """One agent's conversation. `body` is its request without tools, `known` is for the log."""

    protocol: ClassVar[str] = "chat"

    def __init__(
        self, call: Call, body: Mapping[str, Any], known: Mapping[str, Any], send: Send
    ) -> None:
        self._call = call
        self._parameters: Mapping[str, Any] = call.parameters
        self._body = body
        self._known = known
        self._send = send
        # Some servers want a model's thoughts back, and others refuse them.
        self._keeps_thoughts: bool = self._parameters.get("keepReasoning", True)
        self._has_changed = False

    def ask(
        self, said: Sequence[Message], tools: Sequence[ToolSpec], ends_at: InvocationContext
    ) -> Completion:
        def ask(facts: dict[str, Any]) -> Completion:
            reply = self._send(self._content(said, tools), ends_at)
            if self._is_about_thoughts(reply, said):
                self._has_changed = True
                self._keeps_thoughts = not self._keeps_thoughts
                reply = self._send(self._content(said, tools), ends_at)
            facts[model_calls.ERROR] = f"status {reply.status}"
            return chat_reply.read(reply, self._parameters, self._call.context.utc())

        completion = model_calls.observed(self._call, self._known, ask)
        if completion.message is not None:
            self._name_calls(completion.message, said)
        return completion

    def calls(self, message: Message) -> list[ToolCall]:
        return [_call(one) for one in message.get("tool_calls") or ()]

    def results(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> list[Message]:
        return [
            {"role": "tool", "tool_call_id": call.id, "content": result.text}
            for call, result in zip(calls, results, strict=True)
        ]

    def _content(self, said: Sequence[Message], tools: Sequence[ToolSpec]) -> bytes:
        body = dict(self._body)
        if said:
            body["messages"] = [*body["messages"], *map(self._sent, said)]
        if tools:
            body["tools"] = [_described(tool) for tool in tools]
        return json.dumps(body, ensure_ascii=False).encode()

    def _sent(self, message: Message) -> Message:
        return {
            name: value
            for name, value in message.items()
            if (value is not None or name == "content")
            and name not in _FOR_READERS
            and (self._keeps_thoughts or not _is_thought(name))
        }

    def _is_about_thoughts(self, reply: Reply, said: Sequence[Message]) -> bool:
        """Whether the server would take the request without the thoughts, or with them."""
        return (
            reply.status in _NOT_ACCEPTED
            and not self._has_changed
            and any(name.encode() in reply.body for name in _THOUGHTS)
            and any(_is_thought(name) for message in said for name in message)
        )

    def _name_calls(self, message: Message, said: Sequence[Message]) -> None:
        """Give each call an id that no other call of the conversation has.

        Some servers give none, and some the same ones in each round.
        """
        taken = {call.id for earlier in said for call in self.calls(earlier)}
        calls = message.get("tool_calls")
        message["tool_calls"] = [
            dict(one) for one in (calls if isinstance(calls, list) else []) if isinstance(one, dict)
        ]
        for one in message["tool_calls"]:
            if not isinstance(one.get("id"), str) or not one["id"] or one["id"] in taken:
                one["id"] = f"call_{self._call.context.token()}"
            taken.add(one["id"])


def _is_thought(name: str) -> bool:
    return name.startswith(_THOUGHTS)


def _described(tool: ToolSpec) -> dict[str, Any]:
    # Some servers refuse the schema of an object that has no properties at all.
    function: dict[str, Any] = {"name": tool.name, "parameters": {"properties": {}, **tool.schema}}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _call(one: Mapping[str, Any]) -> ToolCall:
    function = one.get("function")
    given = function if isinstance(function, Mapping) else {}
    return ToolCall(one["id"], str(given.get("name")), _arguments(given.get("arguments")))


def _arguments(given: Any) -> Mapping[str, Any] | None:
    """The arguments, which are JSON in a text, and some servers' own JSON. Empty: none."""
    try:
        value = json.loads(given or "{}") if isinstance(given, str | None) else given
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None
