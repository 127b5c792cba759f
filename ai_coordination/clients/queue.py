"""The queue of the engine's messages."""

import json
import math
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry
from ai_coordination.clients.aws import clients
from ai_coordination.errors import Throttled

MOST_OF_A_BATCH = 10
LONGEST_DELAY_SECONDS = 900


class SqsQueue:
    """The queue of the engine's messages."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, messages: list[dict[str, Any]], delay_seconds: float = 0) -> None:
        """Sends messages. Those that SQS does not take are found by their `due_at` and sent again.

        So its failure is logged and counted, and is nobody's error: what was to be done is written
        already.
        """
        delay = min(math.ceil(delay_seconds), LONGEST_DELAY_SECONDS)
        for start in range(0, len(messages), MOST_OF_A_BATCH):
            entries = [
                {"Id": str(number), "MessageBody": _body(one, delay), "DelaySeconds": delay}
                for number, one in enumerate(messages[start : start + MOST_OF_A_BATCH])
            ]
            try:
                answer = clients("sqs").send_message_batch(QueueUrl=self._url, Entries=entries)
            except (BotoCoreError, ClientError):
                telemetry.count("MessagesNotSent", len(entries))
                telemetry.logger.exception("queue", extra={"messages": len(entries)})
            else:
                _count_failed(answer.get("Failed", []))

    def must_send(self, message: dict[str, Any], delay_seconds: float = 0) -> None:
        """A message that nothing else would bring back. Raises Throttled where SQS refuses it."""
        delay = min(math.ceil(delay_seconds), LONGEST_DELAY_SECONDS)
        try:
            clients("sqs").send_message(
                QueueUrl=self._url, MessageBody=_body(message, delay), DelaySeconds=delay
            )
        except (BotoCoreError, ClientError) as error:
            raise Throttled("The queue does not take messages: try again later") from error


def _count_failed(failed: list[dict[str, Any]]) -> None:
    """SQS may take a part of a batch alone, and its answer is no error then."""
    if failed:
        telemetry.count("MessagesNotSent", len(failed))
        codes = sorted({one["Code"] for one in failed})
        telemetry.logger.error("queue", extra={"messages": len(failed), "codes": codes})


def _body(message: dict[str, Any], delay: int) -> str:
    """Whoever gets a message knows how long it was meant to wait: SQS does not tell."""
    return json.dumps({**message, "delay": delay} if delay else message)
