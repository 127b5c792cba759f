"""The engine as it runs deployed: on the queue that is configured."""

import time
from datetime import UTC, datetime, timedelta

from ai_coordination.clients import SqsQueue
from ai_coordination.config import settings
from ai_coordination.engine.context import Engine
from ai_coordination.engine.runtimes.registry import runtimes


def of_a_request(deadline: float) -> Engine:
    """For a mutation, which calls no agent. `deadline` is in seconds of `time.monotonic()`."""
    messages = queue()
    return Engine(queue=messages, runtimes=runtimes(messages), deadline=deadline)


def of_a_worker(seconds: float) -> Engine:
    """For a worker that has so many seconds left."""
    messages = queue()
    works_until = datetime.now(UTC) + timedelta(seconds=seconds)
    return Engine(
        queue=messages,
        runtimes=runtimes(messages, works_until),
        deadline=time.monotonic() + seconds,
        works_until=works_until,
        works_seconds=seconds,
    )


def queue() -> SqsQueue:
    """The configured one, or the two that are."""
    return SqsQueue(settings().required_queue_url(), settings().calls_queue_url)
