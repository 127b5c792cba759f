"""Count how often workers have looked at an item that is due without any progress.

A sweep moves the due time on and sends a message that contains the new one. The worker counts this
look before it does anything else, if the item still has that due time: so once for each sweep, even
if the message comes twice, and even if the worker dies because of what it finds. The wait doubles
with each look. Every write that makes progress sets the due time anew and removes the count.

A worker counts no look if it can do nothing: the session is not in progress, it is too early for
the next attempt, or the worker has too little time left.
"""

from typing import TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times, moves, writes

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
# Reached after about seven hours, because the wait doubles up to an hour.
MOST = 12
NOTES = f"{MOST} workers have looked at this agent without any progress"

# What decides about an agent's outstanding work, and may change although the due time does not.
_DECIDES = ("current_run_uuid", "lease_until", "lease_owner", "deadline_at", "poll_at", "alive_at")

T = TypeVar("T", models.Session, models.SessionAgent)


def count(engine: Engine, item: T, due_at: str | None, latest: str | None = None) -> T | None:
    """Count that a worker looks at an item. Returns the item, or None if it has moved on.

    `due_at` is the due time in the message; None if no sweep has sent it, and nothing is counted.
    The next look is not after `latest`, unless that has passed.
    """
    if due_at is None or item.due_at != due_at:
        return item
    kind = type(item)
    looks = int(item.looks or 0) + 1
    wait = min(FIRST_WAIT_SECONDS * 2 ** (looks - 1), LONGEST_WAIT_SECONDS)
    at = engine.later(wait)
    if latest is not None and engine.now() < latest:
        at = min(at, latest)
    landed, now = writes.update_if(
        item,
        due_times.record_look(kind, at, looks),
        # The due time alone does not identify what was read: the item may have moved on, and have
        # become due again at the same moment.
        (kind.due_at == due_at) & _as_read(item),
        engine.context,
    )
    # The SDK repeats a write whose answer was lost, and is refused by what the first try wrote.
    is_mine = now is not None and (landed or (now.due_at == at and now.looks == looks))
    return now if is_mine else None


def _as_read(item: models.Session | models.SessionAgent) -> Condition:
    """The item has not moved: its outstanding work is what was read."""
    condition: Condition
    if isinstance(item, models.Session):
        condition = models.Session.status == item.status
        condition &= models.Session.iteration_count == item.iteration_count
        condition &= moves.same(models.Session.operation_token, item.operation_token)
    else:
        condition = models.SessionAgent.state == item.state
        condition &= models.SessionAgent.iteration == item.iteration
        for name in _DECIDES:
            condition &= moves.same(getattr(models.SessionAgent, name), getattr(item, name))
    return condition


def are_too_many(agent: models.SessionAgent) -> bool:
    """Whether so many workers have looked at the agent in vain that it is failed."""
    return int(agent.looks or 0) > MOST
