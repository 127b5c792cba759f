"""Trace workflows of DBOS: `python -m benchmarks.peers.with_dbos RESULT`.

Its system database is a file of SQLite.
"""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dbos import DBOS

from benchmarks.sizes import CHAIN, LAYER_BEFORE_A_JOIN, TRACES
from benchmarks.traces import Trace

_traces = [Trace()]


@DBOS.step()
def step() -> None:
    with _traces[-1].step():
        return


@DBOS.step()
async def step_of_a_layer() -> None:
    with _traces[-1].step():
        return


@DBOS.workflow()
def chain() -> None:
    for _ in range(CHAIN):
        step()


@DBOS.workflow()
async def layer() -> None:
    await asyncio.gather(*(step_of_a_layer() for _ in range(LAYER_BEFORE_A_JOIN)))
    await step_of_a_layer()


def main(result: str) -> None:
    """Trace some workflows of each shape, and write the traces."""
    with TemporaryDirectory() as directory:
        file = Path(directory) / "system.db"
        url = f"sqlite:///{file}"
        DBOS(config={"name": "measured", "system_database_url": url, "log_level": "ERROR"})
        DBOS.launch()
        found: dict[str, Any] = {"chain": [_of_a_chain() for _ in range(1 + TRACES["chain"])][1:]}
        found["stored"] = _stored(file)
        found["layer"] = asyncio.run(_of_layers(1 + TRACES["layer"]))[1:]
        DBOS.destroy()
    Path(result).write_text(json.dumps(found))


def _of_a_chain() -> dict[str, Any]:
    _traces.append(Trace())
    chain()
    return _complete(CHAIN)


async def _of_layers(number: int) -> list[dict[str, Any]]:
    traces = []
    for _ in range(number):
        _traces.append(Trace())
        await layer()
        traces.append(_complete(LAYER_BEFORE_A_JOIN + 1))
    return traces


def _complete(steps: int) -> dict[str, Any]:
    if len(_traces[-1].steps) != steps:
        raise RuntimeError(f"{len(_traces[-1].steps)} of {steps} steps have ended")
    return _traces[-1].as_json()


def _stored(file: Path) -> str:
    """Say how a step of the chain was stored."""
    database = sqlite3.connect(file)

    def asked(query: str) -> Any:
        return database.execute(query).fetchone()[0]

    rows = asked("SELECT COUNT(*) FROM operation_outputs") / CHAIN / (1 + TRACES["chain"])
    # DBOS leaves both settings as the file and the library have them.
    mode, level = asked("PRAGMA journal_mode"), asked("PRAGMA synchronous")
    database.close()
    return f"SQLite, journal_mode={mode}, synchronous={level}: {rows:.1f} rows a step"


if __name__ == "__main__":
    main(sys.argv[1])
