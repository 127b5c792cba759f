"""The Lambda function of the API."""

import gc
from typing import Any

# Nothing that an import makes is garbage, and looking for it takes time at a cold start.
gc.disable()

from ai_coordination import telemetry
from ai_coordination.api.operation import execute
from ai_coordination.api.transport import events
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext

gc.freeze()
gc.enable()

settings()  # A wrong variable ends the start, not the first request.


def handler(event: Any, lambda_context: events.LambdaContext) -> dict[str, Any]:
    """Answer one event in the shape of its kind.

    Takes requests of API Gateway (HTTP and REST APIs) and of function URLs, and direct invocations.
    Raises UnknownEvent for the events of other services: there the invocation has to fail.
    """
    return answer(event, lambda_context, InvocationContext())


def answer(
    event: Any, lambda_context: events.LambdaContext, context: InvocationContext
) -> dict[str, Any]:
    """Answer an event as `handler` does, with the given clock and identifiers."""
    invocation = events.read(event, lambda_context, context)
    trace = invocation.trace
    with telemetry.recording(
        invocation.transport, trace.request_id, trace.correlation_id
    ) as record:
        try:
            return invocation.answer(execute, settings(), record)
        except Exception:  # noqa: BLE001 - here it ends: logged whole, and answered without details
            telemetry.logger.exception("unexpected")
            return invocation.failure(settings(), record)
