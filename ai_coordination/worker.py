"""The worker's Lambda function: it handles messages, firings of schedules, and the sweep."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ai_coordination import messages, telemetry
from ai_coordination.context import InvocationContext
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

# The time that a step needs in addition to its agent's call. With less left, none is begun.
SECONDS_OF_A_STEP = 10.0

# When SQS delivers a message again that was not begun, or that failed for the first time.
AT_ONCE = 0.0
FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 600.0

# The event of a sweep. A rule without an input of its own sends EventBridge's event.
SWEEP = "sweep"
SCHEDULED = "Scheduled Event"


class LambdaContext(Protocol):
    """The part of Lambda's context object that the worker uses."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class UnknownEvent(Exception):
    """An event that the worker does not handle. The invocation fails, so the mistake is visible."""


def handler(event: Mapping[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    """Handle a batch of SQS messages and return the failed ones; or fire a schedule; or sweep.

    Raises UnknownEvent, and Unreadable for a firing.
    """
    return handle(event, lambda_context, InvocationContext())


def handle(
    event: Mapping[str, Any], lambda_context: LambdaContext, context: InvocationContext
) -> dict[str, Any]:
    """Handle an event as `handler` does, with the given clock and identifiers."""
    engine = factory.of_a_worker(context, lambda_context.get_remaining_time_in_millis() / 1000)
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
    records = event.get("Records")
    if not isinstance(records, list) or any(map(_is_foreign, records)):
        members = sorted(map(str, event))
        raise UnknownEvent(f"neither SQS messages nor a firing nor a sweep: {members}"[:500])
    if len(records) > 1:
        engine = replace(engine, gathered=[])
    handled = [(record, _handle_record(engine, record, lambda_context)) for record in records]
    release.release_gathered(engine)
    failed = [(record, seconds) for record, seconds in handled if seconds is not None]
    factory.queue().make_visible(failed)
    failures = [{"itemIdentifier": record["messageId"]} for record, _ in failed]
    return {"batchItemFailures": failures}


def _is_foreign(record: Any) -> bool:
    return not isinstance(record, dict) or record.get("eventSource") != "aws:sqs"


def _handle_record(
    engine: Engine, record: Mapping[str, Any], lambda_context: LambdaContext
) -> float | None:
    """Handle one message. Return in how many seconds SQS must deliver it again; None if never.

    An error affects no other message. A message that fails is delivered again, ever later, and
    goes to the dead-letter queue in the end. So does an unreadable message, because a worker of
    another version may be able to read it.
    """
    if lambda_context.get_remaining_time_in_millis() < SECONDS_OF_A_STEP * 1000:
        return AT_ONCE
    with telemetry.step(lambda_context.aws_request_id, message_id=record["messageId"]) as step:
        try:
            message = messages.decode(record["body"])
            _measure_delay(engine, message, record.get("attributes", {}))
            message_handler.work(engine, message)
        except messages.Unreadable as unreadable:
            step.outcome = "unreadable"
            telemetry.count("MessagesUnreadable")
            telemetry.logger.error("unreadable message", extra={"reason": str(unreadable)})
            return _later(record)
        except lease.NoTime:
            step.outcome = "no time"
            return AT_ONCE
        except Exception:  # noqa: BLE001 - the entry point: SQS delivers the message again
            step.outcome = "failed"
            telemetry.count("MessagesFailed")
            telemetry.logger.exception("message")
            return _later(record)
    return None


def _later(record: Mapping[str, Any]) -> float:
    """Wait twice as long each time, so that an outage of minutes fills no dead-letter queue."""
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return min(FIRST_WAIT_SECONDS * 2.0 ** (received - 1), LONGEST_WAIT_SECONDS)


def _measure_delay(engine: Engine, message: Message, attributes: Mapping[str, str]) -> None:
    """Measure how much longer than intended a message waited, at its first delivery."""
    if attributes.get("ApproximateReceiveCount") == "1":
        due = int(attributes["SentTimestamp"]) + 1000 * message.delay_seconds
        lane = "CallsDelay" if message.lane is Lane.CALLS else "QueueDelay"
        telemetry.measure(lane, engine.context.utc().timestamp() * 1000 - due)
