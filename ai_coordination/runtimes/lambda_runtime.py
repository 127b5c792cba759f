"""The runtime LAMBDA: an agent that is a Lambda function of the account."""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ai_coordination.clients import functions
from ai_coordination.messages import Lane
from ai_coordination.runtimes import delegations, lambda_fitting, lambda_target, memory
from ai_coordination.runtimes.base import (
    Accepted,
    Answer,
    Call,
    Delegation,
    Question,
    Result,
    RunFailed,
    Runtime,
)
from ai_coordination.runtimes.delegations import NotWork, Work
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.token_usage import usage_of
from ai_coordination.states import AgentRuntimeKind

LONGEST_NOTES = 2_000
RETURNS = "A function returns a text, or an object with agentOutput, question or delegate"
# Of the members that a function has returned, those that are shown to people.
MOST_NAMES = 5
LONGEST_NAME = 50
_KINDS = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}

_FRAME = re.compile(r'File "(?P<folder>[^"]*/)?(?P<file>[^"/]{1,100})", line (?P<line>\d{1,9})')
# Lambda's own Python, or any other, and what is installed in it.
_LIBRARY = re.compile(r"/lib/python\d|/site-packages/|^<")

REQUEST_RESPONSE = "RequestResponse"


class LambdaFunction(Runtime):
    """Invokes a function with the payload that docs/reference/agent-payload.md describes.

    It answers later, by a mutation; or with its return value if `parameters.invocation` is
    `RequestResponse`, and then the worker waits. Other parameters are for the function.
    """

    kind = AgentRuntimeKind.LAMBDA
    description = (
        "The engine invokes an AWS Lambda function. `target` is its name or ARN. `parameters` may"
        " have `invocation`: `Event` (default, the function reports later) or `RequestResponse`"
        " (the worker waits for the result). All members are passed to the function."
    )
    parameters_schema: ClassVar[Schema] = {
        "type": ["object", "null"],
        "properties": {
            "invocation": {
                "description": "Whether the worker waits for the function's return value.",
                "enum": [REQUEST_RESPONSE, "Event", None],
            }
        },
    }
    inline_parameters = ("invocation",)

    def target_problem(self, target: str | None) -> str | None:
        return lambda_target.refusal(target)

    def lane(self, parameters: Any) -> Lane:
        values = parameters if isinstance(parameters, Mapping) else {}
        return Lane.CALLS if values.get("invocation") == REQUEST_RESPONSE else Lane.STEPS

    def invoke(self, call: Call) -> Result:
        try:
            if self.lane(call.parameters) is Lane.CALLS:
                return _wait(call)
            functions.send_event(str(call.target), _body(call, functions.LARGEST_EVENT_BYTES))
        except functions.InvocationFailed as error:
            raise RunFailed(
                error.notes,
                retryable=error.retryable,
                throttled=error.throttled,
                after_seconds=error.after_seconds,
            ) from error
        return Accepted()


RUNTIME = LambdaFunction()


def _wait(call: Call) -> Answer | Question | Delegation:
    """Invoke the function and wait for its answer, as long as the call may take."""
    body = _body(call, functions.LARGEST_CALL_BYTES)
    memory.calls.take(len(body))
    try:
        returned = functions.invoke(str(call.target), body, call.seconds, context=call.context)
    except functions.InvocationFailed as error:
        if not error.timed_out:
            raise
        notes = f"The function has not answered within {call.seconds:.0f} s"
        raise RunFailed(notes, timed_out=True) from error
    if returned.failed:
        raise RunFailed(notes_of(returned.payload))
    return answer_of(returned.payload)


def _body(call: Call, largest: int) -> bytes:
    try:
        return lambda_fitting.body(call, largest)
    except lambda_fitting.DoesNotFit as error:
        raise RunFailed(str(error), retryable=False) from error


def notes_of(payload: bytes) -> str:
    """The notes about an error that a function has raised: its type, its message and its place."""
    try:
        error = json.loads(payload)
    except (ValueError, RecursionError):
        error = None
    if not isinstance(error, dict):
        return "The function has failed"
    parts = [error.get("errorType"), error.get("errorMessage")]
    notes = ": ".join(part for part in parts if isinstance(part, str) and part)
    # Not too long, and valid UTF-8.
    text = (notes or "The function has failed")[:LONGEST_NOTES] + _place_of(error.get("stackTrace"))
    return text.encode(errors="replace").decode()


def _place_of(stack_trace: Any) -> str:
    """The last line of the function's own code, if it is written in Python."""
    frames = stack_trace if isinstance(stack_trace, list) else []
    matches = [match for frame in frames if (match := _FRAME.search(str(frame)))]
    own = [match for match in matches if not _LIBRARY.search(match["folder"] or "")] or matches
    return f" ({own[-1]['file']}:{own[-1]['line']})" if own else ""


def answer_of(payload: bytes) -> Answer | Question | Delegation:
    """The answer, the question or the delegation that a function returned.

    That is a text; an object with `agentOutput` and `usage`; one with `question`, `form`, `resume`
    and `usage`; or one with `delegate`, `resume` and `usage`. Raises RunFailed.
    """
    try:
        value = json.loads(payload or b"null")
    except (ValueError, RecursionError) as error:
        raise RunFailed("The function returned no JSON", retryable=False) from error
    returned = value if isinstance(value, dict) else {"agentOutput": value}
    output, question = returned.get("agentOutput"), returned.get("question")
    usage = usage_of(returned.get("usage"))
    if isinstance(output, str):
        return Answer(output, usage)
    if isinstance(question, str):
        return Question(question, returned.get("resume"), returned.get("form"), usage)
    if returned.get(delegations.MEMBER) is not None:
        return Delegation(_work_of(returned), returned.get("resume"), usage)
    raise RunFailed(f"The function returned {_described(value)}. {RETURNS}", retryable=False)


def _described(value: Any) -> str:
    """What was returned, for the person who wrote the function."""
    if value is None:
        return "nothing (null)"
    if not isinstance(value, dict):
        return _KINDS[type(value)]
    for member in ("agentOutput", "question"):
        if value.get(member) is not None:
            return f"an object whose {member} is {_KINDS.get(type(value[member]), 'an object')}"
    names = [repr(name[:LONGEST_NAME]) for name in list(value)[:MOST_NAMES]]
    return f"an object with {', '.join(names)}" if names else "an empty object"


def _work_of(returned: Mapping[str, Any]) -> list[Work]:
    try:
        return delegations.read(returned[delegations.MEMBER])
    except NotWork as wrong:
        place = ".".join(map(str, (delegations.MEMBER, *wrong.path)))
        notes = f"The function's delegation cannot be read: {wrong.message} ({place})"
        raise RunFailed(notes, usage=usage_of(returned.get("usage"))) from wrong
