"""Measure how one worker process waits for many agents: `python -m benchmarks.waits`.

The agents are functions behind a stand-in for Lambda, in a process of its own. The database is
DynamoDB Local. The queue of calls is in memory, so SQS's part is missing from the processor time.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ai_coordination import models, services, worker
from ai_coordination.clients.queue import MAX_BATCH
from ai_coordination.engine import factory, session_commands
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.tables import create_tables
from ai_coordination.messages import Lane, Message, encode
from ai_coordination.states import AgentRuntimeKind
from benchmarks.cases import CALLER
from tests.support import dynamodb_local
from tests.support.http_server import Reply
from tests.support.lambda_service import returning, serving

CALLS = 100
SECONDS = 8.0
FUNCTION = "agent-slow"
TIMEOUT_SECONDS = 900.0
ACCOUNT = "123456789012"


class Calls:
    """A queue of calls in memory. Messages of the other lane are dropped."""

    def __init__(self) -> None:
        self._records: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self.received = 0
        self.deleted = 0

    def send(self, messages: Sequence[Message], _: float = 0) -> None:
        with self._lock:
            for message in messages:
                if message.lane is Lane.CALLS:
                    name = str(len(self._records))
                    sqs = {"eventSource": "aws:sqs", "messageId": name}
                    self._records.append({**sqs, "body": encode(message)})

    def is_call(self, _: Any) -> bool:
        return True

    def receive(self, _: Lane, most: int) -> list[dict[str, Any]]:
        with self._lock:
            taken = [self._records.popleft() for _ in range(min(most, len(self._records)))]
        self.received += bool(taken)
        return taken

    def delete(self, _: Lane, records: Sequence[Any]) -> None:
        self.deleted += len(records)

    def make_visible(self, failed: Sequence[Any]) -> None:
        if failed:
            raise RuntimeError("a call has failed: its log line says why")


def main() -> None:
    """Print the table."""
    if sys.argv[1:] == ["agents"]:
        serve_agents()
    elif sys.argv[1:]:
        measure(sys.argv[1])
    elif why := dynamodb_local.why_missing():
        sys.exit(why)
    else:
        print(_table(_measured()))


def _measured() -> dict[str, Any]:
    agents = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.waits", "agents"], stdout=subprocess.PIPE, text=True
    )
    assert agents.stdout is not None
    url = agents.stdout.readline().strip()
    try:
        with dynamodb_local.running() as endpoint, TemporaryDirectory() as directory:
            result = Path(directory) / "result.json"
            command = [sys.executable, "-m", "benchmarks.waits", str(result)]
            environment = _environment(endpoint, url)
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
            measured: dict[str, Any] = json.loads(result.read_text())
    finally:
        agents.terminate()
        agents.wait()
    return measured


def _environment(endpoint: str, agents: str) -> dict[str, str]:
    ours = ("AWS_", "AI_COORDINATION_", "POWERTOOLS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": agents,
        "AI_COORDINATION_TABLE_PREFIX": "ai-coordination-benchmark-",
        "AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:9/steps",
        "AI_COORDINATION_CALLS_QUEUE_URL": "http://127.0.0.1:9/calls",
    }


def serve_agents() -> None:
    """Serve functions that take their time, until the process is ended."""

    def slow(_: Any) -> Reply:
        time.sleep(SECONDS)
        return returning("Done")

    with serving() as service:
        service.deploy(FUNCTION, slow)
        sys.stdout.write(f"{service.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


def measure(result: str) -> None:
    """Wait for all calls in one invocation, and write what it took."""
    create_tables()
    queue = Calls()
    with patch.object(factory, "SqsQueue", lambda *urls: queue):
        task = _task()
        for _ in range(CALLS + 1):
            _start(task)
        # Clients are made, and modules loaded.
        _invoke(queue.receive(Lane.CALLS, 1), seconds=59)
        begin = (time.perf_counter(), time.process_time(), _resident_mb())
        _invoke(queue.receive(Lane.CALLS, MAX_BATCH), TIMEOUT_SECONDS)
        wall, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
    if queue.deleted != CALLS - MAX_BATCH:
        raise RuntimeError(f"{queue.deleted} calls were received and done")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"wall": wall, "cpu_ms": 1000 * cpu / CALLS, "before": begin[2], "peak": peak}
    Path(result).write_text(json.dumps(found))


def _task() -> models.Task:
    runtime = {
        "kind": AgentRuntimeKind.LAMBDA,
        "target": FUNCTION,
        "parameters": {"invocation": "RequestResponse"},
    }
    agents = [{"agent_uuid": "slow", "agent_name": "Slow", "runtime": runtime}]
    coordination = services.coordination.create(CALLER, coordination_name="Measured", agents=agents)
    return services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Measured",
        agent_actions=[{"agent_uuid": "slow"}],
    )


def _start(task: models.Task) -> None:
    session_commands.start(
        factory.of_a_request(CALLER.context),
        CALLER,
        coordination_uuid=task.coordination_uuid,
        task_uuid=task.task_uuid,
        task_query="Two nights in Lisbon for three",
    )


def _invoke(records: Sequence[Any], seconds: float) -> None:
    context = LambdaContext(ends_at=time.monotonic() + seconds)
    failed = worker.handler({"Records": list(records)}, context)["batchItemFailures"]
    if failed:
        raise RuntimeError("a call has failed: its log line says why")


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _table(found: dict[str, Any]) -> str:
    lines = [
        f"| {CALLS} calls of {SECONDS:g} s in one invocation | |",
        "|---|---|",
        f"| until all had ended | {found['wall']:.1f} s |",
        f"| memory before, and at most | {found['before']:.0f} MB, {found['peak']:.0f} MB |",
        f"| processor time a step, without SQS | {found['cpu_ms']:.1f} ms |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
