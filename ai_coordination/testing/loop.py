"""The loop of one engine: what happens next on the virtual clock, until nothing is left."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from ai_coordination.engine.sweeper import NothingRead
from ai_coordination.errors import Throttled
from ai_coordination.messages import CleanupMessage
from ai_coordination.testing.attendance import Attendance
from ai_coordination.testing.aws import VirtualAws
from ai_coordination.testing.clock import MINUTE, Clock
from ai_coordination.testing.errors import NeverAtRest, NeverHappened, WorkerDied
from ai_coordination.testing.lambdas import Lambdas
from ai_coordination.testing.later import Event, Later
from ai_coordination.testing.records import Records
from ai_coordination.testing.sessions import Session
from ai_coordination.testing.steps import Step
from ai_coordination.testing.surroundings import CALLS_QUEUE
from ai_coordination.testing.workers import Workers

_CLEANUP = f'"kind": "{CleanupMessage.kind}"'

Paused = Callable[[], AbstractContextManager[None]]
Sessions = Callable[[], Sequence[Session]]


class Loop:
    """Lets one thing happen after another, each at its time."""

    def __init__(
        self,
        clock: Clock,
        aws: VirtualAws,
        later: Later,
        workers: Workers,
        lambdas: Lambdas,
        attendance: Attendance,
        records: Records,
    ) -> None:
        self._clock = clock
        self._aws = aws
        self._later = later
        self._workers = workers
        self._lambdas = lambdas
        self._attendance = attendance
        self._records = records
        self._swept = clock.now
        self._steps: list[Step] = []

    def run(
        self,
        until: Callable[[], object] | None,
        seconds: float | None,
        most_events: int,
        paused: Paused,
        sessions: Sessions,
    ) -> None:
        """Run as `Engine.run` does."""
        ends_at = None if seconds is None else self._clock.after(seconds)
        waits = until is not None or ends_at is not None
        for _ in range(most_events):
            self._attend()
            if until is not None:
                with paused():
                    if until():
                        return
            event = self._next(waits)
            if event is None or (ends_at is not None and event.at > ends_at):
                break
            self._clock.move_to(event.at)
            self._happens(event)
        else:
            message = f"There is still more to do after {most_events} events"
            raise NeverAtRest(_with_reports(message, sessions()))
        if ends_at is not None:
            self._clock.move_to(ends_at)
        if until is not None:
            message = "Nothing is left to do, and what the test waits for has not happened"
            raise NeverHappened(_with_reports(message, sessions()))

    def close(self) -> None:
        """End the invocations that still wait."""
        for step in self._steps:
            if not step.has_ended:
                step.kill()

    def _attend(self) -> None:
        try:
            self._attendance.look()
        except WorkerDied:
            self._lambdas.raise_failure()
            raise

    def _happens(self, event: Event) -> None:
        self._aws.in_worker = True
        try:
            event.act()
        except WorkerDied:
            pass
        except (NothingRead, Throttled):
            # Faults of the database; those of SQS's and EventBridge's deliveries are repeated.
            if not self._aws.has_faults:
                raise
        finally:
            self._aws.in_worker = False
        self._lambdas.raise_failure()

    def _next(self, waits: bool) -> Event | None:
        """Return what happens next. None if nothing is left, but for schedules unless it waits."""
        events = [*self._events(), *(self._firings() if waits else ())]
        if not events and not waits:
            return None
        events += self._cleanups()
        return min(events, key=lambda event: event.at, default=None)

    def _events(self) -> Iterator[Event]:
        if (arranged := self._later.next()) is not None:
            yield arranged
        for visible_at, queue, body in self._aws.queues.waiting():
            if _CLEANUP not in body:
                yield self._delivery(visible_at, queue)
                break
        due = self._records.next_due()
        if due is not None:
            yield Event(_minute_after(max(due, self._swept + MINUTE)), self._sweep)

    def _cleanups(self) -> Iterator[Event]:
        """The next message about texts without an owner. It alone keeps no engine running."""
        for visible_at, queue, body in self._aws.queues.waiting():
            if _CLEANUP in body:
                yield self._delivery(visible_at, queue)
                break

    def _firings(self) -> Iterator[Event]:
        firing = self._workers.next_firing()
        if firing is not None:
            yield Event(*firing)

    def _delivery(self, visible_at: float, queue: str) -> Event:
        at = datetime.fromtimestamp(visible_at, UTC)
        return Event(at, self._call if queue == CALLS_QUEUE else self._workers.take_steps)

    def _call(self) -> None:
        step = self._workers.take_call()
        self._steps = [each for each in self._steps if not each.has_ended] + [step]
        self._lambdas.resume(step)

    def _sweep(self) -> None:
        self._swept = self._clock.now
        self._workers.sweep()


def _minute_after(at: datetime) -> datetime:
    """Return the next full minute, at which a sweep begins."""
    begins = at.replace(second=0, microsecond=0)
    return begins if begins == at else begins + MINUTE


def _with_reports(message: str, sessions: Sequence[Session]) -> str:
    waiting = [line for session in sessions for line in session.waits_for()]
    return "\n".join([f"{message}.", *waiting])
