"""How far a conversation with tools has come: what a question or a checkpoint keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ai_coordination import texts
from ai_coordination.runtimes import token_usage
from ai_coordination.runtimes.base import Call, Usage
from ai_coordination.runtimes.tools import delegate_tool
from ai_coordination.runtimes.tools.conversation import Message, ToolResult

VERSION: Final = 1
# A longer input is not kept, but read again: then it may have other headings, and the reply, too.
LARGEST_INPUT_BYTES: Final = 200_000


@dataclass(slots=True)
class Progress:
    """The agent's input, what was said since, and the round that is open.

    A round is open from the model's calls of tools until their results are among the messages.
    `results` are those that it has, by the place of the call; `asked` is what a tool has asked a
    person; `delegated` are the places of the calls that delegate the work with which the turn ends.
    `opened_by` is the run in which the model made the calls.
    """

    input: str
    messages: list[Message] = field(default_factory=list)
    rounds: int = 0
    tokens: int = 0
    opened_by: str | None = None
    results: dict[int, ToolResult] = field(default_factory=dict)
    asked: Mapping[str, Any] | None = None
    delegated: list[int] = field(default_factory=list)
    usage: Usage | None = None

    @property
    def is_open(self) -> bool:
        """Whether the model waits for the results of its calls."""
        return self.opened_by is not None

    def open(self, message: Message, run_uuid: str, *, counts: bool = True) -> None:
        """Begin a round with the model's message, which calls tools."""
        self.messages.append(message)
        self.rounds += int(counts)
        self.opened_by = run_uuid

    def close(self, told: list[Message]) -> None:
        """End the round with the messages that tell the model the results."""
        self.messages += told
        self.opened_by, self.asked = None, None
        self.results.clear()

    def add(self, usage: Usage | None) -> None:
        """Count what one call of the model has used."""
        if usage is not None:
            self.tokens += usage.input_tokens + usage.output_tokens
            self.usage = token_usage.sum_of(self.usage, usage)

    def to_json(self, call: Call, protocol: str) -> dict[str, Any]:
        """What continues the conversation in another invocation."""
        return {
            "version": VERSION,
            "protocol": protocol,
            "input": self.input if len(self.input.encode()) <= LARGEST_INPUT_BYTES else None,
            "messages": self.messages,
            "rounds": self.rounds,
            "tokens": self.tokens,
            "openedBy": self.opened_by,
            "results": [
                [place, result.text, result.is_error]
                for place, result in sorted(self.results.items())
            ],
            "asked": self.asked,
            "delegated": self.delegated,
            "run": call.run_uuid,
            "usage": None if self.usage is None else self.usage._asdict(),
        }

    @classmethod
    def of(cls, call: Call, protocol: str) -> Self:
        """Where an invocation begins. What another kind or version has kept is of no use.

        Raises TextUnavailable, Throttled.
        """
        kept = call.resume if isinstance(call.resume, dict) else {}
        is_own = (kept.get("version"), kept.get("protocol")) == (VERSION, protocol)
        told = kept["input"] if is_own else None
        if told is None:
            told = texts.read(call.agent.partition_key, call.agent.agent_input) or ""
        if not is_own:
            return cls(told)
        # Another run has written down its own usage.
        usage = kept["usage"] if kept["run"] == call.run_uuid else None
        results = {int(place): ToolResult(text, error) for place, text, error in kept["results"]}
        if "delegated" in kept:
            # Otherwise an earlier version has kept it, which delegated nothing.
            results |= delegate_tool.results(call, kept["delegated"])
        return cls(
            told,
            messages=kept["messages"],
            rounds=int(kept["rounds"]),
            tokens=int(kept["tokens"]),
            opened_by=kept["openedBy"],
            results=results,
            asked=kept["asked"],
            usage=usage and Usage(**usage),
        )
