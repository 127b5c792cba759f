"""Run a function in a background thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP_TIMEOUT_SECONDS = 30


@contextmanager
def run_in_background(
    work: Callable[[threading.Event], None], name: str, seconds: float = STOP_TIMEOUT_SECONDS
) -> Iterator[None]:
    """Run `work(stop)` in a thread for the duration of the block, then set `stop` and join it.

    If the thread does not end within so many `seconds`, it ends with the process.
    """
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=seconds)
