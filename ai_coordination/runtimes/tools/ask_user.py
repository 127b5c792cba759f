"""The tool by which a model asks a person."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.runtimes.base import Reply
from ai_coordination.runtimes.tools.conversation import Asked, Tool, ToolResult, ToolSpec, Use
from ai_coordination.runtimes.tools.names import ASK_USER

LONGEST_QUESTION: Final = 10_000

SPEC: Final = ToolSpec(
    ASK_USER,
    "Ask a person what only a person can know or decide, and wait for the answer. Ask once, for"
    " everything that is missing.",
    {
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "description": "The question, understandable without what was said before.",
            }
        },
        "required": ["question"],
        "additionalProperties": False,
    },
)


class AskUser(Tool):
    """Asks a person, and returns the reply."""

    def __init__(self) -> None:
        super().__init__(SPEC)

    def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult | Asked:
        question = arguments.get("question")
        if not isinstance(question, str) or not question.strip():
            return ToolResult.of("The question is missing", is_error=True)
        text = question.encode(errors="replace").decode()[:LONGEST_QUESTION]
        return Asked(text, None)

    def resume(
        self, arguments: Mapping[str, Any], use: Use, state: Any, reply: Reply
    ) -> ToolResult:
        return ToolResult.of(said_in(reply) or "The person has answered nothing")


def said_in(reply: Reply) -> str:
    """What a person has said, as a text."""
    if reply.text is not None:
        return reply.text
    return "" if reply.value is None else json.dumps(reply.value, ensure_ascii=False)
