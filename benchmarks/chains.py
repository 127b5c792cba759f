"""Trace sessions of agents that do nothing: `python -m benchmarks.chains RESULT memory|queue`.

One worker runs in this process, on DynamoDB Local. Its queue is in memory, or one of SQS that the
environment names: there the development worker receives and deletes messages over HTTP, which
Lambda does for the deployed worker.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.clients import clients
from ai_coordination.engine import factory
from ai_coordination.local import worker
from ai_coordination.local.background import run_in_background
from ai_coordination.local.tables import create_tables
from ai_coordination.runtimes.base import Call, Runtime
from ai_coordination.runtimes.echo_runtime import Echo
from benchmarks import units
from benchmarks.sessions import Held, blueprint, chain, is_complete, started, work_off
from benchmarks.sizes import BATCH, CHAIN, LAYER_BEFORE_A_JOIN, TRACES
from benchmarks.traces import Trace

SECONDS = 60.0
OPTIONS = worker.WorkerOptions(messages=BATCH, wait_seconds=1, sweep_seconds=SECONDS)


class Watched:
    """The steps that run now: each goes to the trace of the session that is measured."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.on_start: Callable[[], None] = lambda: None
        self._changed = threading.Condition()

    @contextmanager
    def noting(self, kind: type[Runtime]) -> Iterator[None]:
        """Within the block, note each invocation of a runtime as a step."""
        invoke = kind.invoke

        def noted(runtime: Runtime, call: Call) -> Any:
            self.on_start()
            with self.trace.step():
                result = invoke(runtime, call)
            with self._changed:
                self._changed.notify_all()
            return result

        with patch.object(kind, "invoke", noted):
            yield

    def wait_for(self, steps: int) -> None:
        """Wait until as many steps have ended."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.trace.steps) >= steps, SECONDS):
                raise TimeoutError(f"{len(self.trace.steps)} of {steps} steps have ended")


def shapes() -> dict[str, tuple[models.Task, int]]:
    """Return the measured tasks, and their numbers of steps."""
    many = range(LAYER_BEFORE_A_JOIN)
    layer = blueprint([*([] for _ in many), list(many)])
    return {"chain": (chain(CHAIN), CHAIN), "layer": (layer, LAYER_BEFORE_A_JOIN + 1)}


def traced(watched: Watched, work: Callable[[], models.Session], steps: int) -> dict[str, Any]:
    """Return the trace of one session, which `work` starts."""
    watched.trace = Trace()
    session = work()
    watched.wait_for(steps)
    _wait_until_complete(session)
    return watched.trace.as_json()


def in_memory(task: models.Task) -> models.Session:
    """Start a session and work it off on a queue in memory."""
    queue = Held()
    with patch.object(factory, "SqsQueue", lambda *urls: queue):
        session = started(task)
        work_off(queue, BATCH)
    return session


def _wait_until_complete(session: models.Session) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            return is_complete(session)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def counted(watched: Watched, task: models.Task) -> dict[str, Any]:
    """Return what a step in the middle of a chain costs, from its call to the next one.

    `messages` and `requests` are those of SQS, on average.
    """
    found: Counter[str] = Counter()

    def count(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        concerned = len(parsed.get("Successful", parsed.get("Messages", ())))
        if concerned:
            found["requests"] += 1
            found["messages"] += concerned if model.name == "SendMessageBatch" else 0

    events = clients("sqs").meta.events
    events.register("after-call.sqs", count)
    marks: list[tuple[units.Mark, Counter[str]]] = []
    with units.kept() as ledger:
        watched.on_start = lambda: marks.append((ledger.mark(), found.copy()))
        traced(watched, partial(started, task), CHAIN)
        watched.on_start = lambda: None
    events.unregister("after-call.sqs", count)
    (start, _), (end, _) = marks[CHAIN // 2 :][:2]
    sent = marks[-1][1] - marks[0][1]
    of_sqs = {name: sent[name] / (CHAIN - 1) for name in ("messages", "requests")}
    return ledger.between(start, end) | of_sqs


def main(result: str, queue: str) -> None:
    """Trace some sessions of each shape, and write the traces."""
    create_tables()
    watched = Watched()
    with watched.noting(Echo):
        if queue == "memory":
            found = _of_shapes(watched, in_memory)
        else:
            worker.ensure_queue()
            with run_in_background(partial(worker.run, options=OPTIONS), "worker"):
                found = _of_shapes(watched, started)
                found["counted"] = counted(watched, chain(CHAIN))
    Path(result).write_text(json.dumps(found))


def _of_shapes(watched: Watched, work: Callable[[models.Task], models.Session]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for shape, (task, steps) in shapes().items():
        traced(watched, partial(work, task), steps)
        found[shape] = [traced(watched, partial(work, task), steps) for _ in range(TRACES[shape])]
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
