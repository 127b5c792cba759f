"""How much memory the calls of one process hold while they wait for their agents.

An invocation of the caller waits for many agents, and each call holds its request meanwhile. If the
memory ran out, Lambda would end all of these calls. So a call that does not fit is refused before
it begins, as a throttled one: the run does not count, and the call is made a little later.
"""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ai_coordination.runtimes.base import RunFailed

# Lambda sets it to the megabytes of a function.
VARIABLE: Final = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
# The rest is for the process itself, for requests while they are built, and for replies.
SHARE: Final = 0.5
# While a call waits, its texts and files are there as read, as parts of a request, and as sent.
COPIES: Final = 3
FULL: Final = "The engine already waits for so many large calls that this one does not fit"


class Memory:
    """What calls may hold together, in bytes of their texts and files. Thread-safe."""

    def __init__(self, limit: float) -> None:
        self._left = self._limit = limit
        self._lock = threading.Lock()
        # What the current thread's call has taken.
        self._taken: ContextVar[int] = ContextVar("taken", default=0)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Give back at the end of the block what was taken within it."""
        before = self._taken.set(0)
        try:
            yield
        finally:
            with self._lock:
                self._left += self._taken.get()
            self._taken.reset(before)

    def take(self, size: int) -> None:
        """Take so many bytes for the current call. Raises RunFailed if they do not fit.

        A call that is alone always fits.
        """
        with self._lock:
            others = self._limit - self._left - self._taken.get()
            if size > self._left and others > 0:
                raise RunFailed(FULL, throttled=True)
            self._left -= size
            self._taken.set(self._taken.get() + size)


def _limit() -> float:
    megabytes = os.environ.get(VARIABLE)
    return int(megabytes) * 2**20 * SHARE / COPIES if megabytes else math.inf


calls = Memory(_limit())
