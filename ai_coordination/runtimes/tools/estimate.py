"""How many tokens a conversation with tools can use beyond what the claim has reserved."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ai_coordination import texts
from ai_coordination.runtimes import token_limits
from ai_coordination.runtimes.base import Call, Usage
from ai_coordination.runtimes.tools.conversation import Message, ToolSpec


class Estimate:
    """Of one invocation. The claim of the run has reserved for its first call, without the tools.

    A further call reads what the last one has read and written, and the messages since. A token has
    at least one byte. `_spare` is what is reserved and not used yet.
    """

    def __init__(self, call: Call, parameters: Mapping[str, Any]) -> None:
        self._call = call
        self._parameters = parameters
        self._most_output = token_limits.most_output_tokens(parameters)
        self._has_asked = False
        self._last = self._told = self._spare = 0

    def reserve(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> None:
        """Reserve for the next call of the model. Raises RunFailed, Throttled."""
        if self._most_output is None:
            # The session has no budget: otherwise the run would not have been claimed.
            return
        if self._has_asked:
            needed = self._last + _bytes(messages[self._told :]) + self._most_output
        else:
            needed = sum(_bytes(asdict(tool)) for tool in tools)
            if self._call.is_takeover:
                # The first worker may have used what the claim has reserved.
                told = texts.size(self._call.agent.agent_input) + _bytes(messages)
                needed += told + _bytes(self._parameters) + self._most_output
        if needed > self._spare:
            self._call.reserve(needed - self._spare)
            self._spare = needed

    def add(self, usage: Usage | None, told: int) -> None:
        """The model has been asked, with so many messages."""
        used = 0 if usage is None else usage.input_tokens + usage.output_tokens
        self._spare = max(self._spare - used, 0)
        self._last, self._told, self._has_asked = used, told if used else 0, True


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace"))
