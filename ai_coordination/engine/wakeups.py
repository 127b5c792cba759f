"""When an item with outstanding work is looked at again, and how often that has been in vain.

Whatever must still happen has a due time, in case its message is lost. A sweep moves the due time
on and sends a message that contains the new one. The worker counts this look before it does
anything else, if the item still has that due time: so once for each sweep, even if the message
comes twice, and even if the worker dies because of what it finds. The wait doubles with each look.
Every write that makes progress sets the due time anew and removes the count.

A worker counts no look if it can do nothing: the session is not in progress, it is too early for
the next attempt, or the worker has too little time left.
"""

from typing import TypeVar

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times, writes

# How long a message may take before it counts as lost.
GRACE_SECONDS = 60.0

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
# Reached after about seven hours, because the wait doubles up to an hour.
MOST_LOOKS = 12
TOO_MANY_LOOKS = f"{MOST_LOOKS} workers have looked at this agent without any progress"

T = TypeVar("T", models.Session, models.SessionAgent)


def after_grace(engine: Engine, delay_seconds: float = 0) -> str:
    """When to look for an item whose message is sent now, with this delay."""
    return engine.later(delay_seconds + GRACE_SECONDS)


def soon(engine: Engine, item: models.SessionAgent) -> str:
    """The due time of an item whose message is sent now: the one that it has, if that is soon.

    The same value again costs no write to the index. A due time in the past is never kept: a sweep
    may have moved it on since, by an unknown time.
    """
    return due_times.existing_or(
        item,
        after_grace(engine),
        earliest=engine.now(),
        latest=engine.later(2 * GRACE_SECONDS),
    )


def count_look(engine: Engine, item: T, due_at: str | None) -> T | None:
    """Count that a worker looks at an item. Returns the item, or None if it has moved on.

    `due_at` is the due time in the message; None if no sweep has sent it, and nothing is counted.
    """
    if due_at is None or item.due_at != due_at:
        return item
    kind = type(item)
    looks = int(item.looks or 0) + 1
    wait = min(FIRST_WAIT_SECONDS * 2 ** (looks - 1), LONGEST_WAIT_SECONDS)
    at = engine.later(wait)
    landed, now = writes.update_if(
        item, due_times.record_look(kind, at, looks), kind.due_at == due_at, engine.deadline
    )
    # The SDK repeats a write whose answer was lost, and is refused by what the first try wrote.
    is_mine = now is not None and (landed or (now.due_at == at and now.looks == looks))
    return now if is_mine else None


def has_too_many_looks(agent: models.SessionAgent) -> bool:
    """Whether so many workers have looked at the agent in vain that it is failed."""
    return int(agent.looks or 0) > MOST_LOOKS
