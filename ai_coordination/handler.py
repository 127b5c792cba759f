"""The Lambda function of the API."""

import gc
from typing import Any

# Imports create no garbage, so looking for it only makes the cold start longer.
gc.disable()

from ai_coordination import telemetry
from ai_coordination.api.operation import execute
from ai_coordination.api.transport import events
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext

gc.freeze()
gc.enable()

settings()  # An invalid setting makes the start fail, not the first request.


def handler(event: Any, lambda_context: events.LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway (HTTP or REST API) or a function URL, or a direct invocation.

    Raises UnknownEvent for an event of another service, so that the invocation fails.
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
        except Exception:  # noqa: BLE001 - an entry point: log the error, answer without details
            telemetry.logger.exception("unexpected")
            return invocation.failure(settings(), record)
