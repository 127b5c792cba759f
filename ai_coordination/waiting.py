"""Wait for many agents at the same time: one invocation of the caller's function.

Lambda passes the function a batch of calls. Each is handled in a thread, because waiting for an
agent takes time and hardly any processor. While the first ones wait, and whenever one has ended,
the invocation itself receives further calls for its free threads. So a million calls cost a few
long invocations, and not a million.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final

from ai_coordination import messages, records, telemetry
from ai_coordination.clients.queue import MAX_BATCH, Record, SqsQueue
from ai_coordination.engine.context import Engine
from ai_coordination.messages import Lane
from ai_coordination.records import AT_ONCE, LambdaContext

# How long after an empty receive the queue is asked again, if no call ends before. An invocation
# never waits in a receive: it would be paid for after its last call has ended.
PAUSE_SECONDS: Final = 1.0
# With less time left, nothing is received: a new invocation has more time for it.
SECONDS_TO_END: Final = 60.0
# A worker with this part of its whole time left may wait for any agent. Others wait only for
# agents with a shorter timeout, so that each has all of its time.
ENOUGH: Final = 0.9
# Many calls may have to be given up at the same time, at the worker's end. Then all of them write
# their results, on a fraction of a processor.
SECONDS_TO_WRITE_ALL: Final = 10.0


def handle(
    engine: Engine,
    queue: SqsQueue,
    batch: Sequence[Record],
    lambda_context: LambdaContext,
    threads: int,
) -> list[Record]:
    """Handle a batch of calls, and further ones while they wait. Return the batch's failed ones.

    It returns when no call waits and the queue has none, or none that there is time for.
    """
    seconds = records.seconds_left(lambda_context) - SECONDS_TO_WRITE_ALL
    engine = engine._replace(
        works_until=engine.context.utc() + timedelta(seconds=seconds),
        enough_seconds=ENOUGH * seconds,
        # Each thread releases the successors of its own agent: a list would be shared.
        gathered=None,
    )
    with ThreadPoolExecutor(threads, thread_name_prefix="call") as pool:
        return _Invocation(engine, queue, lambda_context, threads, pool).run(batch)


class _Invocation:
    """The calls of one invocation. Only `_handle` does not run in its main thread."""

    def __init__(
        self,
        engine: Engine,
        queue: SqsQueue,
        lambda_context: LambdaContext,
        threads: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._lambda_context = lambda_context
        self._threads = threads
        self._pool = pool
        self._waiting: dict[Future[float | None], Record] = {}
        # Received calls that are done, and still in the queue.
        self._done: list[Record] = []
        self._is_ending = False

    def run(self, batch: Sequence[Record]) -> list[Record]:
        """Handle a batch and what is received meanwhile. Return the batch's failed records."""
        own = {id(record) for record in batch}
        failed: list[Record] = []
        self._begin(batch)
        # A full batch and a receive with any message are signs that there are more.
        has_more = len(batch) >= MAX_BATCH
        while self._waiting:
            pause = 0.0 if has_more else PAUSE_SECONDS
            ended, _ = wait(self._waiting, pause, FIRST_COMPLETED)
            for record, is_done in self._end(ended):
                if id(record) not in own:
                    self._done += [record] if is_done else []
                elif not is_done:
                    failed.append(record)
            self._delete(at_least=MAX_BATCH)
            received = self._receive()
            self._begin(received)
            has_more = bool(received)
        self._delete(at_least=1)
        return failed

    def _begin(self, begun: Iterable[Record]) -> None:
        for record in begun:
            self._waiting[self._pool.submit(self._handle, record)] = record

    def _handle(self, record: Record) -> float | None:
        """Handle one call in a thread of the pool, and the agents that it hands over.

        Its log lines and metrics are its own.
        """
        engine = self._engine._replace(onward=deque())
        with telemetry.invocation(self._lambda_context.aws_request_id):
            seconds = records.handle(engine, record, self._lambda_context)
            records.go_on(engine, self._lambda_context)
        return seconds

    def _end(self, ended: Iterable[Future[float | None]]) -> list[tuple[Record, bool]]:
        """Return which calls are done. Let the queue deliver the others again."""
        again: list[tuple[Record, float]] = []
        judged = []
        for future in ended:
            record = self._waiting.pop(future)
            seconds = _result(future, record)
            if seconds == AT_ONCE:
                self._is_ending = True
                seconds = self._send_again(record)
            if seconds is not None:
                again.append((record, seconds))
            judged.append((record, seconds is None))
        self._queue.make_visible(again)
        return judged

    def _send_again(self, record: Record) -> float | None:
        """Replace a call that there is too little time for by a new message.

        Made visible, it would come nearer to the dead-letter queue each time. If the new message is
        lost, the sweep sends another, as for any message. Returns as `_handle` does.
        """
        try:
            self._queue.send([messages.decode(record["body"])])
        except messages.Unreadable:
            return records.later(record)
        return None

    def _receive(self) -> Sequence[Record]:
        """Receive calls for free threads, unless the time is near its end."""
        free = self._threads - len(self._waiting)
        if self._is_ending or records.seconds_left(self._lambda_context) < SECONDS_TO_END:
            return ()
        return self._queue.receive(Lane.CALLS, min(free, MAX_BATCH)) if free > 0 else ()

    def _delete(self, *, at_least: int) -> None:
        """Delete received calls that are done, many at once. They are invisible until then."""
        if len(self._done) >= at_least:
            self._queue.delete(Lane.CALLS, self._done)
            self._done = []


def _result(future: Future[float | None], record: Record) -> float | None:
    """When a call must be delivered again, None if never. Its handler raises no error."""
    error = future.exception()
    if error is not None:
        telemetry.logger.error("call", exc_info=error)
        return records.later(record)
    return future.result()
