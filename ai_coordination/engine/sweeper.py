"""One recovery for everything: what is due is found by its time, and sent for again.

A sweep moves the time on by a fixed minute, conditionally, so that two sweepers send once, and then
sends. It does not judge: that nothing comes of an item is counted by the workers that look at it,
see `looks`. So an outage delays work by its own length and at most two minutes.

Each row is on its own. What goes wrong with one is logged and counted, and harms no other.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, replace

from ai_coordination import models, telemetry
from ai_coordination.engine.agent import lease
from ai_coordination.engine.context import Engine, message
from ai_coordination.messages import Lane, Message
from ai_coordination.models import due_times, reads, writes
from ai_coordination.states import SessionAgentState

WAIT_SECONDS = 60.0
# While a queue is behind, each message of an item comes after so many times more finds.
RARER = 8
ROWS = 200
SECONDS_OF_A_PAGE = 10.0
# Each has a connection of the pool that all share.
AT_ONCE = 8

Owing = models.Session | models.SessionAgent
# The lanes whose queues are old.
Behind = frozenset[Lane]


class NothingRead(Exception):
    """Not one shard of the index could be read."""


@dataclass(slots=True)
class Swept:
    """What came of one table and shard. Each thread counts for itself."""

    found: int = 0
    lost: int = 0
    errors: int = 0
    unread: bool = False


def sweep(engine: Engine) -> int:
    """Sends for everything that is due; how much it was. Raises NothingRead.

    The shards are swept side by side. What does not fit into the worker's time is found by the
    next sweep.
    """
    behind = frozenset(lane for lane in Lane if _is_behind(engine, lane))
    places = [
        (kind, one) for one in due_times.SHARDS for kind in (models.Session, models.SessionAgent)
    ]
    # In the context of this thread: each line that is logged says whose invocation it is.
    tasks = [(copy_context(), *place) for place in places]

    def task_of(task: tuple[Context, type[Owing], str]) -> Swept:
        context, kind, shard = task
        return context.run(_sweep, engine, kind, shard, behind)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sweep") as pool:
        swept = list(pool.map(task_of, tasks))
    _count("SweepErrors", sum(one.errors for one in swept))
    if all(one.unread for one in swept):
        raise NothingRead("no shard of the index of what is due could be read")
    _count("Sweeps", 1)
    _count("WorkLost", sum(one.lost for one in swept))
    found = sum(one.found for one in swept)
    _count("SweepFound", found)
    if found:
        telemetry.logger.info("sweep", extra={"found": found})
    return found


def _count(metric: str, number: int) -> None:
    if number:
        telemetry.count(metric, number)


def _is_behind(engine: Engine, lane: Lane) -> bool:
    """Whether a lane's queue is old. Where it does not say, no: better a message too many."""
    try:
        return engine.queue.is_behind(lane)
    except Exception:  # noqa: BLE001 - the sweep matters more than its thrift
        telemetry.count("SweepErrors")
        telemetry.logger.exception("sweep: the queue does not say how much waits")
        return False


def _sweep(engine: Engine, kind: type[Owing], shard: str, behind: Behind) -> Swept:
    """Page by page, as long as there is time for another one."""
    swept = Swept()
    try:
        pages = reads.due_rows(kind, kind.due, shard, engine.now(), ROWS)
        while engine.deadline - time.monotonic() > SECONDS_OF_A_PAGE:
            rows = next(pages, None)
            if rows is None:
                break
            moved = [now for row in rows if (now := _moved_on(engine, row, swept)) is not None]
            swept.found += len(moved)
            _send(engine, moved, behind, swept)
    except Exception:  # noqa: BLE001 - one shard's trouble is no other's
        swept.errors += 1
        swept.unread = not swept.found
        telemetry.logger.exception("sweep: a shard", extra={"shard": shard})
    return swept


def _moved_on(engine: Engine, row: Owing, swept: Swept) -> Owing | None:
    """The item, to be looked for again later; None where another sweeper has it, or it is over."""
    kind = type(row)
    at = engine.later(WAIT_SECONDS)
    try:
        moved, now = writes.update_if(
            row, due_times.postpone(kind, at), kind.due_at == row.due_at, engine.deadline
        )
    except Exception:  # noqa: BLE001 - one row's trouble is no other's
        swept.errors += 1
        whose = {"tenant": row.partition_key, "session": row.session_uuid}
        telemetry.logger.exception("sweep: a row", extra=whose)
        return None
    # Refused by its own first try, whose answer was lost: then it is where that has put it.
    return now if now is not None and (moved or now.due_at == at) else None


def is_sent_while_behind(finds: int) -> bool:
    """Whether an item is sent at its n-th find in a row although its queue is behind.

    The message of an earlier sweep most likely waits in that queue: one more a minute would only
    make the backlog longer. But that message may have been lost, and one tenant may keep a lane
    behind for ever. So an item is sent ever more rarely, and never for the last time: at its 1st,
    8th, 64th, 512th find.
    """
    sent_at = 1
    while sent_at < finds:
        sent_at *= RARER
    return sent_at == finds


def _send(engine: Engine, moved: list[Owing], behind: Behind, swept: Swept) -> None:
    """Send for each item, but rarely where the queue of its lane is behind.

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


def _is_lost(engine: Engine, item: Owing) -> bool:
    """Whether a message was lost, or a worker: not where a time was over as it was meant to be."""
    if isinstance(item, models.Session):
        return True
    if item.state == SessionAgentState.WAITING_FOR_INPUT:
        return False
    return item.state != SessionAgentState.IN_PROGRESS or lease.is_out(engine, item)
