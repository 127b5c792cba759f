"""One call of a tool: how long it took, and its log line, which has no texts."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ai_coordination import telemetry
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.tools.conversation import Outcome, ToolCall, ToolResult

THREADS: Final = 4


class Timed(NamedTuple):
    """The outcome of a call, its milliseconds, and whether there is such a tool."""

    outcome: Outcome
    milliseconds: float
    is_known: bool


def timed(context: InvocationContext, work: Callable[[], Outcome], *, is_known: bool) -> Timed:
    """The outcome of `work`. A fault of it is an error of the tool, as any other."""
    started = context.monotonic()
    try:
        outcome = work()
    except Exception as error:  # noqa: BLE001 - see above
        telemetry.logger.exception("tool")
        notes = f"The engine could not call this tool ({type(error).__name__})"
        outcome = ToolResult.of(notes, is_error=True)
    return Timed(outcome, round((context.monotonic() - started) * 1000, 1), is_known)


def log(call: Call, tool_call: ToolCall, done: Timed) -> None:
    """Write a line about a call, under the names of OpenTelemetry."""
    failed = isinstance(done.outcome, ToolResult) and done.outcome.is_error
    telemetry.count("ToolCalls")
    if failed:
        telemetry.count("ToolCallsFailed")
    telemetry.measure("ToolDuration", done.milliseconds)
    facts: dict[str, Any] = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.id": call.agent.agent_uuid,
        "gen_ai.conversation.id": call.agent.thread_uuid,
        "duration_ms": done.milliseconds,
    }
    if done.is_known:
        # Any other name is a text of the model.
        facts["gen_ai.tool.name"] = tool_call.name
    if failed:
        facts["error.type"] = "tool_error"
    telemetry.logger.info("tool", extra=facts)
