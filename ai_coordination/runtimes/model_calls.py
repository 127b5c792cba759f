"""The log line and the metrics of one call of a model, whatever its protocol."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ai_coordination import telemetry
from ai_coordination.runtimes.base import Call, RunFailed
from ai_coordination.runtimes.model_reply import Completion

ERROR: Final = "error.type"
LONGEST_LOGGED: Final = 512

Ask = Callable[[dict[str, Any]], Completion]


def observed(call: Call, known: Mapping[str, Any], ask: Ask) -> Completion:
    """Ask a model once with `ask`, and write a log line about it. Raises RunFailed.

    The line has what is `known` before. `ask` is passed a dict in which it sets `error.type`.
    """
    started = call.context.monotonic()
    facts: dict[str, Any] = {ERROR: "error"}
    try:
        completion = ask(facts)
    except RunFailed as failed:
        telemetry.count("ModelCallsFailed")
        if failed.throttled:
            telemetry.count("ModelCallsThrottled")
        _log(call, started, {**known, **facts})
        raise
    _log(call, started, {**known, **completion.facts})
    telemetry.count("ModelCalls")
    return completion


def short(text: str | None) -> str | None:
    """A provider's own text as a log line has it."""
    return text and text.encode(errors="replace").decode()[:LONGEST_LOGGED]


def _log(call: Call, started: float, facts: Mapping[str, Any]) -> None:
    """One line about a call, under the names of OpenTelemetry. It has no texts."""
    milliseconds = round((call.context.monotonic() - started) * 1000, 1)
    telemetry.measure("ModelDuration", milliseconds)
    known = {
        "gen_ai.operation.name": "chat",
        "gen_ai.agent.id": call.agent.agent_uuid,
        "gen_ai.conversation.id": call.agent.thread_uuid,
        "duration_ms": milliseconds,
        **{name: value for name, value in facts.items() if value is not None},
    }
    telemetry.logger.info("model", extra=known)
