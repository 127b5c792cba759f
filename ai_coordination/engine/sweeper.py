"""Find everything whose due time has passed, and send a message for it. The one recovery.

A sweep moves the due time on by a fixed minute, conditionally, so that two sweeps send once, and
then sends. It does not judge: the workers that look at an item count looks without progress,
see `looks`. So an outage delays work by its own length and at most two minutes.

Rows are isolated. An error with one is logged and counted, and affects no other.
"""

from contextvars import Context, copy_context
from dataclasses import dataclass, replace

from ai_coordination import models, telemetry
from ai_coordination.engine import retention
from ai_coordination.engine.agent import delay, lease, poll
from ai_coordination.engine.context import GRACE_SECONDS, Engine, message
from ai_coordination.messages import Lane, Message
from ai_coordination.models import due_times, reads, writes
from ai_coordination.states import SessionAgentState

WAIT_SECONDS = 60.0
# While a queue is behind, an item's next message follows after so many times as many finds.
RARER = 8
ROWS = 200
SECONDS_OF_A_PAGE = 10.0
# Each has a connection of the pool that all share.
AT_ONCE = 8

Item = models.Session | models.SessionAgent
# The lanes with a backlog.
Behind = frozenset[Lane]


class NothingRead(Exception):
    """Not one shard of the index could be read."""


@dataclass(slots=True)
class Swept:
    """The result of sweeping one table and shard."""

    found: int = 0
    lost: int = 0
    errors: int = 0
    unread: bool = False


def sweep(engine: Engine) -> int:
    """Send a message for everything that is due. Return the number of items. Raises NothingRead.

    Shards are swept in parallel. What does not fit into the worker's time is left to the next
    sweep.
    """
    behind = frozenset(lane for lane in Lane if _is_behind(engine, lane))
    tables = models.Session, models.SessionAgent
    places = [(table, shard) for shard in due_times.SHARDS for table in tables]
    # Each thread has a copy of this one's context, so its log lines name the invocation too.
    tasks = [(copy_context(), *place) for place in places]

    def run(task: tuple[Context, type[Item], str]) -> Swept:
        context, table, shard = task
        return context.run(_sweep, engine, table, shard, behind)

    results = engine.context.map(run, tasks, AT_ONCE, "sweep")
    _count("SweepErrors", sum(result.errors for result in results))
    if all(result.unread for result in results):
        raise NothingRead("no shard of the index of due times could be read")
    _count("Sweeps", 1)
    _count("WorkLost", sum(result.lost for result in results))
    found = sum(result.found for result in results)
    _count("SweepFound", found)
    if found:
        telemetry.logger.info("sweep", extra={"found": found})
    if Lane.STEPS not in behind:
        retention.sweep(engine)
    return found


def _count(metric: str, number: int) -> None:
    if number:
        telemetry.count(metric, number)


def _is_behind(engine: Engine, lane: Lane) -> bool:
    """Whether a lane has a backlog. False if the queue does not say."""
    try:
        return engine.queue.is_behind(lane)
    except Exception:  # noqa: BLE001 - a message too many is better than none
        telemetry.count("SweepErrors")
        telemetry.logger.exception("sweep: the queue does not say how much waits")
        return False


def _sweep(engine: Engine, kind: type[Item], shard: str, behind: Behind) -> Swept:
    """Sweep one table and shard, page by page, while there is time for another page."""
    swept = Swept()
    try:
        pages = reads.due_rows(kind, kind.due, shard, engine.now(), ROWS)
        while engine.context.seconds_left() > SECONDS_OF_A_PAGE:
            rows = next(pages, None)
            if rows is None:
                break
            moved = [now for row in rows if (now := _moved_on(engine, row, swept)) is not None]
            swept.found += len(moved)
            _send(engine, moved, behind, swept)
    except Exception:  # noqa: BLE001 - an error affects no other shard
        swept.errors += 1
        swept.unread = not swept.found
        telemetry.logger.exception("sweep: a shard", extra={"shard": shard})
    return swept


def _moved_on(engine: Engine, row: Item, swept: Swept) -> Item | None:
    """The item with its due time moved on. None if another sweep has, or nothing is due."""
    kind = type(row)
    at = engine.later(WAIT_SECONDS)
    try:
        moved, now = writes.update_if(
            row, due_times.postpone(kind, at), kind.due_at == row.due_at, engine.context
        )
    except Exception:  # noqa: BLE001 - an error affects no other row
        swept.errors += 1
        names = {"tenant": row.partition_key, "session": row.session_uuid}
        telemetry.logger.exception("sweep: a row", extra=names)
        return None
    # If its own first try landed and the answer was lost, the condition refuses the second.
    return now if now is not None and (moved or now.due_at == at) else None


def is_sent_while_behind(finds: int) -> bool:
    """Return whether to send an item's message at its n-th find in a row, with a backlog.

    The message of an earlier sweep is probably still in the queue, and one more each minute would
    only lengthen the backlog. But that message may have been lost, and one tenant can keep a lane
    behind indefinitely. So the message is sent at the 1st, 8th, 64th, 512th find, and so on.
    """
    sent_at = 1
    while sent_at < finds:
        sent_at *= RARER
    return sent_at == finds


def _send(engine: Engine, moved: list[Item], behind: Behind, swept: Swept) -> None:
    """Send a message for each item, but rarely for those whose lane has a backlog.

    Each message says at which time the item is looked for again: see `looks`.
    """
    sent: list[Message] = []
    for item in moved:
        again = replace(message(item), due_at=item.due_at)
        is_behind = again.lane in behind
        if not is_behind or is_sent_while_behind(int(item.due_count or 0)):
            sent.append(again)
        if not is_behind:
            swept.lost += _is_lost(engine, item)
    if sent:
        engine.queue.send(sent)


def _is_lost(engine: Engine, item: Item) -> bool:
    """Whether the find shows a lost message or worker, and not just a deadline that has passed.

    An event that could not be sent has a metric of its own.
    """
    if item.unsent_events:
        return False
    if isinstance(item, models.Session):
        return True
    if item.state == SessionAgentState.WAITING_FOR_INPUT:
        return False
    if item.state != SessionAgentState.IN_PROGRESS:
        return not (delay.is_waiting(item) and delay.seconds_left(engine, item) > -GRACE_SECONDS)
    return lease.is_out(engine, item) or poll.is_late(engine, item)
