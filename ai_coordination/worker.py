"""The worker's Lambda function: it handles messages, firings of schedules, and the sweep."""

import gc
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Imports create no garbage, so looking for it only makes the cold start longer.
gc.disable()

from ai_coordination import messages, records, telemetry, waiting
from ai_coordination.clients.queue import Record
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine import (
    factory,
    read_ahead,
    schedule_trigger,
    sweeper,
)
from ai_coordination.engine.agent import release
from ai_coordination.engine.context import Engine
from ai_coordination.messages import FiringMessage
from ai_coordination.records import LambdaContext
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import Call, Result
from ai_coordination.services import timers

gc.freeze()
gc.enable()

# The event of a sweep. A rule without an input of its own sends EventBridge's event.
SWEEP = "sweep"
SCHEDULED = "Scheduled Event"


class UnknownEvent(Exception):
    """An event that the worker does not handle. The invocation fails, so the mistake is visible."""


def handler(event: Mapping[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    """Handle a batch of SQS messages and return the failed ones; or fire a schedule; or sweep.

    Raises UnknownEvent, and Unreadable for a firing.
    """
    return handle(event, lambda_context, InvocationContext())


def handle(
    event: Mapping[str, Any],
    lambda_context: LambdaContext,
    context: InvocationContext,
    invoke: Callable[[Call], Result] = registry.invoke,
) -> dict[str, Any]:
    """Handle an event as `handler` does, with the given clock and identifiers.

    `invoke` invokes agents.
    """
    engine = factory.of_a_worker(context, lambda_context.get_remaining_time_in_millis() / 1000)
    engine = engine._replace(invoke=invoke)
    with telemetry.invocation(lambda_context.aws_request_id):
        return _dispatch(engine, event, lambda_context)


def _dispatch(
    engine: Engine, event: Mapping[str, Any], lambda_context: LambdaContext
) -> dict[str, Any]:
    if event.get("kind") == FiringMessage.kind:
        firing = messages.decode_firing(event)
        return {"firing": schedule_trigger.fire(engine, timers.scheduler(), firing)}
    if event.get("kind") == SWEEP or event.get("detail-type") == SCHEDULED:
        return {"found": sweeper.sweep(engine)}
    batch = event.get("Records")
    if not isinstance(batch, list) or any(map(_is_foreign, batch)):
        members = sorted(map(str, event))
        raise UnknownEvent(f"neither SQS messages nor a firing nor a sweep: {members}"[:500])
    are_calls = bool(batch) and all(map(factory.queue().is_call, batch))
    if are_calls and (threads := settings().call_threads) > 1:
        failed = waiting.handle(engine, factory.queue(), batch, lambda_context, threads)
    else:
        failed = _handle_steps(engine, batch, lambda_context)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _handle_steps(
    engine: Engine, batch: Sequence[Record], lambda_context: LambdaContext
) -> list[Record]:
    """Handle messages one after the other, then what they hand over. Return the failed ones."""
    is_batch = len(batch) > 1
    # A worker of both lanes may wait for one agent of a batch while it has claimed another.
    hands_over = not is_batch or settings().calls_queue_url is not None
    engine = engine._replace(
        gathered=[] if is_batch else None, onward=deque() if hands_over else None
    )
    if is_batch:
        ahead = read_ahead.read(records.readable(batch), engine.context)
        engine = engine._replace(ahead=ahead)
    handled = [(record, records.handle(engine, record, lambda_context)) for record in batch]
    release.release_gathered(engine)
    failed = [(record, seconds) for record, seconds in handled if seconds is not None]
    factory.queue().make_visible(failed)
    records.go_on(engine, lambda_context)
    return [record for record, _ in failed]


def _is_foreign(record: Any) -> bool:
    return not isinstance(record, dict) or record.get("eventSource") != "aws:sqs"
