"""Start real servers, for the tests of peers."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
BIN = HERE.parents[1] / ".venv-peers" / "bin"
MODULES = BIN.parent / "node"
SECONDS_TO_START = 120
PROXY_KEY = "sk-of-the-proxy-0123"
# What llama.cpp makes even a model of random weights answer.
VERDICTS = {
    "type": "object",
    "properties": {"verdict": {"enum": ["good", "bad"]}, "grade": {"enum": [1, 2, 3]}},
    "required": ["verdict", "grade"],
    "additionalProperties": False,
}


def environment(name: str) -> Path:
    """The folder with the programs of an environment of its own: requirements-NAME.txt."""
    return HERE.parents[1] / f".venv-peers-{name}" / "bin"


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[str]:
    """A server, once it takes connections, at its URL."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_at = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends_at, log.read_text()
            time.sleep(0.2)
        else:
            return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
