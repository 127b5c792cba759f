"""What the rounds need of a protocol of models, and of a tool."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from ai_coordination.context import InvocationContext
from ai_coordination.runtimes.base import Reply
from ai_coordination.runtimes.delegations import Work
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.model_reply import Completion

LONGEST_RESULT: Final = 100_000

Message = dict[str, Any]
"""A message as the protocol has it, and as JSON can store it."""


class ToolSpec(NamedTuple):
    """The description of a tool that a model gets."""

    name: str
    description: str
    schema: Schema


class ToolCall(NamedTuple):
    """A call that a model wants. `arguments` is None if they are not a JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any] | None


class ToolResult(NamedTuple):
    """The result of a call that a model gets. After an error the model may try another way."""

    text: str
    is_error: bool = False

    @classmethod
    def of(cls, text: str, *, is_error: bool = False) -> "ToolResult":
        """A result whose text can be stored and sent: valid, not blank, and not too long."""
        text = text.encode(errors="replace").decode()
        if len(text) > LONGEST_RESULT:
            left_out = len(text) - LONGEST_RESULT
            text = f"{text[:LONGEST_RESULT]}\n(cut off: {left_out:,} more characters)"
        text = text if text.strip() else "(nothing)"
        return cls(f"Error: {text}" if is_error else text, is_error)


class Asked(NamedTuple):
    """A tool needs a person first. `state` is JSON, with which the tool continues."""

    text: str
    state: Any
    form: Schema | None = None


Outcome = ToolResult | Asked | Work
"""How a call ends: with a result, a question to a person, or work for another agent."""


class Use(NamedTuple):
    """One use of a tool. `key` is the same whenever this call of the model is made again."""

    key: str
    ends_at: InvocationContext


class Tool(ABC):
    """A tool of one agent."""

    def __init__(self, spec: ToolSpec) -> None:
        self.spec = spec

    @abstractmethod
    def call(self, arguments: Mapping[str, Any], use: Use) -> Outcome:
        """The outcome. A failure is a result, too: nothing is raised."""

    def resume(self, arguments: Mapping[str, Any], use: Use, state: Any, reply: Reply) -> Outcome:
        """The outcome of a call that has asked a person, with the reply."""
        return self.call(arguments, use)


class Conversation(ABC):
    """One agent's conversation with its model, in one protocol."""

    protocol: ClassVar[str]

    @abstractmethod
    def ask(
        self, said: Sequence[Message], tools: Sequence[ToolSpec], ends_at: InvocationContext
    ) -> Completion:
        """Ask the model for its next message, after what was `said` since the agent's input.

        Raises RunFailed.
        """

    @abstractmethod
    def calls(self, message: Message) -> list[ToolCall]:
        """The calls of tools in a message of the model."""

    @abstractmethod
    def results(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> list[Message]:
        """The messages that tell the model the results of its calls."""
