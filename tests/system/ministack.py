"""AWS without AWS: MiniStack as a process of its own, and SAM's commands against it.

It speaks TLS, and decides by IAM's policies: a function may do what its role may, and the bucket's
policy holds. The root of the account, who deploys and asks here, may do everything.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import get_session

from tests.system.emulator import ROOT, free_port

PYTHON = ROOT / ".venv-system" / "bin" / "python"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
REGION = "eu-central-1"
CREDENTIALS = Credentials("111122223333", "testing")  # whose key is the account's number
ROOT_OF_THE_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key,
    "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
    "AWS_DEFAULT_REGION": REGION,
}
SECONDS_TO_START = 60
CONFIG = Config(read_timeout=60, retries={"total_max_attempts": 1})


@dataclass
class MiniStack:
    """One account in one region, at a port of this machine."""

    port: int
    home: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> str:
        return str(self.home / "ministack-tls" / "server.crt")

    @property
    def key(self) -> str:
        return str(self.home / "ministack-tls" / "server.key")

    def client(self, service: str) -> Any:
        return get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            verify=self.certificate,
            aws_access_key_id=CREDENTIALS.access_key,
            aws_secret_access_key=CREDENTIALS.secret_key,
            config=CONFIG,
        )

    def sam(self, command: str, *arguments: str) -> None:
        """One command of SAM's, which has to succeed."""
        told = self._run([str(SAM), command, *arguments], self.home)
        (self.home / f"sam-{command}.log").write_text(told)

    def destroy(self, stack: str) -> str:
        """Return the output of `make destroy` after the stack's name is typed."""
        return self._run([sys.executable, ".ci/destroy.py", stack], ROOT, stack).strip()

    def _run(self, command: list[str], directory: Path, answer: str = "") -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": self.certificate,
            "SAM_CLI_TELEMETRY": "0",
            **ROOT_OF_THE_ACCOUNT,
        }
        ran = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def log(self) -> str:
        """What it and the functions have written."""
        return (self.home / "ministack.log").read_text()


@contextmanager
def running(home: Path) -> Iterator[MiniStack]:
    """Started in an empty directory, where all that it and the functions write is."""
    emulated = MiniStack(free_port(), home)
    with (home / "ministack.log").open("wb") as output:
        process = subprocess.Popen(
            # -P: a file of this folder has the name of the package, and is not meant.
            [PYTHON, "-P", Path(__file__).with_name("patched_ministack.py")],
            cwd=home,
            env=_environment(emulated),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(emulated, process)
            yield emulated
        finally:
            # The functions are processes of its own: they end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment(emulated: MiniStack) -> dict[str, str]:
    """All of it: the functions inherit it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(emulated.home),
        "TMPDIR": str(emulated.home),
        "STATE_DIR": str(emulated.home / "state"),
        "PERSIST_STATE": "0",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(emulated.port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": CREDENTIALS.access_key,
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "AUTH": "true",
        "USE_SSL": "1",
        "SSL_CERT_FILE": emulated.certificate,
    }


def _wait_for(emulated: MiniStack, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", emulated.port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"MiniStack does not start:\n{emulated.log()}")
