"""Resume what a server that was killed had begun.

Elsewhere other workers may be alive, so the engine waits until leases and visibility timeouts have
ended: up to 15 minutes for a slow agent. The embedded database belongs to one process. When that
opens a file, all leases in it are of workers that are dead, and end at once.
"""

from collections.abc import Iterator
from typing import Any

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.engine.context import GRACE_SECONDS
from ai_coordination.models import due_times, reads, writes
from ai_coordination.states import SessionAgentState

Item = models.Session | models.SessionAgent

_ROWS = 200
# Sorts after every time.
_FOREVER = "9999"


def resume_interrupted_work(context: InvocationContext) -> int:
    """End the leases of dead workers, and make due now what waits for a message that may be lost.

    Returns the number of items. Call it only if no other process uses the data.
    """
    return sum([_resume(item, context) for item in list(_due())])


def _due() -> Iterator[Item]:
    """Yield everything that has a due time."""
    for model in (models.Session, models.SessionAgent):
        for shard in due_times.SHARDS:
            for rows in reads.due_rows(model, model.due, shard, _FOREVER, _ROWS):
                # The rows of the index lack most attributes.
                yield from (_whole(row) for row in rows)


def _whole(row: Any) -> Item:
    hash_key, range_key = (getattr(row, name) for name in type(row).key_names())
    item: Item = type(row).get(hash_key, range_key, consistent_read=True)
    return item


def _resume(item: Item, context: InvocationContext) -> bool:
    """Make one item due now, if a worker that is dead had it or its message may be lost.

    How often workers have looked at it stays: a step that ends the process is given up some time.
    """
    now = context.now()
    if isinstance(item, models.SessionAgent) and item.lease_until:
        model = models.SessionAgent
        actions = [model.lease_until.set(now), model.due_at.set(now)]
        condition = (model.state == SessionAgentState.IN_PROGRESS.value) & (
            model.lease_until == item.lease_until
        )
        return writes.update_if(item, actions, condition, context).landed
    # What is due later waits for a deadline, not for a message.
    if not now < str(item.due_at) <= context.later(2 * GRACE_SECONDS):
        return False
    condition = type(item).due_at == item.due_at
    return writes.update_if(item, [type(item).due_at.set(now)], condition, context).landed
