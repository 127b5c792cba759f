"""The Lambda function of the worker: messages of the queue, firings, and the minute's sweep."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ai_coordination import messages, telemetry
from ai_coordination.engine import (
    factory,
    message_handler,
    schedule_trigger,
    sweeper,
)
from ai_coordination.engine.agent import lease, release
from ai_coordination.engine.context import Engine
from ai_coordination.messages import FiringMessage, Lane, Message
from ai_coordination.services import timers

# What a step needs besides its agent's call; with less left it is not begun.
SECONDS_OF_A_STEP = 10.0

# When a message comes again: one that was not begun, and one that failed for the first time.
AT_ONCE = 0.0
FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 600.0

# The event of the minute's sweep; one without an input of its own is EventBridge's.
SWEEP = "sweep"
SCHEDULED = "Scheduled Event"


class LambdaContext(Protocol):
    """What is used of the object that Lambda passes beside the event."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class UnknownEvent(Exception):
    """Nothing that a worker is invoked with. The invocation fails, and somebody sees it."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch of SQS messages and return the failed ones; or fire a schedule; or sweep.

    Raises UnknownEvent.
    """
    engine = factory.of_a_worker(context.get_remaining_time_in_millis() / 1000)
    with telemetry.invocation(context.aws_request_id):
        return _handled(engine, event, context)


def _handled(engine: Engine, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event.get("kind") == FiringMessage.kind:
        firing = messages.decode_firing(event)
        return {"firing": schedule_trigger.fire(engine, timers.scheduler(), firing)}
    if event.get("kind") == SWEEP or event.get("detail-type") == SCHEDULED:
        return {"found": sweeper.sweep(engine)}
    records = event.get("Records")
    if not isinstance(records, list) or any(map(_is_foreign, records)):
        told = sorted(map(str, event))
        raise UnknownEvent(f"neither messages of SQS nor a firing nor a sweep: {told}"[:500])
    if len(records) > 1:
        engine = replace(engine, gathered=[])
    again = [(record, _worked(engine, record, context)) for record in records]
    release.release_gathered(engine)
    failed = [(record, seconds) for record, seconds in again if seconds is not None]
    factory.queue().show(failed)
    return {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one, _ in failed]}


def _is_foreign(record: Any) -> bool:
    return not isinstance(record, dict) or record.get("eventSource") != "aws:sqs"


def _worked(engine: Engine, record: Mapping[str, Any], context: LambdaContext) -> float | None:
    """Work off one message, which harms no neighbour. In how many seconds it has to come again.

    None if it is done. What fails comes again, ever later, and in the end is put aside; so does
    what is no message, since another version of the engine may have sent it.
    """
    if context.get_remaining_time_in_millis() < SECONDS_OF_A_STEP * 1000:
        return AT_ONCE
    with telemetry.step(context.aws_request_id, message_id=record["messageId"]) as step:
        try:
            message = messages.decode(record["body"])
            _measure_delay(message, record.get("attributes", {}))
            message_handler.work(engine, message)
        except messages.Unreadable as unreadable:
            step.outcome = "unreadable"
            telemetry.count("MessagesUnreadable")
            telemetry.logger.error("unreadable message", extra={"reason": str(unreadable)})
            return _later(record)
        except lease.NoTime:
            step.outcome = "no time"
            return AT_ONCE
        except Exception:  # noqa: BLE001 - here it ends: the queue gives it again
            step.outcome = "failed"
            telemetry.count("MessagesFailed")
            telemetry.logger.exception("message")
            return _later(record)
    return None


def _later(record: Mapping[str, Any]) -> float:
    """Twice as late each time, so an outage of some minutes puts nothing aside."""
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return min(FIRST_WAIT_SECONDS * 2.0 ** (received - 1), LONGEST_WAIT_SECONDS)


def _measure_delay(message: Message, attributes: Mapping[str, str]) -> None:
    """How long a message waited longer than it was meant to. A repeat says nothing of the queue."""
    if attributes.get("ApproximateReceiveCount") == "1":
        due = int(attributes["SentTimestamp"]) + 1000 * message.delay_seconds
        lane = "CallsDelay" if message.lane is Lane.CALLS else "QueueDelay"
        telemetry.measure(lane, time.time() * 1000 - due)
