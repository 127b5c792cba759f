"""The Lambda function of the API."""

import gc
from typing import Any

# Nothing that an import makes is garbage, and looking for it takes time at a cold start.
gc.disable()

from ai_coordination import telemetry
from ai_coordination.api.operation import execute
from ai_coordination.api.transport import events
from ai_coordination.config import settings

gc.freeze()
gc.enable()

settings()  # A wrong variable ends the start, not the first request.


def handler(event: Any, context: events.LambdaContext) -> dict[str, Any]:
    """Answer one event in the shape of its kind.

    Takes requests of API Gateway (HTTP and REST APIs) and of function URLs, and direct invocations.
    Raises UnknownEvent for the events of other services: there the invocation has to fail.
    """
    invocation = events.read(event, context)
    trace = invocation.trace
    with telemetry.recording(
        invocation.transport, trace.request_id, trace.correlation_id
    ) as record:
        try:
            return invocation.answer(execute, settings(), record)
        except Exception:  # noqa: BLE001 - here it ends: logged whole, and answered without details
            telemetry.logger.exception("unexpected")
            return invocation.failure(settings(), record)
