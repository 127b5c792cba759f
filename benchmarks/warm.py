"""Measure one run in a process: `python -m benchmarks.warm RESULT` writes medians in ms."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
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

WARM_UP = 40

Work = Callable[[], Any]


def main(result: str) -> None:
    """Measure each case, and the first one also through the handler."""
    create_tables()
    cases = made()
    rows = [_measured(case, case.name, partial(_asked, case), _data) for case in cases]
    event = cases[0].event()
    through = partial(handler, event, LambdaContext())
    rows.append(_measured(cases[0], "getSession through the handler", through, _data_of_body))
    Path(result).write_text(json.dumps({"rows": rows, "event": event}))


def _asked(case: Case) -> dict[str, Any]:
    return execute(GraphQLRequest(case.document, case.variables), CALLER)


def _data(result: Any) -> Any:
    return result["data"]


def _data_of_body(response: Any) -> Any:
    return json.loads(response["body"])["data"]


def _measured(case: Case, name: str, ask: Work, data_of: Callable[[Any], Any]) -> dict[str, Any]:
    answer, calls = recorded(ask)
    data = data_of(answer)
    if not case.check(data):
        raise RuntimeError(f"{name} answered something else: {str(data)[:500]}")
    bare = Bare(calls, created(data))
    _times([bare.next, lambda: ask], WARM_UP)
    of_bare, of_engine = _times([bare.next, lambda: ask], case.times)
    operations = Counter(operation for operation, _ in calls)
    return {"name": name, "calls": operations, "bare": of_bare, "engine": of_engine}


def _times(contenders: list[Callable[[], Work]], times: int) -> list[float]:
    """Return the medians in ms. Calls alternate, so a slow phase of the machine affects all."""
    taken: list[list[int]] = [[] for _ in contenders]
    for turn in range(times):
        for each in range(len(contenders)):
            place = (turn + each) % len(contenders)
            work = contenders[place]()
            start = time.perf_counter_ns()
            work()
            taken[place].append(time.perf_counter_ns() - start)
    return [median(each) / 1e6 for each in taken]


if __name__ == "__main__":
    main(sys.argv[1])
