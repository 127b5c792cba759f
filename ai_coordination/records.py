"""Handle one record of SQS: a message with its receipt, as Lambda passes it to a function."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, Protocol

from ai_coordination import messages, telemetry
from ai_coordination.clients.queue import Record
from ai_coordination.engine import message_handler
from ai_coordination.engine.agent import lease, release
from ai_coordination.engine.context import Engine, HandedOver
from ai_coordination.messages import Lane, Message

# When SQS delivers a message again that was not begun, or that failed for the first time.
AT_ONCE: Final = 0.0
FIRST_WAIT_SECONDS: Final = 30.0
LONGEST_WAIT_SECONDS: Final = 600.0


class LambdaContext(Protocol):
    """The part of Lambda's context object that the worker uses."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


def handle(engine: Engine, record: Record, lambda_context: LambdaContext) -> float | None:
    """Handle one message. Return in how many seconds SQS must deliver it again; None if never.

    An error affects no other message. A message that was not begun, for lack of time, is delivered
    AT_ONCE. A message that fails is delivered again, ever later, and goes to the dead-letter queue
    in the end. So does an unreadable message, because a worker of another version may be able to
    read it.
    """
    if seconds_left(lambda_context) < lease.SECONDS_OF_A_STEP:
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
            return later(record)
        except lease.NoTime:
            step.outcome = "no time"
            return AT_ONCE
        except Exception:  # noqa: BLE001 - the entry point: SQS delivers the message again
            step.outcome = "failed"
            telemetry.count("MessagesFailed")
            telemetry.logger.exception("message")
            return later(record)
    return None


def readable(batch: Iterable[Record]) -> Iterator[Message]:
    """The messages of a batch, without those that `handle` finds unreadable."""
    for record in batch:
        with suppress(messages.Unreadable):
            yield messages.decode(record["body"])


def go_on(engine: Engine, lambda_context: LambdaContext) -> None:
    """Invoke the agents that this invocation has handed over, and those that these hand over.

    Each is done once before the next round, so that a long chain delays no other. An error affects
    no other agent: the failed one is in progress, and is taken over when its lease has ended.
    """
    while engine.onward:
        for _ in range(len(engine.onward)):
            _go_on(engine, engine.onward.popleft(), lambda_context)
        release.release_gathered(engine)


def _go_on(engine: Engine, handed_over: HandedOver, lambda_context: LambdaContext) -> None:
    with telemetry.step(lambda_context.aws_request_id) as step:
        try:
            message_handler.go_on(engine, handed_over)
        except Exception:  # noqa: BLE001 - the entry point: a sweep finds the agent
            step.outcome = "failed"
            telemetry.count("MessagesFailed")
            telemetry.logger.exception("handed over")


def seconds_left(lambda_context: LambdaContext) -> float:
    """How long the invocation may still take."""
    return lambda_context.get_remaining_time_in_millis() / 1000


def later(record: Record) -> float:
    """Wait twice as long each time, so that an outage of minutes fills no dead-letter queue."""
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return min(FIRST_WAIT_SECONDS * 2.0 ** (received - 1), LONGEST_WAIT_SECONDS)


def _measure_delay(engine: Engine, message: Message, attributes: Mapping[str, str]) -> None:
    """Measure how much longer than intended a message waited, at its first delivery."""
    if attributes.get("ApproximateReceiveCount") == "1":
        due = int(attributes["SentTimestamp"]) + 1000 * message.delay_seconds
        lane = "CallsDelay" if message.lane is Lane.CALLS else "QueueDelay"
        telemetry.measure(lane, engine.context.utc().timestamp() * 1000 - due)
