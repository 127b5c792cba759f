"""Measure the releases of a wide join, in a process: `python -m benchmarks.joins RESULT`."""

import json
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from botocore.exceptions import ClientError

from ai_coordination import models
from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler
from ai_coordination.engine.agent import release as releasing
from ai_coordination.engine.context import Engine
from ai_coordination.local.tables import create_tables
from benchmarks.bare import Bare, recorded
from benchmarks.sessions import Held, blueprint, is_complete, side_by_side, started, timed, work_off
from benchmarks.sizes import BATCH, JOIN, WORKERS

T = TypeVar("T")


def measured(queue: Held) -> dict[str, float]:
    """Measure the seconds for the releases of a wide join, each twice: singly and gathered.

    `settled` includes the writes that remove the agents' outstanding work afterwards.
    """
    with patch.object(releasing, "settle"):
        one_by_one = joined(queue, lambda owed: timed(lambda: released(owed, 1))[1])
        together = joined(queue, lambda owed: timed(lambda: released(owed, BATCH))[1])
    settled = joined(queue, lambda owed: timed(lambda: released(owed, BATCH))[1])
    _, calls = joined(queue, lambda owed: recorded(lambda: released(owed, BATCH)))
    each = Bare(calls, None).each()
    _, bare = timed(lambda: side_by_side(WORKERS, lambda: emptied(each, again)))
    return {"one by one": one_by_one, "together": together, "settled": settled, "bare": bare}


def joined(queue: Held, release: Callable[[list[models.SessionAgent]], T]) -> T:
    """Create a session with a wide join, and run its releases."""
    session = started(blueprint([*([] for _ in range(JOIN)), list(range(JOIN))]))
    done = release(ended(queue))
    work_off(queue)
    is_complete(session)
    return done


def released(owed: list[models.SessionAgent], batch: int) -> None:
    """Run the releases on several workers. Each batch is delivered a second time later."""
    batches = deque(2 * [owed[start : start + batch] for start in range(0, JOIN, batch)])
    engine = factory.of_a_worker(InvocationContext(), 600)

    def release(of_one: list[models.SessionAgent]) -> None:
        releasing.release_all(engine, of_one)

    side_by_side(WORKERS, lambda: emptied(batches, release))


def again(call: Callable[[], Any]) -> None:
    """Make one of the calls. The one that marks the successor due is rejected by now."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def emptied(items: deque[T], work: Callable[[T], Any]) -> None:
    """Make calls until the queue is empty. Several threads may share it."""
    while True:
        try:
            item = items.popleft()
        except IndexError:
            return
        work(item)


def ended(queue: Held) -> list[models.SessionAgent]:
    """Return agents that have ended, with their outstanding work."""
    owed: list[models.SessionAgent] = []

    def end() -> None:
        engine: Engine = factory.of_a_worker(InvocationContext(), 600)._replace(gathered=owed)
        while messages := queue.take(1):
            message_handler.work(engine, messages[0])
            queue.done()

    side_by_side(4, end)
    return owed


def main(result: str) -> None:
    """Measure, and write the results."""
    create_tables()
    queue = Held()
    with patch.object(factory, "SqsQueue", lambda *urls: queue):
        Path(result).write_text(json.dumps(measured(queue)))


if __name__ == "__main__":
    main(sys.argv[1])
