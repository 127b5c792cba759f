"""The development server as a process of its own, as `make run` starts it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SECONDS = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class LocalServer:
    process: subprocess.Popen[str]
    banner: str
    port: int
    printed: list[str] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, given, response.read())
        finally:
            connection.close()

    def graphql(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables})
        return self.ask("POST", "/graphql", body, {"content-type": "application/json"}).json

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End it as a person or a supervisor does; the exit code. What it said is `printed`."""
        self.process.send_signal(by)
        assert self.process.stdout is not None
        self.printed += self.process.stdout.read().splitlines()
        return self.process.wait(SECONDS)


@contextmanager
def running(*options: str, **environment: str) -> Iterator[LocalServer]:
    """A server on a free port, ready, stopped at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ai_coordination.local", "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    )
    assert process.stdout is not None
    try:
        yield _when_ready(process)
    finally:
        process.kill()
        process.wait(SECONDS)
        process.stdout.close()


def _when_ready(process: subprocess.Popen[str]) -> LocalServer:
    assert process.stdout is not None
    banner = ""
    for line in process.stdout:
        banner += line
        if line.startswith("Ctrl-C"):
            port = re.search(r"http://\S+:(\d+)/graphql", banner)
            assert port is not None
            return LocalServer(process, banner, int(port[1]))
    raise AssertionError(f"the server did not start: {banner}")


def command(
    *arguments: str, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command of the development server, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ai_coordination.local", *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=SECONDS,
        check=False,
    )
