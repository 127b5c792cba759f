"""Tools that are Lambda functions. Their event is described in docs/guides/tools.md."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ai_coordination.clients import functions
from ai_coordination.runtimes import json_schema
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.lambda_runtime import notes_of
from ai_coordination.runtimes.tools.conversation import Tool, ToolResult, ToolSpec, Use

VERSION: Final = 1


class LambdaTool(Tool):
    """Invokes a function, and waits for what it returns."""

    def __init__(self, call: Call, given: Mapping[str, Any]) -> None:
        name = given.get("as", given["name"])
        super().__init__(ToolSpec(name, given["description"], given["schema"]))
        self._function: str = given["lambda"]
        self._tool: str = given["name"]
        self._context = _context(call)

    def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        if problem := _problem_of(self.spec.schema, arguments):
            return ToolResult.of(problem, is_error=True)
        event = {
            "version": VERSION,
            "tool": self._tool,
            "arguments": arguments,
            "idempotencyKey": use.key,
            "context": self._context,
        }
        payload = json.dumps(event, ensure_ascii=False).encode(errors="replace")
        if len(payload) > functions.LARGEST_CALL_BYTES:
            return ToolResult.of("The arguments are too large", is_error=True)
        try:
            seconds = use.ends_at.seconds_left()
            returned = functions.invoke(self._function, payload, seconds, context=use.ends_at)
        except functions.InvocationFailed as failed:
            return ToolResult.of(failed.notes, is_error=True)
        if returned.failed:
            return ToolResult.of(notes_of(returned.payload), is_error=True)
        return ToolResult.of(_text(returned.payload))


def _context(call: Call) -> dict[str, Any]:
    endpoint_id, part_id = call.session.partition_key.split("#")
    return {
        "endpointId": endpoint_id,
        "partId": part_id,
        "userId": call.session.user_id,
        "coordinationUuid": call.session.coordination_uuid,
        "sessionUuid": call.session.session_uuid,
        "sessionAgentUuid": call.agent.session_agent_uuid,
        "agentUuid": call.agent.agent_uuid,
        "threadUuid": call.agent.thread_uuid,
    }


def _problem_of(schema: json_schema.Schema, arguments: Mapping[str, Any]) -> str | None:
    try:
        problem = next(json_schema.problems(schema, arguments), None)
    except (json_schema.TooManySteps, RecursionError):
        return "The arguments are too intricate"
    if problem is None:
        return None
    place = ".".join(map(str, problem.path))
    return f"{problem.message} ({place})" if place else problem.message


def _text(payload: bytes) -> str:
    """What the function returned: a text as it is, and anything else as JSON."""
    text = payload.decode(errors="replace")
    try:
        value = json.loads(text or "null")
    except (ValueError, RecursionError):
        return text
    if value is None:
        return ""
    return value if isinstance(value, str) else text
