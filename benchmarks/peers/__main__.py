"""Measure this engine and others side by side: `make peers-bench` prints the tables in Markdown.

Each runs in processes of its own, in rounds, so that a slow phase of the machine affects all.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.environment import SERVER, run, sealed
from benchmarks.peers import tables
from tests.support import dynamodb_local, moto_server

ROOT = Path(__file__).parents[2]
ROUNDS = 3
LOCAL = "DynamoDB Local in memory, which stores nothing. AWS replicates each write"
FILE = "SQLite, journal_mode=wal, synchronous=1: a step's writes survive the process, not the power"


@dataclass(frozen=True)
class Contender:
    """How an engine is measured, and how durable its steps are, unless its process says so."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    stored: str | None = None


def main() -> None:
    """Print the tables of chains, of layers, and of what is durable."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    with ExitStack() as stack:
        result = Path(stack.enter_context(TemporaryDirectory())) / "result.json"
        endpoint = stack.enter_context(dynamodb_local.running())
        sqs = stack.enter_context(moto_server.running())
        contenders = [*_peers(), *_ours(endpoint, sqs)]
        found: dict[str, list[Any]] = {contender.name: [] for contender in contenders}
        for _ in range(ROUNDS):
            for contender in contenders:
                found[contender.name].append(_measured(contender, result))
    print(tables.chains(found))
    print()
    print(tables.layers(found))
    print()
    print(tables.durability(found))


def _measured(contender: Contender, result: Path) -> Any:
    measured = run(
        result,
        sealed(**contender.environment),
        contender.module,
        *contender.arguments,
        python=contender.python,
    )
    return {"stored": contender.stored} | measured


def _peers() -> Iterator[Contender]:
    for name, module in (("LangGraph", "with_langgraph"), ("DBOS", "with_dbos")):
        python = ROOT / f".venv-bench-{name.lower()}" / "bin" / "python"
        yield Contender(f"{name}, SQLite", f"benchmarks.peers.{module}", python=str(python))


def _ours(endpoint: str, sqs: str) -> Iterator[Contender]:
    database = {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
    in_memory = database | {"AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:9/held-in-memory"}
    over_http = database | {"AWS_ENDPOINT_URL_SQS": sqs}
    module = "benchmarks.chains"
    yield Contender("this engine, queue in memory", module, ("memory",), in_memory, stored=LOCAL)
    yield Contender("this engine, SQS over HTTP", module, ("queue",), over_http, stored=LOCAL)
    served = "benchmarks.served"
    yield Contender("this engine, `make run`", served, ("echo",), SERVER, stored=FILE)


if __name__ == "__main__":
    main()
