"""Lambda for one engine: it calls the functions of the test, and lets virtual time pass."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import ReadTimeoutError

from ai_coordination.local.client import Client
from ai_coordination.local.functions.reports import ASK, COMPLETE, DELEGATE, FAIL
from ai_coordination.runtimes.lambda_runtime import notes_of
from ai_coordination.testing import functions
from ai_coordination.testing.api import send_late
from ai_coordination.testing.cast import Cast
from ai_coordination.testing.clock import Clock, VirtualLambdaContext
from ai_coordination.testing.errors import TestingError, WorkerDied
from ai_coordination.testing.functions import Registered, Result
from ai_coordination.testing.later import Later
from ai_coordination.testing.steps import Step

Request = Mapping[str, Any]
FUNCTION_SECONDS = 900.0


class Lambdas:
    """The functions of a test.

    `paused` is a block in which a function of the test runs, and `text_at` returns a large text.
    """

    def __init__(
        self,
        clock: Clock,
        cast: Cast,
        later: Later,
        client: Client,
        paused: Callable[[], AbstractContextManager[None]],
        text_at: Callable[[str], str],
    ) -> None:
        self._clock = clock
        self._cast = cast
        self._later = later
        self._client = client
        self._paused = paused
        self._text_at = text_at
        self._step: Step | None = None
        # What a function has raised to fail the test.
        self._failure: BaseException | None = None

    def raise_failure(self) -> None:
        """Raise what fails the test, if a function has raised such a thing."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def resume(self, step: Step) -> None:
        """Run an invocation of the worker until it ends, or waits for a function."""
        self._step = step
        try:
            step.resume()
        finally:
            self._step = None

    def invoke(self, request: Request) -> dict[str, Any]:
        """Answer an invocation, as Lambda does."""
        event = json.loads(request["Payload"])
        function = self._function(request["FunctionName"], event)
        result = self.call(function, event)
        if request.get("InvocationType") == "Event":
            self._handle_event(function, event, result)
            return {"StatusCode": 202, "Payload": io.BytesIO()}
        if not self.wait(event, result.seconds):
            raise ReadTimeoutError(endpoint_url="lambda")
        return functions.invocation(result)

    def call(self, function: Registered, event: Mapping[str, Any]) -> Result:
        """Call a function now. What it needs of virtual time passes afterwards."""
        url, text = event.get("agentInputUrl"), event.get("agentInput")
        if text is None:
            text = self._text_at(url) if url and function.takes_text else ""
        until = self._clock.after(FUNCTION_SECONDS)
        context = VirtualLambdaContext("testing", clock=self._clock, until=until)
        with self._fatal(), self._paused():
            return function.call(event, text, context)

    def report(self, event: Mapping[str, Any], result: Result) -> None:
        """Report an agent's result, once it is there. A report that comes too late is refused."""
        keys = {name: event[name] for name in ("sessionUuid", "sessionAgentUuid", "runUuid")}
        document, told = _report_of(result)
        at, report = self._clock.after(result.seconds), {**keys, **told}
        self._later.add(at, lambda: send_late(self._client, document, report))

    def function_of(self, event: Mapping[str, Any]) -> Registered:
        """The function that stands in for an agent which is a model or a server."""
        with self._fatal():
            return self._cast.stand_in(event)

    def _function(self, target: str, event: Mapping[str, Any]) -> Registered:
        with self._fatal():
            return self._cast.function(target, event)

    def _handle_event(self, function: Registered, event: Request, result: Result) -> None:
        with self._fatal():
            if function.takes_text:
                self.report(event, result)
            elif not result.failed and result.value is not None:
                raise TestingError(
                    f"The agent {event['agent']['agentName']!r} gets an event, so what its handler "
                    "returns is dropped: report it by completeSessionAgent, or set parameters: "
                    '{invocation: "RequestResponse"}'
                )

    @property
    def is_waiting(self) -> bool:
        """Whether the worker that invokes an agent now can wait for it."""
        return self._step is not None

    def wait(self, event: Mapping[str, Any], seconds: float) -> bool:
        """Let time pass while the worker waits. Return whether that was not too long."""
        step = self._step
        if step is None or seconds <= 0:
            return True
        ends_at = min(datetime.fromisoformat(event["deadlineAt"]), step.ends_at)
        answers_at = self._clock.after(seconds)
        self._later.add(min(ends_at, answers_at), lambda: self.resume(step))
        step.wait()
        return answers_at <= ends_at

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        """What is raised in the block ends the worker, and fails the test."""
        try:
            yield
        except BaseException as error:
            self._failure = error
            raise WorkerDied from error


def _report_of(result: Result) -> tuple[str, Mapping[str, Any]]:
    """The mutation that reports a result, and its input. Raises TestingError."""
    if result.failed:
        return FAIL, {"notes": notes_of(json.dumps(result.value).encode())}
    said = {"agentOutput": result.value} if isinstance(result.value, str) else result.value
    if isinstance(said, dict):
        if isinstance(said.get("agentOutput"), str):
            return COMPLETE, said
        if isinstance(said.get("question"), str):
            return ASK, said
        if isinstance(said.get("delegate"), list):
            more = {name: value for name, value in said.items() if name != "delegate"}
            return DELEGATE, {"work": said["delegate"], **more}
    raise TestingError(f"An agent's function must return its output, not {result.value!r}")
