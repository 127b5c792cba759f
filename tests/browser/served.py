"""The development server as a process of its own, and a client of its API."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from ai_coordination.local.client import Client
from tests.support.ports import free_port

SECONDS_TO_START = 60


class Served:
    """`make run` with an empty database. It can be stopped and started again at the same port."""

    def __init__(self, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        command = [sys.executable, "-m", "ai_coordination.local", "serve"]
        options = ["--port", str(self.port), "--data", ":memory:", *self._options]
        self._process = subprocess.Popen(
            [*command, *options], stdout=subprocess.DEVNULL, env=self._env
        )
        ends_at = time.monotonic() + SECONDS_TO_START
        while not self.api.answers():
            assert self._process.poll() is None, "the server has stopped"
            assert time.monotonic() < ends_at, "the server does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=SECONDS_TO_START)
            self._process = None

    @property
    def api(self) -> Client:
        return Client(f"{self.url}/graphql")

    def console(self, path: str = "/sessions") -> str:
        """The address of a screen."""
        return f"{self.url}/console/#{path}"
