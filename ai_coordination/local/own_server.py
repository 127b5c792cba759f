"""Find the server at a port, or start one for the duration of a command."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ai_coordination.local.client import Client

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10


class Served(NamedTuple):
    """A running server."""

    url: str
    is_own: bool
    """Whether it was started for this command, and stops with it."""


@contextmanager
def served(port: int, options: Sequence[str] = ()) -> Iterator[Served]:
    """Yield the server at a port of this machine. If none answers, start one for the block.

    `options` are those of `serve`, for a server that is started. Raises RuntimeError if that
    server does not answer in time.
    """
    url = f"http://127.0.0.1:{port}/graphql"
    if Client(url).answers():
        yield Served(url, is_own=False)
        return
    command = [sys.executable, "-m", "ai_coordination.local", "serve", "--port", str(port)]
    server = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        _wait(server, url)
        yield Served(url, is_own=True)
    finally:
        server.terminate()
        server.wait(timeout=SECONDS_TO_STOP)


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    ends_at = time.monotonic() + SECONDS_TO_START
    while not Client(url).answers():
        if server.poll() is not None or time.monotonic() > ends_at:
            raise RuntimeError(f"No server answers at {url}")
        time.sleep(0.2)
