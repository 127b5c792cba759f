"""The runtime LAMBDA: an agent that is a Lambda function of the account."""

import json
from datetime import UTC, datetime
from typing import Any

from ai_coordination import clock, telemetry
from ai_coordination.clients import functions
from ai_coordination.engine.context import Accepted, Answer, Call, RunFailed
from ai_coordination.engine.lanes import waits
from ai_coordination.engine.runtimes import lambda_fitting
from ai_coordination.errors import EngineError
from ai_coordination.services import runtimes, validation

LONGEST_NOTES = 2_000
MOST_TOKENS = 2**31 - 1

# What a worker needs after a call to write what came of it.
SECONDS_TO_WRITE = 5.0


class LambdaFunction:
    """Invokes a function with the payload that docs/reference/agent-payload.md describes.

    It answers later, by a mutation, or with its return value where `parameters.invocation` is
    `RequestResponse`. Then the call is cut off at the end of the attempt or, where that comes
    first, of the worker at `works_until`.
    """

    def __init__(self, works_until: datetime | None = None) -> None:
        self._works_until = works_until

    def invoke(self, call: Call) -> Answer | Accepted:
        # Of large ones the item holds those that are checked.
        checked(call, call.agent.agent.runtime.parameters)
        target = call.agent.agent.runtime.target
        try:
            if waits(call.agent):
                return self._answer(call, target)
            functions.hand(target, _body(call, functions.LARGEST_EVENT_BYTES))
        except functions.NotInvoked as failed:
            raise RunFailed(failed.notes, retryable=failed.retryable) from failed
        return Accepted()

    def _answer(self, call: Call, target: str) -> Answer:
        seconds = self._seconds(call)
        try:
            returned = functions.call(
                target, _body(call, functions.LARGEST_CALL_BYTES), max(seconds, 1.0)
            )
        except functions.NotInvoked as failed:
            if not failed.timed_out:
                raise
            notes = f"The function has not answered within {seconds:.0f} s"
            raise RunFailed(notes, timed_out=True) from failed
        return _failure(returned.payload) if returned.failed else _read(returned.payload)

    def _seconds(self, call: Call) -> float:
        now = datetime.now(UTC)
        left = (clock.moment(call.deadline_at) - now).total_seconds()
        if self._works_until is None:
            return left
        return min(left, (self._works_until - now).total_seconds() - SECONDS_TO_WRITE)


def checked(call: Call, parameters: Any) -> Any:
    """The parameters of a member, which was checked when it was written, but not by this version.

    Raises RunFailed, not retryable.
    """
    runtime = call.agent.agent.runtime
    wrong = runtimes.stored_problem(runtime.kind, runtime.target, parameters)
    if wrong is not None:
        place = ".".join(map(str, wrong.path))
        raise RunFailed(f"{wrong.message} (runtime.{place})", retryable=False)
    return parameters


def _body(call: Call, largest: int) -> bytes:
    try:
        return lambda_fitting.body(call, largest)
    except lambda_fitting.DoesNotFit as error:
        raise RunFailed(str(error), retryable=False) from error


def _failure(payload: bytes) -> Answer:
    """A function that raises is a failed attempt, with what it said."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise RunFailed("The function has failed")
    parts = [said.get("errorType"), said.get("errorMessage")]
    notes = ": ".join(part for part in parts if isinstance(part, str) and part)
    raise RunFailed(_clean(notes or "The function has failed"))


def _clean(notes: str) -> str:
    """What can be stored, of what a function said."""
    return notes.encode(errors="replace").decode()[:LONGEST_NOTES]


def _read(payload: bytes) -> Answer:
    """What a function returned: a text, or an object with `agentOutput` and perhaps `usage`."""
    try:
        value = json.loads(payload or b"null")
    except (ValueError, RecursionError) as error:
        raise RunFailed("The function returned no JSON", retryable=False) from error
    given = value if isinstance(value, dict) else {"agentOutput": value}
    output = given.get("agentOutput")
    if not isinstance(output, str):
        raise RunFailed("The function returned neither a text nor an agentOutput", retryable=False)
    try:
        validation.text(output, "agent_output")
    except EngineError as error:
        raise RunFailed(f"What the function returned: {error.message}", retryable=False) from error
    return Answer(output, *_usage(given.get("usage")))


def _usage(usage: Any) -> tuple[int | None, int | None]:
    """The tokens, where both are counts: a wrong account is no reason to throw an answer away."""
    given = usage if isinstance(usage, dict) else {}
    numbers = [given.get("inputTokens"), given.get("outputTokens")]
    if all(type(one) is int and 0 <= one <= MOST_TOKENS for one in numbers):
        return numbers[0], numbers[1]
    if usage is not None:
        telemetry.logger.warning("usage", extra={"reason": "no two counts of tokens"})
    return None, None
