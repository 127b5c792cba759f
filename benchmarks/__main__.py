"""Measure on DynamoDB Local, and print tables in Markdown."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import cold, tables
from benchmarks.environment import SERVER, run, sealed
from tests.support import dynamodb_local, moto_server

RUNS = 5


def main() -> None:
    """Print the ratios to the bare client, the cold start, and the figures of sessions."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    with dynamodb_local.running() as endpoint, TemporaryDirectory() as directory:
        environment = sealed(
            AWS_ENDPOINT_URL_DYNAMODB=endpoint,
            AI_COORDINATION_QUEUE_URL="http://127.0.0.1:9/held-in-memory",
        )
        result = Path(directory) / "result.json"
        runs = [run(result, environment, "benchmarks.warm") for _ in range(RUNS)]
        starts = cold.measured(json.dumps(runs[0]["event"]), environment)
        ran = run(result, environment, "benchmarks.sessions")
        ran["join"] = run(result, environment, "benchmarks.joins")
        with moto_server.running() as sqs:
            over_http = sealed(AWS_ENDPOINT_URL_DYNAMODB=endpoint, AWS_ENDPOINT_URL_SQS=sqs)
            queued = run(result, over_http, "benchmarks.chains", "queue")
        served = run(result, sealed(**SERVER), "benchmarks.served", "echo", "functions")
    rows = [one["rows"] for one in runs]
    print(tables.requests(rows, "elapsed"))
    print()
    print(tables.requests(rows, "cpu"))
    print()
    print(tables.cold(starts))
    print()
    print(tables.step("a step that is handed over, short texts", queued["counted"]))
    print()
    print(tables.step("a step of a message, short texts", ran["costs"]))
    print()
    print(tables.sessions(ran))
    print()
    print(tables.chains(queued, served))


if __name__ == "__main__":
    main()
