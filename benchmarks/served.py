"""Trace sessions on the server of `make run`: `python -m benchmarks.served RESULT echo functions`.

Their agents are ECHO ones, or functions of a Python file, or first the ones and then the others.
The server runs in this process, with its data in a file. A thread starts the sessions over HTTP.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ai_coordination.local import __main__ as command_line
from ai_coordination.runtimes.base import Runtime
from ai_coordination.runtimes.echo_runtime import Echo
from ai_coordination.runtimes.lambda_runtime import LambdaFunction
from benchmarks.chains import Watched
from benchmarks.sizes import CHAIN, LAYER_BEFORE_A_JOIN, TRACES
from benchmarks.traces import Step, Trace
from tests.support.graph_api import CREATED, mutation
from tests.support.ports import free_port

SECONDS = 60.0
THREADS = "8"
ECHO = {"kind": "ECHO"}
FUNCTION = {
    "kind": "LAMBDA",
    "target": "agent-step",
    "parameters": {"invocation": "RequestResponse"},
}
# Each call appends when it began and ended, by the clock and by its process's processor time.
AGENTS = """
import time


def step(text):
    start, cpu = time.monotonic_ns(), time.process_time_ns()
    line = f"{{start}} {{time.monotonic_ns()}} {{cpu}} {{time.process_time_ns()}}\\n"
    with open({file!r}, "a") as steps:
        steps.write(line)
    return "Done"
"""


class Client:
    """A client of the server, on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._port = port

    def wait(self) -> None:
        """Wait until the server answers."""
        until = time.monotonic() + SECONDS
        while True:
            try:
                self.asked("{ __typename }")
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                self._connection.close()
                time.sleep(0.05)

    def asked(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables})
        self._connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    def created(self, name: str, **given: Any) -> str:
        kind, entity, uuid = CREATED[name]
        data = self.asked(mutation(name, kind, f"{entity} {{ {uuid} }}"), input=given)
        return str(data[name][entity][uuid])

    def task(self, runtime: dict[str, Any], predecessors: list[list[int]]) -> dict[str, str]:
        """Create a task of agents, each with the numbers of its predecessors. Returns its key."""
        names = [f"agent-{number}" for number in range(len(predecessors))]
        agents = [{"agentUuid": name, "agentName": name, "runtime": runtime} for name in names]
        place = self.created("createCoordination", coordinationName="Measured", agents=agents)
        actions = [
            {"agentUuid": name, "predecessors": [names[one] for one in before]}
            for name, before in zip(names, predecessors, strict=True)
        ]
        given = {"taskName": "Measured", "agentActions": actions}
        task = self.created("createTask", coordinationUuid=place, **given)
        return {"coordinationUuid": place, "taskUuid": task}

    def start(self, task: dict[str, str]) -> dict[str, str]:
        given = {**task, "taskQuery": "Two nights in Lisbon for three"}
        selection = "session { sessionUuid }"
        document = mutation("startSession", "StartSessionInput", selection)
        session = self.asked(document, input=given)["startSession"]["session"]
        return {"c": task["coordinationUuid"], "s": session["sessionUuid"]}

    def wait_until_complete(self, session: dict[str, str]) -> None:
        query = """query ($c: ID!, $s: ID!) {
          session(coordinationUuid: $c, sessionUuid: $s) { status }
        }"""
        until = time.monotonic() + SECONDS
        while (status := self.asked(query, **session)["session"]["status"]) != "COMPLETED":
            if time.monotonic() > until:
                raise TimeoutError(f"the session is {status}")
            time.sleep(0.05)


def main(result: str, *agents_are: str) -> None:
    """Serve, trace some sessions of each shape, and write the traces."""
    with TemporaryDirectory() as directory:
        steps, agents = Path(directory) / "steps", Path(directory) / "agents.py"
        agents.write_text(AGENTS.format(file=str(steps)))
        port = str(free_port())
        options = ["--port", port, "--threads", THREADS, "--agents", str(agents)]
        file = str(Path(directory) / "engine.db")
        found: dict[str, Any] = {}
        drive = partial(_drive, Client(int(port)), agents_are, steps, found)
        driver = threading.Thread(target=drive, daemon=True)
        with patch.object(sys, "argv", ["run", "serve", "--data", file, *options]):
            driver.start()
            command_line.main()
        driver.join(SECONDS)
    Path(result).write_text(json.dumps(found))


def _drive(client: Client, agents_are: Sequence[str], file: Path, found: dict[str, Any]) -> None:
    many = range(LAYER_BEFORE_A_JOIN)
    links: list[list[int]] = [[number - 1] if number else [] for number in range(CHAIN)]
    try:
        client.wait()
        if "echo" in agents_are:
            found["chain"] = _traced(client, Echo, ECHO, links, TRACES["chain"])
            layer = [*([] for _ in many), list(many)]
            found["layer"] = _traced(client, Echo, ECHO, layer, TRACES["layer"])
        if "functions" in agents_are:
            ended = partial(_in_functions, file)
            functions = _traced(client, LambdaFunction, FUNCTION, links, TRACES["chain"], ended)
            found["functions"] = functions
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def _traced(
    client: Client,
    kind: type[Runtime],
    runtime: dict[str, Any],
    predecessors: list[list[int]],
    times: int,
    ended: Callable[[Trace], Trace] = lambda trace: trace,
) -> list[dict[str, Any]]:
    """Return the traces of some sessions, without the first one."""
    task = client.task(runtime, predecessors)
    watched, traces = Watched(), []
    with watched.noting(kind):
        for _ in range(1 + times):
            watched.trace = Trace()
            session = client.start(task)
            watched.wait_for(len(predecessors))
            client.wait_until_complete(session)
            traces.append(ended(watched.trace).as_json())
    return traces[1:]


def _in_functions(file: Path, trace: Trace) -> Trace:
    """Return the trace as the functions saw it, with the processor time of both processes."""
    inside = [Step(*map(int, line.split())) for line in file.read_text().splitlines()]
    file.unlink()
    if any(later.cpu_start < one.cpu_end for one, later in pairwise(inside)):
        raise RuntimeError("more than one process has run the functions of a session")
    steps = [
        Step(its.start, its.end, step.cpu_start + its.cpu_start, step.cpu_end + its.cpu_end)
        for step, its in zip(trace.steps, inside, strict=True)
    ]
    return Trace(trace.begun, trace.cpu_begun + inside[0].cpu_start, steps)


if __name__ == "__main__":
    main(*sys.argv[1:])
