"""`python -m benchmarks.hostile.measure RESULT [PATTERN OF NAMES]` writes what each query takes.

Each runs in a fork of this process, which has imported everything and read nothing.
"""

import json
import os
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from botocore.config import Config

from ai_coordination.api import context, sizes
from ai_coordination.api.operation import execute
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport import response_size
from ai_coordination.config import settings
from ai_coordination.local.tables import create_tables
from ai_coordination.models import base
from ai_coordination.models.allowance import Allowance
from benchmarks.hostile import data, queries

KB = 1024
# DynamoDB Local takes its time for so much.
PATIENT = base._CONFIG.merge(Config(read_timeout=120))
UNKNOWN = dict.fromkeys(("cpu", "wall", "memory", "units", "read", "calls", "answer"), 0)


class Counted(Allowance):
    """An allowance that also counts reads."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def spend(self, answer: Any) -> None:
        self.calls += 1
        super().spend(answer)


def main(result: str, wanted: str) -> None:
    """Create the data, and run every query whose name matches `wanted`."""
    os.environ["AWS_ENDPOINT_URL_S3"] = data.bucket()
    create_tables()
    uuids = data.made()
    found = [_forked(query) for query in queries.every(uuids) if re.search(wanted, query.name)]
    Path(result).write_text(json.dumps(found))


def _forked(query: queries.Query) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, json.dumps(_measured(query)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        figures = json.loads(told.read() or '{"outcome": "it was killed"}')
    os.waitpid(child, 0)
    known = {"name": query.name, "times": query.times, "cost": query.cost}
    one: dict[str, Any] = {**UNKNOWN, **known, **figures}
    print(
        "{cpu:7.2f} s {memory:5.0f} MB {units:7.0f} RU {outcome:20} {name}".format(**one),
        file=sys.stderr,
    )
    return one


def _measured(query: queries.Query) -> dict[str, Any]:
    base.connection.forget_client()
    allowance = Counted()
    before, began = time.process_time(), time.perf_counter()
    with (
        patch.object(base, "_CONFIG", PATIENT),
        patch.object(context, "Allowance", lambda: allowance),
    ):
        result = execute(GraphQLRequest(query.document, sent_bytes=sizes.body_bytes), data.CALLER)
    most = settings().max_answer_bytes
    _, text = response_size.limit_size(result, sizes.body_bytes, most, data.CALLER.request_id)
    codes = {error["extensions"]["code"] for error in result.get("errors", [])}
    return {
        "cpu": time.process_time() - before,
        "wall": time.perf_counter() - began,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB,
        "units": allowance.units,
        "read": allowance.bytes / 1e6,
        "calls": allowance.calls,
        "answer": len(text) / 1e6,
        "outcome": ", ".join(sorted(codes)) or "ok",
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
