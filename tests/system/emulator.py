"""The built package under Lambda's own runtime client, in the emulator that the SAM CLI brings.

The emulator takes one invocation at a time, and has one function; errors are answers with 200.
"""

import json
import os
import platform
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "build" / "runtime"
RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
PATH = "/2015-03-31/functions/function/invocations"


@dataclass
class Emulator:
    """A function that is running, or will at its first invocation."""

    url: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def invoke(self, event: Any) -> tuple[Any, float]:
        """What the function answers, and after how many milliseconds."""
        body = json.dumps(event).encode()
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(self.url, body, timeout=60) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            content = error.read()  # the process is gone: Lambda tells its caller, too
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            return json.loads(content), milliseconds
        except ValueError:
            return content.decode(), milliseconds  # of a function that was ended: a line of text

    def log(self) -> str:
        self.output.seek(0)
        return self.output.read().decode()

    def runtime_process(self) -> int:
        """The process that runs the function's code."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        (child,) = {pid for thread in threads for pid in thread.read_text().split()}
        return int(child)

    def memory_mb(self) -> float:
        """What the function's process has resident."""
        status = Path(f"/proc/{self.runtime_process()}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(resident.split()[1]) / 1024


@contextmanager
def running(
    handler: str, environment: Mapping[str, str], *, timeout_seconds: int = 29
) -> Iterator[Emulator]:
    """The function in a fresh environment; its code starts with the first invocation."""
    own, runtime_api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [str(_binary()), "--runtime-interface-emulator-address", own]
    command += ["--runtime-api-address", runtime_api]
    command += [str(RUNTIME), "-m", "awslambdaric", handler]
    with TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=PACKAGE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(environment, timeout_seconds),
            start_new_session=True,
        )
        try:
            _wait_for(own)
            yield Emulator(f"http://{own}{PATH}", process, output)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _binary() -> Path:
    name = f"aws-lambda-rie-{MACHINES[platform.machine()]}"
    (found,) = ROOT.glob(f".venv-sam/lib/python*/site-packages/samcli/local/rapid/{name}")
    found.chmod(0o755)
    return found


def _environment(given: Mapping[str, str], timeout_seconds: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(PACKAGE),
        "PYTHONPATH": str(PACKAGE),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **given,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    host, port = address.split(":")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"The emulator does not listen at {address}")
