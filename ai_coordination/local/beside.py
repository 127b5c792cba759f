"""Work in a thread of its own, beside the server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS_TO_END = 30


@contextmanager
def beside(work: Callable[[threading.Event], None], name: str) -> Iterator[None]:
    """`work` runs as long as the block does, and ends when the event it is given is set."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=SECONDS_TO_END)
