"""Run a function in a background thread."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

STOP_TIMEOUT_SECONDS = 30

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises.

    Raises TimeoutError if it takes longer than so many seconds. Then it continues in its thread.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            future.set_exception(error)

    threading.Thread(target=run, name="within", daemon=True).start()
    return future.result(timeout=seconds)


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
