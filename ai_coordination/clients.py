"""Everything outside that is not DynamoDB: the queue, and the agents' functions."""

import json
import math
import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from ai_coordination import telemetry

MOST_OF_A_BATCH = 10
LONGEST_DELAY_SECONDS = 900
_CONFIG = Config(
    parameter_validation=False,
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
)


class Clients:
    """One botocore client a service, made when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, config: Config = _CONFIG) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = get_session().create_client(service, config=config)
            return self._made[service]

    def forget(self) -> None:
        """The next calls make new clients: for tests that change endpoints."""
        self._made.clear()


clients = Clients()


class SqsQueue:
    """The queue of the engine's messages."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, messages: list[dict[str, Any]], delay_seconds: float = 0) -> None:
        """Messages that SQS does not take are found by their `due_at` and sent again.

        So its failure is logged and is nobody's error: what was to be done is written already.
        """
        delay = min(math.ceil(delay_seconds), LONGEST_DELAY_SECONDS)
        for start in range(0, len(messages), MOST_OF_A_BATCH):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(one), "DelaySeconds": delay}
                for number, one in enumerate(messages[start : start + MOST_OF_A_BATCH])
            ]
            try:
                clients("sqs").send_message_batch(QueueUrl=self._url, Entries=entries)
            except (BotoCoreError, ClientError):
                telemetry.logger.exception("queue", extra={"messages": len(entries)})
