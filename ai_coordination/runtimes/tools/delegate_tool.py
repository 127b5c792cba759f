"""The tools by which a model delegates work to other agents: one for each of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ai_coordination import texts
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.delegations import Delegate, Work, said_of, text_of
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.tools.conversation import Tool, ToolResult, ToolSpec, Use
from ai_coordination.runtimes.tools.names import Names

PREFIX: Final = "delegate_to_"
LONGEST_DESCRIPTION: Final = 4_000
LAST_TURN: Final = "(Nothing more can be delegated. Answer now.)"
GONE: Final = ToolResult("FAILED: there is no result", is_error=True)

_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "work": {
            "type": "string",
            "description": "The work, understandable without what was said before.",
        }
    },
    "required": ["work"],
    "additionalProperties": False,
}


class DelegateTool(Tool):
    """Delegates a piece of work to one agent. Its result comes in the model's next turn."""

    def __init__(self, delegate: Delegate, names: Names) -> None:
        said = f"Let another agent do a piece of work, and get its result: {delegate.agent_name}."
        if delegate.description:
            said = f"{said} {delegate.description}"
        name = names.take(_readable(delegate), PREFIX)
        super().__init__(ToolSpec(name, said[:LONGEST_DESCRIPTION], _SCHEMA))
        self._agent_uuid = delegate.agent_uuid

    def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult | Work:
        work = arguments.get("work")
        if not isinstance(work, str) or not work.strip():
            return ToolResult.of("The work is missing", is_error=True)
        return Work(self._agent_uuid, work.encode(errors="replace").decode())


def tools_of(delegates: Iterable[Delegate], names: Names) -> list[Tool]:
    """The tools of an agent that may delegate."""
    return [DelegateTool(delegate, names) for delegate in delegates]


def _readable(delegate: Delegate) -> str:
    """The agent's name, if a tool's name can show some of it."""
    shows_something = any(one.isascii() and one.isalnum() for one in delegate.agent_name)
    return delegate.agent_name if shows_something else delegate.agent_uuid


def results(call: Call, places: Sequence[int]) -> dict[int, ToolResult]:
    """The results of the work that the model delegated in its last turn, by the place of the call.

    `places` are those of the calls, in the order of the work. Raises TextUnavailable, Throttled.
    """
    done = [one for one in call.delegated if one.place < len(places)]
    parts = [[("", text_of(one)), *said_of(one)] for one in done]
    wanted = [text for of_one in parts for _, text in of_one]
    read = iter(texts.read_all(call.agent.partition_key, wanted))
    found: dict[int, ToolResult] = dict.fromkeys(places, GONE)
    for one, of_one in zip(done, parts, strict=True):
        told = [heading and f"{heading}:\n" for heading, _ in of_one]
        result = ToolResult.of("\n\n".join(heading + next(read) for heading in told))
        found[places[one.place]] = result._replace(is_error=not one.is_done)
    if call.is_last_turn and places:
        last = found[places[-1]]
        found[places[-1]] = last._replace(text=f"{last.text}\n\n{LAST_TURN}")
    return found
