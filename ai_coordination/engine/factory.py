"""The engine as it runs deployed: on the queue that is configured."""

import time
from datetime import UTC, datetime, timedelta

from ai_coordination.clients import SqsQueue
from ai_coordination.config import settings
from ai_coordination.engine.context import Engine


def of_a_request(deadline: float) -> Engine:
    """For a mutation, which calls no agent. `deadline` is in seconds of `time.monotonic()`."""
    return Engine(queue=queue(), deadline=deadline)


def of_a_worker(seconds: float) -> Engine:
    """For a worker that has so many seconds left."""
    return Engine(
        queue=queue(),
        deadline=time.monotonic() + seconds,
        works_until=datetime.now(UTC) + timedelta(seconds=seconds),
        works_seconds=seconds,
    )


def queue() -> SqsQueue:
    """The configured one, or the two that are."""
    return SqsQueue(settings().required_queue_url(), settings().calls_queue_url)
