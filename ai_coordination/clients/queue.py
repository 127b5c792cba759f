"""The queue of the engine's messages."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry
from ai_coordination.clients.aws import clients
from ai_coordination.errors import Throttled
from ai_coordination.messages import Lane, Message, encode

MOST_OF_A_BATCH = 10
LONGEST_DELAY_SECONDS = 900
# Workers that keep up leave almost none to wait, and even a few of them take so many in seconds.
MOST_WAITING = 100


class SqsQueue:
    """The queue of the engine's messages, or the two of them: see `engine/lanes.py`."""

    def __init__(self, url: str, calls_url: str | None = None) -> None:
        self._url = url
        self._calls_url = calls_url or url

    def send(self, messages: Sequence[Message], delay_seconds: float = 0) -> None:
        """Sends messages. Those that SQS does not take are found by their `due_at` and sent again.

        So its failure is logged and counted, and is nobody's error: what was to be done is written
        already.
        """
        by_queue: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            url = self._queue_of(message.lane)
            by_queue.setdefault(url, []).append(_entry(message, delay_seconds))
        for url, entries in by_queue.items():
            for start in range(0, len(entries), MOST_OF_A_BATCH):
                _send_batch(url, entries[start : start + MOST_OF_A_BATCH])

    def _queue_of(self, lane: Lane) -> str:
        return self._calls_url if lane is Lane.CALLS else self._url

    def is_behind(self, lane: Lane) -> bool:
        """Whether more messages of a lane wait than workers that keep up would leave.

        SQS does not tell the age of its oldest message. The number of those that could be received
        is about a minute old, which is often enough for who asks once a minute. Those that are
        delayed, or that a worker has, are not in it.
        """
        name = "ApproximateNumberOfMessages"
        url = self._queue_of(lane)
        told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(told["Attributes"][name]) > MOST_WAITING

    def must_send(self, message: Message, delay_seconds: float = 0) -> None:
        """A message that nothing else would bring back. Raises Throttled where SQS refuses it."""
        try:
            clients("sqs").send_message(
                QueueUrl=self._queue_of(message.lane), **_entry(message, delay_seconds)
            )
        except (BotoCoreError, ClientError) as error:
            raise Throttled("The queue does not take messages: try again later") from error

    def show(self, received: Sequence[tuple[Mapping[str, Any], float]]) -> None:
        """Messages that Lambda has received are there again after so many seconds.

        Else they would be when their visibility ends, which outlasts the function's time. Where it
        cannot be done they are there then: so it is only logged.
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
            numbered = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
            try:
                clients("sqs").change_message_visibility_batch(QueueUrl=url, Entries=numbered)
            except (BotoCoreError, ClientError):
                telemetry.logger.warning("queue", exc_info=True, extra={"messages": len(entries)})

    def _received_from(self, record: Mapping[str, Any]) -> str | None:
        """The url of a record's queue, which Lambda names by its ARN; None if it has none."""
        name = str(record.get("eventSourceARN", "")).rpartition(":")[2]
        urls = (url for url in (self._url, self._calls_url) if url.rpartition("/")[2] == name)
        return next(urls, None) if record.get("receiptHandle") else None


def _send_batch(url: str, entries: list[dict[str, Any]]) -> None:
    numbered = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
    try:
        answer = clients("sqs").send_message_batch(QueueUrl=url, Entries=numbered)
    except (BotoCoreError, ClientError):
        telemetry.count("MessagesNotSent", len(entries))
        telemetry.logger.exception("queue", extra={"messages": len(entries)})
    else:
        _count_failed(answer.get("Failed", []))


def _count_failed(failed: list[dict[str, Any]]) -> None:
    """SQS may take a part of a batch alone, and its answer is no error then."""
    if failed:
        telemetry.count("MessagesNotSent", len(failed))
        codes = sorted({one["Code"] for one in failed})
        telemetry.logger.error("queue", extra={"messages": len(failed), "codes": codes})


def _entry(message: Message, delay_seconds: float) -> dict[str, Any]:
    delay = min(math.ceil(delay_seconds), LONGEST_DELAY_SECONDS)
    return {
        "MessageBody": encode(replace(message, delay_seconds=delay)),
        "DelaySeconds": delay,
        # Of a standard queue it makes a fair one: a tenant's backlog does not delay the others'.
        "MessageGroupId": _group(message.tenant),
    }


def _group(tenant: str) -> str:
    """A tenant's group. SQS takes 128 characters of ASCII, and a tenant's name has any."""
    return hashlib.sha256(tenant.encode()).hexdigest()[:32]
