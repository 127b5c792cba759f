"""The engine as it runs deployed: on the queue that is configured."""

from datetime import timedelta

from ai_coordination.clients import SqsQueue
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine.context import Engine


def of_a_request(context: InvocationContext) -> Engine:
    """For a mutation, which calls no agent."""
    return Engine(queue=queue(), context=context)


def of_a_worker(context: InvocationContext, seconds: float) -> Engine:
    """For a worker that has so many seconds left."""
    return Engine(
        queue=queue(),
        context=context.within(seconds),
        works_until=context.utc() + timedelta(seconds=seconds),
        works_seconds=seconds,
    )


def queue() -> SqsQueue:
    """The configured one, or the two that are."""
    return SqsQueue(settings().required_queue_url(), settings().calls_queue_url)
