"""Workers as processes, with DynamoDB Local and moto's SQS and S3 between them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import worker
from tests.support import moto_server

SECONDS = 60
BUCKET = "texts"
WORKER = (sys.executable, "-m", "ai_coordination.local", "worker")
EARLIER = (sys.executable, "-m", "tests.processes.earlier_worker")
SHORT_STEPS = ("--step-seconds", "11", "--sweep-seconds", "3")


@contextmanager
def queue_and_bucket() -> Iterator[None]:
    """This process, and those that it starts, have a queue and a bucket at a server of moto's."""
    with moto_server.running() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
        patch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        patch.setenv("AI_COORDINATION_TEXTS_BUCKET", BUCKET)
        patch.setenv(worker.QUEUE_VARIABLE, "")
        _forget()
        where = {"LocationConstraint": os.environ["AWS_REGION"]}
        try:
            # On a busy machine, the answer may come too late, and the request is sent again.
            with suppress(clients("s3").exceptions.BucketAlreadyOwnedByYou):
                clients("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            worker.ensure_queue()
            yield
        finally:
            _forget()


def _forget() -> None:
    clients.forget()
    settings.cache_clear()


@dataclass
class Workers:
    """`python -m ai_coordination.local worker`, several times.

    With `mixed` each other one that is started is of an earlier version.
    """

    number: int
    threads: int = 1
    mixed: bool = False
    started: int = 0
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    # Those that stand still, and until when by the monotonic clock.
    still: list[tuple[subprocess.Popen[str], float]] = field(default_factory=list)

    def __enter__(self) -> "Workers":
        for _ in range(self.number):
            self._start()
        for process in self.running:
            _wait_until_it_works(process)
        return self

    def __exit__(self, *_: Any) -> None:
        for process in [*self.running, *(process for process, _ in self.still)]:
            process.kill()
            process.communicate(timeout=SECONDS)

    def _start(self) -> None:
        self.started += 1
        command = EARLIER if self.mixed and self.started % 2 else WORKER
        self.running.append(
            subprocess.Popen(
                [*command, "--threads", str(self.threads), *SHORT_STEPS],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )

    def replace(self) -> None:
        """The oldest dies in the midst of whatever it does; a new one is at work."""
        process = self.running.pop(0)
        process.kill()
        process.communicate(timeout=SECONDS)
        self._fill_up()

    def _fill_up(self) -> None:
        while len(self.running) < self.number:
            self._start()
            _wait_until_it_works(self.running[-1])

    def stand_still(self, seconds: float) -> None:
        """The oldest is stopped in the midst of whatever it does; a new one is at work."""
        process = self.running.pop(0)
        process.send_signal(signal.SIGSTOP)
        self.still.append((process, time.monotonic() + seconds))
        self._fill_up()

    def go_on(self) -> int:
        """Those whose time is over go on where they were; how many there were."""
        over = [one for one in self.still if one[1] <= time.monotonic()]
        for one in over:
            self.still.remove(one)
            one[0].send_signal(signal.SIGCONT)
            self.running.append(one[0])
        return len(over)

    def stop(self) -> list[tuple[int, str]]:
        """All are asked to end; the exit code of each, and what it has printed."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        said = [process.communicate(timeout=SECONDS)[0] for process in self.running]
        return [
            (process.returncode, text) for process, text in zip(self.running, said, strict=True)
        ]


def _wait_until_it_works(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("Processing"), said + process.stdout.read()
