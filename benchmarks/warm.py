"""Measure one run in a process: `python -m benchmarks.warm RESULT` writes medians in ms."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from ai_coordination.api.operation import execute
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.handler import handler
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.tables import create_tables
from benchmarks.bare import Bare, recorded
from benchmarks.cases import CALLER, Case, created, made

WARM_UP = 20

Work = Callable[[], Any]


def main(result: str) -> None:
    """Measure each case: the bare client, the engine, and the engine behind the handler."""
    create_tables()
    cases = made()
    rows = [_measured(case) for case in cases]
    Path(result).write_text(json.dumps({"rows": rows, "event": cases[0].event()}))


def _asked(case: Case) -> dict[str, Any]:
    return execute(GraphQLRequest(case.document, case.variables), CALLER)


def _measured(case: Case) -> dict[str, Any]:
    ask = partial(_asked, case)
    through = partial(handler, case.event(), LambdaContext(ends_at=time.monotonic() + 600))
    answer, calls = recorded(ask)
    response, calls_of_handler = recorded(through)
    for data in (answer["data"], json.loads(response["body"])["data"]):
        if not case.check(data):
            raise RuntimeError(f"{case.name} answered something else: {str(data)[:500]}")
    operations = _operations(calls)
    if _operations(calls_of_handler) != operations:
        raise RuntimeError(f"{case.name}: the handler makes other calls")
    bare = Bare(calls, created(answer["data"]))
    contenders: dict[str, Callable[[], Work]] = {
        "bare": bare.next,
        "engine": lambda: ask,
        "handler": lambda: through,
    }
    _times(contenders, WARM_UP)
    times = _times(contenders, case.times)
    return {"name": case.name, "calls": operations, "times": times}


def _operations(calls: list[tuple[str, dict[str, Any]]]) -> Counter[str]:
    return Counter(operation for operation, _ in calls)


def _times(contenders: Mapping[str, Callable[[], Work]], times: int) -> dict[str, dict[str, float]]:
    """Return the medians in ms. Calls alternate, so a slow phase of the machine affects all.

    `cpu` is what the process used, with all its threads, in its own code and in the kernel.
    """
    names = list(contenders)
    elapsed: dict[str, list[int]] = {name: [] for name in names}
    used: dict[str, list[int]] = {name: [] for name in names}
    for turn in range(times):
        for each in range(len(names)):
            name = names[(turn + each) % len(names)]
            work = contenders[name]()
            start, start_cpu = time.perf_counter_ns(), time.process_time_ns()
            work()
            used[name].append(time.process_time_ns() - start_cpu)
            elapsed[name].append(time.perf_counter_ns() - start)
    return {
        name: {"elapsed": median(elapsed[name]) / 1e6, "cpu": median(used[name]) / 1e6}
        for name in names
    }


if __name__ == "__main__":
    main(sys.argv[1])
