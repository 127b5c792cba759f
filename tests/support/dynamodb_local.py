"""AWS's DynamoDB Local as a process: one for each pytest process, in memory, on a free port."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".dynamodb-local"
ENDPOINT_VARIABLE = "AI_COORDINATION_TEST_DYNAMODB_ENDPOINT"
SECONDS_TO_START = 60
TRIES = 3


def why_missing() -> str | None:
    """One line that says why DynamoDB Local cannot be started here, or None where it can."""
    script = [str(ROOT / ".ci" / "dynamodb-local"), "--check"]
    asked = subprocess.run(script, capture_output=True, text=True, check=False)
    return asked.stderr.strip() or None


@contextmanager
def running() -> Iterator[str]:
    """The endpoint of a DynamoDB Local: the one the environment names, or one of our own."""
    named = os.environ.get(ENDPOINT_VARIABLE)
    if named:
        yield named
        return
    process, port = _start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _start() -> tuple[subprocess.Popen[bytes], int]:
    with TemporaryFile() as log:
        for _ in range(TRIES):
            port = free_port()
            process = subprocess.Popen(
                _command(port),
                cwd=HOME,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"DDB_LOCAL_TELEMETRY": "0"},
            )
            if _answers(process, port):
                return process, port
            process.kill()
            process.wait()
        log.seek(0)
        raise RuntimeError(f"DynamoDB Local does not start: {log.read().decode()[-2000:]}")


def _command(port: int) -> list[str]:
    # A small heap, one collector thread and the quick compiler: it is up in half the time.
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    # Paths in its own folder: in the C locale Java finds none with an umlaut.
    libraries = "-Djava.library.path=DynamoDBLocal_lib"
    jar = ["-jar", "DynamoDBLocal.jar"]
    return [*java, libraries, *jar, "-inMemory", "-sharedDb", "-port", str(port)]


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < until:
        request = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            request.request("GET", "/")
            request.getresponse().read()
            return True
        except OSError:
            time.sleep(0.05)  # Java is still starting
        finally:
            request.close()
    return False
