"""Send the engine's messages to SQS."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry
from ai_coordination.clients.aws import clients
from ai_coordination.errors import Throttled
from ai_coordination.messages import Lane, Message, encode

# A message with its receipt, in the form in which Lambda passes it to a function.
Record = Mapping[str, Any]

# SQS's limits.
MAX_BATCH = 10
MAX_DELAY_SECONDS = 900
# A queue with more visible messages has a backlog. Workers that keep up leave almost none visible,
# and even a few workers process this many in seconds.
MAX_VISIBLE = 100


class SqsQueue:
    """The queues of the engine's messages, one for each lane. Both may be the same queue."""

    def __init__(self, url: str, calls_url: str | None = None) -> None:
        self._url = url
        self._calls_url = calls_url or url

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        """Send messages. A failure is logged and counted, but raises no error.

        The work of a message is already stored with a due time, so the sweep sends it again.
        """
        by_queue: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            url = self._queue_of(message.lane)
            by_queue.setdefault(url, []).append(_entry(message, delay_seconds))
        for url, entries in by_queue.items():
            for some in _batches(entries):
                _send_batch(url, some)

    def _queue_of(self, lane: Lane) -> str:
        return self._calls_url if lane is Lane.CALLS else self._url

    def is_behind(self, lane: Lane) -> bool:
        """Return whether a lane has a backlog, judged by its number of visible messages.

        SQS's number is about a minute old, and its API does not return the age of the oldest
        message. Delayed messages, and those that a worker is processing, are not counted.
        """
        name = "ApproximateNumberOfMessages"
        url = self._queue_of(lane)
        response = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(response["Attributes"][name]) > MAX_VISIBLE

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        """Send a message that no sweep would send again. Raises Throttled if SQS rejects it."""
        try:
            clients("sqs").send_message(
                QueueUrl=self._queue_of(message.lane), **_entry(message, delay_seconds)
            )
        except (BotoCoreError, ClientError) as error:
            raise Throttled("The queue did not accept a message: try again later") from error

    def is_call(self, record: Record) -> bool:
        """Return whether a record is from the queue of calls, if calls have one of their own."""
        return self._calls_url != self._url and self._received_from(record) == self._calls_url

    def receive(self, lane: Lane, most: int) -> list[Record]:
        """Receive up to `most` messages of a lane, at most 10, without waiting for any.

        They are in the form in which Lambda passes them, and invisible for the queue's visibility
        timeout. A failure is logged, but raises no error: there are none then.
        """
        url = self._queue_of(lane)
        try:
            answer = clients("sqs").receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                WaitTimeSeconds=0,
            )
        except (BotoCoreError, ClientError):
            telemetry.logger.warning("queue", exc_info=True, extra={"most": most})
            return []
        return [_record(url, message) for message in answer.get("Messages", ())]

    def delete(self, lane: Lane, received: Sequence[Record]) -> None:
        """Delete messages that `receive` returned.

        A failure is only logged: the messages are delivered again, which has no effect.
        """
        url = self._queue_of(lane)
        for some in _batches([{"ReceiptHandle": record["receiptHandle"]} for record in received]):
            try:
                answer = clients("sqs").delete_message_batch(QueueUrl=url, Entries=some)
            except (BotoCoreError, ClientError):
                telemetry.logger.warning("queue", exc_info=True, extra={"messages": len(some)})
            else:
                _log_failed(answer.get("Failed", []))

    def make_visible(self, received: Sequence[tuple[Mapping[str, Any], float]]) -> None:
        """Make received messages visible again, each after its number of seconds.

        Otherwise they become visible when their visibility timeout ends, which is later than the
        function's timeout. A failure is therefore only logged.
        """
        by_queue: dict[str, list[dict[str, Any]]] = {}
        for record, seconds in received:
            url = self._received_from(record)
            if url is not None:
                entry = {
                    "ReceiptHandle": record["receiptHandle"],
                    "VisibilityTimeout": int(seconds),
                }
                by_queue.setdefault(url, []).append(entry)
        for url, entries in by_queue.items():
            for some in _batches(entries):
                try:
                    clients("sqs").change_message_visibility_batch(QueueUrl=url, Entries=some)
                except (BotoCoreError, ClientError):
                    telemetry.logger.warning("queue", exc_info=True, extra={"messages": len(some)})

    def _received_from(self, record: Mapping[str, Any]) -> str | None:
        """Return the URL of a record's queue, which Lambda names by ARN. None if it is unknown."""
        name = str(record.get("eventSourceARN", "")).rpartition(":")[2]
        urls = (url for url in (self._url, self._calls_url) if url.rpartition("/")[2] == name)
        return next(urls, None) if record.get("receiptHandle") else None


def _record(url: str, message: Mapping[str, Any]) -> Record:
    """A received message in the form in which Lambda passes it to a function."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "eventSource": "aws:sqs",
        # In place of the queue's ARN, which ends with the same name.
        "eventSourceARN": url.rpartition("/")[2],
    }


def _batches(entries: Sequence[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries in batches that SQS accepts, each entry with an `Id` of its own."""
    for start in range(0, len(entries), MAX_BATCH):
        some = entries[start : start + MAX_BATCH]
        yield [{"Id": str(number), **entry} for number, entry in enumerate(some)]


def _send_batch(url: str, entries: list[dict[str, Any]]) -> None:
    try:
        response = clients("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    except (BotoCoreError, ClientError):
        telemetry.count("MessagesNotSent", len(entries))
        telemetry.logger.exception("queue", extra={"messages": len(entries)})
    else:
        _count_failed(response.get("Failed", []))


def _count_failed(failed: list[dict[str, Any]]) -> None:
    """Count and log the messages of a batch that SQS rejected, which is not an error response."""
    if failed:
        telemetry.count("MessagesNotSent", len(failed))
    _log_failed(failed)


def _log_failed(failed: list[dict[str, Any]]) -> None:
    if failed:
        codes = sorted({entry["Code"] for entry in failed})
        telemetry.logger.error("queue", extra={"messages": len(failed), "codes": codes})


def _entry(message: Message, delay_seconds: float) -> dict[str, Any]:
    delay = min(math.ceil(delay_seconds), MAX_DELAY_SECONDS)
    return {
        "MessageBody": encode(replace(message, delay_seconds=delay)),
        "DelaySeconds": delay,
        # Of a standard queue it makes a fair one: a tenant's backlog does not delay the others'.
        "MessageGroupId": _group(message.tenant),
    }


def _group(tenant: str) -> str:
    """Return the message group of a tenant. SQS allows 128 ASCII characters, so it is a hash."""
    return hashlib.sha256(tenant.encode()).hexdigest()[:32]
