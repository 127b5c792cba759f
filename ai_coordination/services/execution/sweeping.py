"""One recovery for everything: what is due is found by its time, and sent for again.

The time moves on first, conditionally and ever further, so two sweepers send once, and nothing
storms when the queue lags.
"""

import time

from ai_coordination import models, telemetry
from ai_coordination.models import due, reads, writes
from ai_coordination.services.execution import failing
from ai_coordination.services.execution.engine import Engine
from ai_coordination.states import SessionAgentState

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
MOST_FOUND = 12
ROWS = 200
SECONDS_OF_A_PAGE = 10.0

Owing = models.Session | models.SessionAgent


def sweep(engine: Engine) -> int:
    """Sends for everything that is due; how much it was.

    What does not fit into the worker's time is found by the next sweep.
    """
    found = sum(
        _sweep(engine, kind, shard)
        for shard in due.SHARDS
        for kind in (models.Session, models.SessionAgent)
    )
    if found:
        telemetry.count("SweepFound", found)
        telemetry.logger.info("sweep", extra={"found": found})
    return found


def _sweep(engine: Engine, kind: type[Owing], shard: str) -> int:
    found = 0
    while engine.deadline - time.monotonic() > SECONDS_OF_A_PAGE:
        rows: list[Owing] = reads.until(kind, kind.due, shard, engine.now(), ROWS)
        moved = [now for row in rows if (now := _moved_on(engine, row)) is not None]
        engine.send(*(item for item in moved if not _is_given_up(engine, item)))
        found += len(moved)
        # An index lags: what has been moved on may be there once more.
        if len(rows) < ROWS or not moved:
            break
    return found


def _moved_on(engine: Engine, item: Owing) -> Owing | None:
    """The item, to be looked for again later; None where another sweeper has it, or it is over."""
    kind = type(item)
    count = int(item.due_count or 0)
    wait = min(FIRST_WAIT_SECONDS * 2**count, LONGEST_WAIT_SECONDS)
    moved, now = writes.change(
        item,
        [kind.due_at.set(engine.later(wait)), kind.due_count.set(count + 1)],
        kind.due_at == item.due_at,
        engine.deadline,
    )
    return now if moved else None


def _is_given_up(engine: Engine, item: Owing) -> bool:
    count = int(item.due_count)
    if not isinstance(item, models.SessionAgent) or count < MOST_FOUND or not _unended(item):
        return False
    failing.give_up(engine, item, f"Found due {count} times without progress")
    return True


def _unended(agent: models.SessionAgent) -> bool:
    """What an ended agent owes is tried for ever."""
    return agent.state in (SessionAgentState.INITIAL, SessionAgentState.IN_PROGRESS)
