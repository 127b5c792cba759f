"""Create the engine as it runs deployed: with the configured queues."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ai_coordination.clients import EventBus, SqsQueue
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine.context import Engine, Observer

# What part of a worker's whole time is enough to wait for an agent that may take longer.
ENOUGH = 0.5

_observers: list[Observer] = []


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let an observer see what the engines do that are created within the block."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def of_a_request(context: InvocationContext) -> Engine:
    """Create the engine of a request, which invokes no agent and sends no events."""
    return Engine(
        queue=queue(),
        context=context,
        observe=_observer(),
        events=event_bus(),
        sends_events=False,
    )


def of_a_worker(context: InvocationContext, seconds: float) -> Engine:
    """Create the engine of a worker that has so many seconds left."""
    return Engine(
        queue=queue(),
        context=context.within(seconds),
        works_until=context.utc() + timedelta(seconds=seconds),
        enough_seconds=ENOUGH * seconds,
        observe=_observer(),
        events=event_bus(),
    )


def _observer() -> Observer | None:
    return _observers[-1] if _observers else None


def event_bus() -> EventBus | None:
    """The configured event bus. None if events are off."""
    name = settings().event_bus
    return None if name is None else EventBus(name)


def queue() -> SqsQueue:
    """The configured queue, or the two queues of the lanes."""
    return SqsQueue(settings().required_queue_url(), settings().calls_queue_url)
