"""One recovery for everything: what is due is found by its time, and sent for again.

The time moves on first, conditionally and ever further, so two sweepers send once, and nothing
storms when the queue lags.
"""

from collections.abc import Iterator

from ai_coordination import models, telemetry
from ai_coordination.models import due, reads, writes
from ai_coordination.services.execution import reporting
from ai_coordination.services.execution.engine import Engine
from ai_coordination.states import SessionAgentState

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
MOST_FOUND = 12
ROWS = 200

Owing = models.Session | models.SessionAgent


def sweep(engine: Engine) -> int:
    """Sends for everything that is due; how much was found."""
    found = 0
    for item in _found(engine):
        found += 1
        _send_for(engine, item)
    if found:
        telemetry.count("SweepFound", found)
        telemetry.logger.info("sweep", extra={"found": found})
    return found


def _found(engine: Engine) -> Iterator[Owing]:
    for shard in due.SHARDS:
        for kind in (models.Session, models.SessionAgent):
            found: list[Owing] = reads.until(kind, kind.due, shard, engine.now(), ROWS)
            yield from found


def _send_for(engine: Engine, item: Owing) -> None:
    kind = type(item)
    count = int(item.due_count or 0)
    wait = min(FIRST_WAIT_SECONDS * 2**count, LONGEST_WAIT_SECONDS)
    moved, now = writes.change(
        item,
        [kind.due_at.set(engine.later(wait)), kind.due_count.set(count + 1)],
        kind.due_at == item.due_at,
        engine.deadline,
    )
    if not moved or now is None:
        return
    if isinstance(now, models.SessionAgent) and count + 1 >= MOST_FOUND and _unended(now):
        reporting.give_up(engine, now, f"Found due {count + 1} times without progress")
        return
    engine.send(now)


def _unended(agent: models.SessionAgent) -> bool:
    """What an ended agent owes is tried for ever."""
    return agent.state in (SessionAgentState.INITIAL, SessionAgentState.IN_PROGRESS)
