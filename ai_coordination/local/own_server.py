"""Find the server at a port, or start one for the duration of a command."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ai_coordination.local.client import Client

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
# What the server prints has the time, and further lines of the same text are indented.
_LINE = re.compile(r"\d\d:\d\d:\d\d (?P<of_a_function>\[)?|(?P<further> {9})")


class Served(NamedTuple):
    """A running server."""

    url: str
    is_own: bool
    """Whether it was started for this command, and stops with it."""


def url_of(port: int) -> str:
    """The GraphQL endpoint of the server at a port of this machine."""
    return f"http://127.0.0.1:{port}/graphql"


@contextmanager
def served(port: int, options: Sequence[str] = ()) -> Iterator[Served]:
    """Yield the server at a port of this machine. If none answers, start one for the block.

    `options` are those of `serve`, for a server that is started. Raises RuntimeError if that
    server does not answer in time.
    """
    url = url_of(port)
    if Client(url).answers():
        yield Served(url, is_own=False)
        return
    command = [sys.executable, "-m", "ai_coordination.local", "serve", "--port", str(port)]
    with (
        _stopped_like_ctrl_c(),
        subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - ours
    ):
        reader = threading.Thread(target=_pass_on, args=(server.stdout,), daemon=True)
        reader.start()
        try:
            _wait(server, url)
            yield Served(url, is_own=True)
        finally:
            server.terminate()
            server.wait(timeout=SECONDS_TO_STOP)
            reader.join(SECONDS_TO_STOP)


@contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """If this process is terminated, the server does not stay behind and keep the port."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _pass_on(lines: Iterable[str]) -> None:
    """Print what functions have printed, and nothing of the server's own: the command shows it."""
    for line in of_functions(lines):
        sys.stdout.write(f"  {line}")
        sys.stdout.flush()


def of_functions(lines: Iterable[str]) -> Iterator[str]:
    """The lines that the server prints for a function or a file: `11:18:37 [agent-a] reads`."""
    is_shown = False
    for line in lines:
        found = _LINE.match(line)
        is_shown = bool(found and (found["of_a_function"] or (found["further"] and is_shown)))
        if is_shown:
            yield line


def _wait(server: subprocess.Popen[str], url: str) -> None:
    ends_at = time.monotonic() + SECONDS_TO_START
    while not Client(url).answers():
        if server.poll() is not None:
            # It has said why.
            raise RuntimeError("So no session was started")
        if time.monotonic() > ends_at:
            raise RuntimeError(f"No server answers at {url}")
        time.sleep(0.2)
