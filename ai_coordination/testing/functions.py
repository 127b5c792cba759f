"""Call the functions of a test as Lambda calls those of agents."""

import inspect
import io
import json
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

from ai_coordination.runtimes.base import Usage
from ai_coordination.runtimes.token_usage import reported
from ai_coordination.testing.answers import AgentFunction, Asked, Delegate, Reply
from ai_coordination.testing.errors import TestingError


class Result(NamedTuple):
    """What a function has returned or raised, as JSON, and the virtual seconds that it needed."""

    value: Any
    failed: bool
    seconds: float


class Registered(NamedTuple):
    """A function of an agent."""

    function: AgentFunction
    takes_text: bool
    seconds: float

    def call(self, event: Mapping[str, Any], text: str, context: Any) -> Result:
        """Call the function. What it raises is a failed attempt, but for errors of the test."""
        try:
            arguments = (text,) if self.takes_text else (dict(event), context)
            returned = self.function(*arguments)
        except (AssertionError, TestingError):
            raise
        except Exception as error:  # noqa: BLE001 - Lambda reports all errors
            frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
            told = {
                "errorType": type(error).__name__,
                "errorMessage": str(error),
                "stackTrace": frames,
            }
            return Result(told, failed=True, seconds=self.seconds)
        seconds = self.seconds
        if isinstance(returned, Reply | Asked | Delegate):
            seconds = returned.seconds or seconds
            returned = _said(returned)
        return Result(_plain(returned), failed=False, seconds=seconds)


def registered(name: str, function: AgentFunction, seconds: float) -> Registered:
    """Return a function as it is called. Raises TestingError if it cannot be an agent."""
    if not callable(function):
        raise TestingError(f"The agent {name!r} must be a function, not {function!r}")
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError as error:
        raise TestingError(f"The parameters of the agent {name!r} are not known") from error
    positional = [
        one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    required = [one for one in positional if one.default is one.empty]
    is_handler = len(required) == 2 or (len(positional) == 2 and positional[1].name == "context")
    if not is_handler and not (len(required) <= 1 <= len(positional)):
        raise TestingError(
            f"The agent {name!r} must be a function of its input text, or of an event and a context"
        )
    if seconds < 0:
        raise TestingError(f"The agent {name!r} cannot need {seconds} seconds")
    return Registered(function, not is_handler, seconds)


def invocation(result: Result) -> dict[str, Any]:
    """Return Lambda's answer to a synchronous invocation."""
    payload = json.dumps(result.value, ensure_ascii=False).encode()
    answer: dict[str, Any] = {"StatusCode": 200, "Payload": io.BytesIO(payload)}
    return {**answer, "FunctionError": "Unhandled"} if result.failed else answer


def _said(returned: Reply | Asked | Delegate) -> dict[str, Any]:
    """What a Lambda function returns that says the same."""
    if isinstance(returned, Reply):
        return _value(returned)
    if isinstance(returned, Asked):
        return {"question": returned.question, "form": returned.form, "resume": returned.resume}
    work = [
        {"agentUuid": piece.agent, "subtaskQuery": piece.text, "after": list(piece.after)}
        for piece in returned.work
    ]
    return {"delegate": work, "resume": returned.resume}


def _value(reply: Reply) -> dict[str, Any]:
    value: dict[str, Any] = {"agentOutput": reply.output}
    if reply.input_tokens is not None and reply.output_tokens is not None:
        value["usage"] = reported(
            Usage(
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                cache_read_input_tokens=reply.cache_read_input_tokens,
                cache_write_input_tokens=reply.cache_write_input_tokens,
                reasoning_tokens=reply.reasoning_tokens,
                model=reply.model,
            )
        )
    return value


def _plain(returned: Any) -> Any:
    """Return a copy as Lambda would make it. Raises TestingError for what is not JSON."""
    try:
        return json.loads(json.dumps(returned))
    except (TypeError, ValueError) as error:
        raise TestingError(f"An agent's function must return text or JSON: {error}") from error
