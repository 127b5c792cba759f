"""Invocations of the worker that wait for an agent, so that others run meanwhile.

Such an invocation has a thread. At any time only one thread runs: either the loop of the engine, or
one invocation, until it ends or waits.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from ai_coordination.testing.errors import WorkerDied


class Step:
    """One invocation of the worker, in a thread of its own."""

    def __init__(self, work: Callable[[], None], ends_at: datetime) -> None:
        """`ends_at`: when the invocation times out."""
        self._work = work
        self.ends_at = ends_at
        self._may_run = threading.Semaphore(0)
        self._has_paused = threading.Semaphore(0)
        self._error: BaseException | None = None
        self._dies = False
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name="step", daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Run until it ends or waits. Raises what it has raised. Called by the loop."""
        self._may_run.release()
        self._has_paused.acquire()
        if self.has_ended:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Let the loop run until it resumes this step. Called by the step itself."""
        self._has_paused.release()
        self._may_run.acquire()
        if self._dies:
            raise WorkerDied

    def kill(self) -> None:
        """End a step that waits."""
        self._dies = True
        self._may_run.release()
        self._has_paused.acquire()
        self._thread.join()

    def _run(self) -> None:
        self._may_run.acquire()
        try:
            if not self._dies:
                self._work()
        except BaseException as error:  # noqa: BLE001 - the loop raises it again
            self._error = error
        finally:
            self.has_ended = True
            self._has_paused.release()
