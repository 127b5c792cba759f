"""Measure sessions on one worker, in a separate process: `python -m benchmarks.sessions RESULT`.

Everything goes through the worker's handler, on a queue in memory; its agents are ECHO.
"""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, TypeVar
from unittest.mock import patch

from ai_coordination import models, services, worker
from ai_coordination.context import InvocationContext
from ai_coordination.engine import factory, message_handler, session_commands
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.tables import create_tables
from ai_coordination.messages import Message, encode
from ai_coordination.models import reads
from ai_coordination.states import AgentRuntimeKind
from benchmarks import units
from benchmarks.bare import Bare, recorded
from benchmarks.cases import CALLER
from benchmarks.sizes import BATCH, CHAIN, LAYER, LIST, LONG_CHAIN, SAMPLE, TIMES

T = TypeVar("T")

QUERY = "Two nights in Lisbon for three"


class Held:
    """A queue in memory, without delays."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._working = 0
        self._changed = threading.Condition()

    def send(self, messages: Sequence[Message], _: float = 0) -> None:
        with self._changed:
            self._messages.extend(messages)
            self._changed.notify_all()

    def is_call(self, _: Any) -> bool:
        """Measure without a queue for calls: ECHO agents are steps."""
        return False

    def make_visible(self, failed: list[Any]) -> None:
        """Raise the error of a failed message, which ends the measurement."""

    def take(self, most: int) -> list[Message]:
        """Return the next batch, or an empty one if all messages have been processed."""
        with self._changed:
            while not self._messages and self._working:
                self._changed.wait()
            taken = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
            self._working += bool(taken)
            return taken

    def done(self) -> None:
        with self._changed:
            self._working -= 1
            self._changed.notify_all()


def blueprint(predecessors: Sequence[Sequence[int]]) -> models.Task:
    """Create one agent for each entry, which has the numbers of its predecessors."""
    names = [InvocationContext().new_uuid() for _ in predecessors]
    runtime = {"kind": AgentRuntimeKind.ECHO}
    agents = [
        {"agent_uuid": name, "agent_name": f"Agent {number}", "runtime": runtime}
        for number, name in enumerate(names)
    ]
    coordination = services.coordination.create(CALLER, coordination_name="Measured", agents=agents)
    return services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Measured",
        agent_actions=[
            {"agent_uuid": name, "predecessors": [names[one] for one in before]}
            for name, before in zip(names, predecessors, strict=True)
        ],
    )


def chain(length: int) -> models.Task:
    return blueprint([[number - 1] if number else [] for number in range(length)])


def started(task: models.Task, query: str = QUERY) -> models.Session:
    return session_commands.start(
        factory.of_a_request(CALLER.context),
        CALLER,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
        task_query=query,
    )


def work_off(queue: Held, most: int = 1) -> None:
    """Process messages in batches, like Lambda, until none is left."""
    while messages := queue.take(most):
        try:
            sqs = {"eventSource": "aws:sqs", "messageId": "1"}
            records = [{**sqs, "body": encode(message)} for message in messages]
            failed = worker.handler({"Records": records}, LambdaContext())["batchItemFailures"]
            if failed:
                raise RuntimeError("a step has failed: its log line says why")
        finally:
            queue.done()


def side_by_side(threads: int, work: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()


def is_complete(session: models.Session) -> None:
    found = reads.get(
        models.Session,
        session.coordination_uuid,
        session.session_uuid,
        tenant=session.partition_key,
    )
    if found is None or found.status != "completed":
        raise RuntimeError(f"the session is {found and found.status}")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    made, taken = timed_both(work)
    return made, taken["elapsed"]


def timed_both(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """Return what `work` makes, with the elapsed seconds and those of the processor."""
    begun, cpu = time.perf_counter(), time.process_time()
    made = work()
    used = time.process_time() - cpu
    return made, {"elapsed": time.perf_counter() - begun, "cpu": used}


def costs(queue: Held) -> dict[str, Any]:
    """Measure what a step in the middle of a chain reads and writes, from message to message."""
    with units.kept() as ledger:
        session = started(chain(CHAIN))
        marks = []
        while messages := queue.take(1):
            marks.append(ledger.mark())
            message_handler.work(factory.of_a_worker(InvocationContext(), 60), messages[0])
            queue.done()
    is_complete(session)
    return ledger.between(*marks[CHAIN // 2 :][:2])


def ratio(queue: Held) -> list[dict[str, dict[str, float]]]:
    """Measure a whole chain and the bare client making the same calls, alternately.

    A run is the median of some of each, because a chain takes less than a phase of the machine.
    """
    task = chain(CHAIN)

    def whole() -> models.Session:
        session = started(task)
        work_off(queue)
        return session

    session, calls = recorded(whole)
    is_complete(session)
    kept = {task.coordination_uuid, task.task_uuid}
    bare = Bare(calls, None)

    def pair() -> dict[str, dict[str, float]]:
        again = bare.whole(kept)
        return {"bare": timed_both(again)[1], "engine": timed_both(whole)[1]}

    for _ in range(TIMES):
        pair()
    return [_middle([pair() for _ in range(TIMES)]) for _ in range(TIMES)]


def _middle(pairs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        who: {what: median(one[who][what] for one in pairs) for what in ("elapsed", "cpu")}
        for who in ("bare", "engine")
    }


def wide(queue: Held, agents: int, threads: int) -> dict[str, float]:
    """Measure a session whose agents are all in one layer, on the threads of one worker."""
    session, start = timed(lambda: started(blueprint([[] for _ in range(agents)])))
    _, run = timed_both(lambda: side_by_side(threads, lambda: work_off(queue, BATCH)))
    is_complete(session)
    return {"start": start, **run}


def mapped(elements: int) -> tuple[models.Task, str]:
    """A task whose second agent is run once for each element, and the task query: the list."""
    first, second = (InvocationContext().new_uuid() for _ in range(2))
    runtime = {"kind": AgentRuntimeKind.ECHO}
    agents = [
        {"agent_uuid": uuid, "agent_name": "Agent", "runtime": runtime} for uuid in (first, second)
    ]
    coordination = services.coordination.create(CALLER, coordination_name="Measured", agents=agents)
    items = f'outputs."{first}"'
    task = services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Measured",
        agent_actions=[
            {"agent_uuid": first},
            {"agent_uuid": second, "predecessors": [first], "for_each": {"items": items}},
        ],
        subtask_queries=[{"agent_uuid": second, "subtask_query": f"{QUERY}: {{item}}"}],
    )
    return task, json.dumps(list(range(elements)))


def grown(queue: Held, elements: int, threads: int) -> dict[str, float]:
    """Measure a session that grows by a list, and what each element of another one writes."""
    task, query = mapped(elements)
    session, start = timed(lambda: started(task, query))
    _, run = timed_both(lambda: side_by_side(threads, lambda: work_off(queue, BATCH)))
    is_complete(session)
    task, query = mapped(SAMPLE)
    with units.kept() as ledger:
        session = started(task, query)
        work_off(queue, BATCH)
    is_complete(session)
    written = sum(write.total for write in ledger.writes)
    return {"start": start, **run, "units": written / SAMPLE}


def long(queue: Held) -> dict[str, float]:
    session, start = timed(lambda: started(chain(LONG_CHAIN)))
    _, run = timed_both(lambda: work_off(queue))
    is_complete(session)
    return {"start": start, **run}


def main(result: str) -> None:
    """Measure, and write the results."""
    create_tables()
    queue = Held()
    with patch.object(factory, "SqsQueue", lambda *urls: queue):
        measured = {
            "costs": costs(queue),
            "ratio": ratio(queue),
            "chain": long(queue),
            "threads": {threads: wide(queue, SAMPLE, threads) for threads in (1, 4)},
            "layer": wide(queue, LAYER, 4),
            "list": grown(queue, LIST, 4),
        }
    Path(result).write_text(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1])
