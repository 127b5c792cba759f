"""Measure on DynamoDB Local, and print tables in Markdown."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import cold, tables
from tests.support import dynamodb_local

RUNS = 5


def main() -> None:
    """Print the ratios to the bare client, the cold start, and the figures of sessions."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    with dynamodb_local.running() as endpoint, TemporaryDirectory() as directory:
        environment = _environment(endpoint)
        result = Path(directory) / "result.json"
        runs = [_run(result, environment) for _ in range(RUNS)]
        starts = cold.measured(json.dumps(runs[0]["event"]), environment)
        ran = _run(result, environment, "benchmarks.sessions")
    print(_warm_table([run["rows"] for run in runs]))
    print()
    print(_cold_table(starts))
    print()
    print(tables.step(ran["costs"]))
    print()
    print(tables.sessions(ran))


def _environment(endpoint: str) -> dict[str, str]:
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
        "AI_COORDINATION_TABLE_PREFIX": "ai-coordination-benchmark-",
        "AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:9/held-in-memory",
    }


def _run(result: Path, environment: dict[str, str], module: str = "benchmarks.warm") -> Any:
    command = [sys.executable, "-m", module, str(result)]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return json.loads(result.read_text())


def _warm_table(runs: list[list[dict[str, Any]]]) -> str:
    lines = [
        "| warm, p50 | DynamoDB calls | bare client | engine | ratio (lowest to highest) |",
        "|---|---|---|---|---|",
    ]
    for of_case in zip(*runs, strict=True):
        first = of_case[0]
        calls = ", ".join(f"{count} {name}" for name, count in sorted(first["calls"].items()))
        bare, engine = (median(run[who] for run in of_case) for who in ("bare", "engine"))
        ratios = sorted(run["engine"] / run["bare"] for run in of_case)
        ratio = f"**{median(ratios):.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        lines.append(f"| {first['name']} | {calls} | {bare:.2f} ms | {engine:.2f} ms | {ratio} |")
    return "\n".join(lines)


def _cold_table(starts: dict[str, list[float]]) -> str:
    names = {
        "engine": "cold start: a new process, to the handler's first answer",
        "reference": "for comparison: a new process, to botocore's client for DynamoDB",
    }
    lines = ["| cold, with .pyc | median (lowest to highest) |", "|---|---|"]
    for name, title in names.items():
        times = sorted(starts[name])
        lines.append(
            f"| {title} | **{median(times):.0f} ms** ({times[0]:.0f} to {times[-1]:.0f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
