"""`python -m benchmarks.hostile [PART OF A NAME]` prints the most expensive accepted queries.

Each runs in a process of its own: a fork of one that has imported everything and read nothing.
"""

import json
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from ai_coordination.config import settings
from tests import dynamodb_local

SHOWN = 12
KB = 1024


@dataclass(frozen=True)
class Measured:
    """What a query took: seconds of CPU and of time, megabytes at the most, what it read."""

    name: str
    times: int
    cost: int
    cpu: float
    wall: float
    memory: float
    units: float
    read: float
    calls: int
    answer: float
    outcome: str


def main() -> None:
    """Prints a table in Markdown, for each measure its most expensive queries."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with dynamodb_local.running() as endpoint:
        _settle(endpoint)
        # Only now: the models read the environment when they are imported.
        from ai_coordination.local.tables import create_tables  # noqa: PLC0415 - see above
        from benchmarks.hostile import data, queries  # noqa: PLC0415 - see above

        os.environ["AWS_ENDPOINT_URL_S3"] = data.bucket()
        settings.cache_clear()
        create_tables()
        uuids = data.made()
        found = [_run(query) for query in queries.every(uuids) if wanted in query.name]
    print(json.dumps([asdict(one) for one in found]), file=sys.stderr)
    for measure in ("cpu", "memory", "units"):
        print(_table(measure, found))


def _settle(endpoint: str) -> None:
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AI_COORDINATION_TABLE_PREFIX": "hostile-",
            "AI_COORDINATION_TEXTS_BUCKET": "hostile",
            "AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:9/none",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            "POWERTOOLS_METRICS_DISABLED": "true",
        }
    )


def _run(query: Any) -> Measured:
    """Measured in a child, which tells its figures through a pipe."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            figures = _figures(query)
        except BaseException as error:  # noqa: BLE001 - whatever ends it is a figure too
            figures = {"outcome": f"{type(error).__name__}: {error}"[:80]}
        os.write(writer, json.dumps(figures).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        figures = json.loads(told.read() or '{"outcome": "killed"}')
    os.waitpid(child, 0)
    blank = dict.fromkeys(Measured.__annotations__, 0) | {"outcome": ""}
    one = Measured(**blank | {"name": query.name, "times": query.times, "cost": query.cost} | figures)
    print(f"{one.cpu:6.2f} s {one.memory:6.0f} MB {one.units:8.0f} RU {one.name}", file=sys.stderr)
    return one


def _figures(query: Any) -> dict[str, Any]:
    from ai_coordination.api import context  # noqa: PLC0415 - after the environment is settled
    from ai_coordination.api.operation import execute  # noqa: PLC0415
    from ai_coordination.api.request import GraphQLRequest  # noqa: PLC0415
    from ai_coordination.api.transport import answers  # noqa: PLC0415
    from ai_coordination.api import sizes  # noqa: PLC0415
    from ai_coordination.models import allowance, base  # noqa: PLC0415
    from benchmarks.hostile.data import CALLER  # noqa: PLC0415

    base.connection.forget_client()
    made: list[allowance.Allowance] = []
    calls: list[None] = []
    spend = allowance.Allowance.spend

    def counted(one: allowance.Allowance, answer: Any) -> None:
        calls.append(None)
        spend(one, answer)

    def kept() -> allowance.Allowance:
        made.append(allowance.Allowance())
        return made[0]

    allowance.Allowance.spend = counted  # type: ignore[method-assign]
    context.Allowance = kept  # type: ignore[misc, assignment]
    before, began = time.process_time(), time.perf_counter()
    result = execute(GraphQLRequest(query.document, sent_bytes=sizes.as_body), CALLER)
    _, text = answers.fitting(
        result, sizes.as_body, settings().max_answer_bytes, CALLER.request_id
    )
    cpu, wall = time.process_time() - before, time.perf_counter() - began
    codes = {error["extensions"]["code"] for error in result.get("errors", [])}
    return {
        "cpu": cpu,
        "wall": wall,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB,
        "units": made[0].units,
        "read": made[0].bytes / 1e6,
        "calls": len(calls),
        "answer": len(text) / 1e6,
        "outcome": ", ".join(sorted(codes)) or "ok",
    }


def _table(measure: str, found: list[Measured]) -> str:
    most = sorted(found, key=lambda one: float(getattr(one, measure)), reverse=True)[:SHOWN]
    lines = [
        f"\nThe most {measure}:\n",
        "| query | times | cost | CPU | time | memory | read units | read | calls | answer | |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.times} | {one.cost:,} | {one.cpu:.2f} s | {one.wall:.2f} s"
        f" | {one.memory:.0f} MB | {one.units:,.0f} | {one.read:.1f} MB | {one.calls}"
        f" | {one.answer:.1f} MB | {one.outcome} |"
        for one in most
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
