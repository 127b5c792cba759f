"""How many tokens a conversation with tools can use beyond what the claim has reserved."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import texts
from ai_coordination.runtimes import headings, token_limits
from ai_coordination.runtimes.base import Call, Usage
from ai_coordination.runtimes.tools.conversation import Message, ToolSpec


class Estimate:
    """Of one invocation. The claim of the run has reserved for its first call, without the tools.

    A further call reads what the last one has read and written, and the messages since. A token has
    at least one byte. `_spare` is what is reserved and not used yet, of the input and of the
    answer: they have different prices.
    """

    def __init__(self, call: Call, parameters: Mapping[str, Any]) -> None:
        self._call = call
        self._parameters = parameters
        self._most_output = token_limits.most_output_tokens(parameters)
        self._has_asked = False
        self._last = self._told = 0
        self._spare = (0, 0)

    def reserve(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> None:
        """Reserve for the next call of the model. Raises RunFailed, Throttled."""
        if self._most_output is None:
            # The session has no budget: otherwise the run would not have been claimed.
            return
        if self._has_asked:
            told, answered = self._last + _bytes(messages[self._told :]), self._most_output
        else:
            told, answered = sum(_bytes(tool._asdict()) for tool in tools), 0
            if self._call.is_takeover:
                # The first worker may have used what the claim has reserved.
                agent = self._call.agent
                told += texts.size(agent.agent_input) + headings.most_bytes(agent)
                told += _bytes(messages)
                told, answered = told + _bytes(self._parameters), self._most_output
        spare_told, spare_answered = self._spare
        more = max(told - spare_told, 0), max(answered - spare_answered, 0)
        if any(more):
            self._call.reserve(*more)
            self._spare = max(told, spare_told), max(answered, spare_answered)

    def add(self, usage: Usage | None, told: int) -> None:
        """The model has been asked, with so many messages."""
        read, written = (0, 0) if usage is None else (usage.input_tokens, usage.output_tokens)
        spare_told, spare_answered = self._spare
        self._spare = max(spare_told - read, 0), max(spare_answered - written, 0)
        used = read + written
        self._last, self._told, self._has_asked = used, told if used else 0, True


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace"))
