"""The workers of one engine: they take messages, sweep, and fire schedules, one after another."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ai_coordination import schedule_expressions, worker
from ai_coordination.clients import clients
from ai_coordination.local.scheduler import GROUP_NAME, event_of
from ai_coordination.runtimes.base import Call, Result
from ai_coordination.testing import surroundings
from ai_coordination.testing.aws import VirtualAws
from ai_coordination.testing.clock import Clock, VirtualContext, VirtualLambdaContext
from ai_coordination.testing.faults import Chance
from ai_coordination.testing.steps import Step

# As deployed: a step's worker never waits, and a call's worker as long as a function may.
STEP_SECONDS = 60.0
CALL_SECONDS = 900.0
VISIBILITY_MARGIN_SECONDS = 30
MOST_OF_A_BATCH = 10
ARN = "arn:aws:sqs:us-east-1:123456789012:"

Message = Mapping[str, Any]


class Workers:
    """All invocations of the worker's Lambda function."""

    def __init__(
        self,
        aws: VirtualAws,
        context: VirtualContext,
        chance: Chance,
        seed: int,
        invoke: Callable[[Call], Result],
    ) -> None:
        """`invoke` invokes agents."""
        self._aws = aws
        self._invoke = invoke
        self._context = context
        self._chance = chance
        self._batches = random.Random(f"batches {seed}")  # noqa: S311 - repeatable, not secret
        self._fired: dict[str, datetime] = {}

    @property
    def _clock(self) -> Clock:
        return self._context.clock

    def sweep(self) -> None:
        """Sweep once."""
        self._handle({"kind": worker.SWEEP}, STEP_SECONDS)

    def take_steps(self) -> None:
        """Take some messages of the steps' queue, and work on them."""
        most = self._batches.randint(1, MOST_OF_A_BATCH)
        messages = self._receive(surroundings.STEPS_URL, STEP_SECONDS, most)
        self._work(surroundings.STEPS_URL, messages, STEP_SECONDS)

    def take_call(self) -> Step:
        """Take a message of the calls' queue. Return the step that works on it."""
        url, until = surroundings.CALLS_URL, self._clock.after(CALL_SECONDS)
        messages = self._receive(url, CALL_SECONDS, 1)
        return Step(lambda: self._work(url, messages, CALL_SECONDS), until)

    def next_firing(self) -> tuple[datetime, Callable[[], None]] | None:
        """When the next schedule fires, and what fires it."""
        firings = [
            (at, timer)
            for timer in self._aws.timers.all(GROUP_NAME)
            if (at := self._next_of(timer))
        ]
        if not firings:
            return None
        at, timer = min(firings, key=lambda firing: (firing[0], firing[1]["Name"]))
        return at, lambda: self._fire(timer, at)

    def _next_of(self, timer: Mapping[str, Any]) -> datetime | None:
        after = self._fired.get(timer["Name"], timer["CreationDate"])
        return schedule_expressions.next_run_at(
            timer["ScheduleExpression"],
            timer["ScheduleExpressionTimezone"],
            after=after,
            created_at=timer.get("StartDate", after),
        )

    def _fire(self, timer: Mapping[str, Any], at: datetime) -> None:
        self._handle(event_of(timer, at), STEP_SECONDS)
        self._fired[timer["Name"]] = at

    def _receive(self, url: str, seconds: float, most: int) -> list[Message]:
        """Receive messages, but for those that are lost."""
        answer = clients("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            VisibilityTimeout=int(seconds) + VISIBILITY_MARGIN_SECONDS,
        )
        messages: list[Message] = answer.get("Messages", [])
        lost = [message for message in messages if self._chance.is_lost(message["Body"])]
        self._delete(url, lost)
        return [message for message in messages if message not in lost]

    def _work(self, url: str, messages: list[Message], seconds: float) -> None:
        if not messages:
            return
        result = self._handle({"Records": [_record(url, one) for one in messages]}, seconds)
        failed = {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
        done = [message for message in messages if message["MessageId"] not in failed]
        again = [message for message in done if self._chance.is_doubled()]
        for message in again:
            clients("sqs").change_message_visibility(
                QueueUrl=url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=self._chance.seconds_late(),
            )
        self._delete(url, [message for message in done if message not in again])

    def _handle(self, event: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        until = self._clock.after(seconds)
        context = VirtualLambdaContext("testing", clock=self._clock, until=until)
        return worker.handle(event, context, self._context, self._invoke)

    def _delete(self, url: str, messages: list[Message]) -> None:
        for message in messages:
            clients("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _record(url: str, message: Message) -> dict[str, Any]:
    """The record of a message in an event of Lambda."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN + url.rpartition("/")[2],
    }
