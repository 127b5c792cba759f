"""The runtime ECHO: it answers with its input, or fails as its parameters say."""

from typing import Any, ClassVar

from ai_coordination import models
from ai_coordination.runtimes.base import Accepted, Answer, Call, RunFailed, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.states import AgentRuntimeKind

LONGEST_SECONDS = 365 * 24 * 3600
MOST_ATTEMPTS = 100


class Echo(Runtime):
    """Answers with its subtask query, after `parameters.seconds`, or fails.

    `parameters.fail` is a text, and every attempt fails with it; or an object with `attempts`, the
    number of attempts that fail, and `notes`. Other parameters may be there, since an ECHO agent
    often replaces another one for a while.
    """

    kind = AgentRuntimeKind.ECHO
    description = (
        "The engine itself returns the agent's input. For development and tests. `parameters` may"
        " have `seconds` (duration, 0 to a year) and `fail` (a text, or an object with `attempts`,"
        " 0 to 100, and `notes`). Other members are ignored."
    )
    parameters_schema: ClassVar[Schema] = {
        "properties": {
            "seconds": {
                "description": "Seconds until the answer.",
                "type": ["number", "null"],
                "minimum": 0,
                "maximum": LONGEST_SECONDS,
            },
            "fail": {
                "description": "The notes with which attempts fail.",
                "type": ["string", "object", "null"],
                "properties": {
                    "attempts": {"type": "integer", "minimum": 0, "maximum": MOST_ATTEMPTS},
                    "notes": {"type": "string"},
                },
                "additionalProperties": False,
            },
        }
    }
    ignored_when_stored = (("parameters", "seconds"), ("target",))

    def invoke(self, call: Call) -> Answer | Accepted:
        parameters = call.parameters if isinstance(call.parameters, dict) else {}
        notes = _notes_of_failure(parameters.get("fail"), call.attempt)
        if notes:
            raise RunFailed(notes)
        seconds: Any = parameters.get("seconds")
        # What version 0.1.0 stored without a check means none.
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
            return _answer(call.agent)
        return Accepted(poll_seconds=seconds)

    def poll(self, call: Call) -> Answer:
        return _answer(call.agent)


RUNTIME = Echo()


def _answer(agent: models.SessionAgent) -> Answer:
    is_shaped = agent.input_expression is not None
    return Answer((agent.agent_input if is_shaped else agent.subtask_query) or "")


def _notes_of_failure(fail: Any, attempt: int) -> str | None:
    """The notes with which an attempt fails; None or nothing if it does not fail."""
    if not isinstance(fail, dict):
        return fail or None
    return fail.get("notes", "Failed") if attempt <= fail.get("attempts", 0) else None
