"""Trace graphs of LangGraph: `python -m benchmarks.peers.with_langgraph RESULT`.

They are checkpointed in a file of SQLite, with the durability `sync`: a step begins after the
checkpoint of the steps before it is stored.
"""

import json
import operator
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph

from benchmarks.sizes import CHAIN, LAYER_BEFORE_A_JOIN, TRACES
from benchmarks.traces import Trace

MOST_SUPERSTEPS = 1_000


class State(TypedDict):
    """What the steps of a graph hand on: how many have ended."""

    ended: Annotated[int, operator.add]


class Graphs:
    """Graphs whose nodes do nothing, and the trace that they are noted in."""

    def __init__(self, saver: SqliteSaver) -> None:
        self._saver = saver
        self._trace = Trace()

    def _node(self, _: State) -> State:
        with self._trace.step():
            return {"ended": 1}

    def compiled(self, predecessors: Sequence[Sequence[int]]) -> Any:
        """Compile a graph of nodes, each with the numbers of its predecessors."""
        graph = StateGraph(State)
        for number, before in enumerate(predecessors):
            graph.add_node(str(number), self._node)
            graph.add_edge([str(one) for one in before] if before else START, str(number))
        return graph.compile(checkpointer=self._saver)

    def traced(self, graph: Any, thread: str, steps: int) -> dict[str, Any]:
        """Return the trace of one invocation."""
        config = {"configurable": {"thread_id": thread}, "recursion_limit": MOST_SUPERSTEPS}
        self._trace = Trace()
        ended = graph.invoke({"ended": 0}, config, durability="sync")["ended"]
        if ended != steps:
            raise RuntimeError(f"{ended} of {steps} steps have ended")
        return self._trace.as_json()


def main(result: str) -> None:
    """Trace some graphs of each shape, and write the traces."""
    many = range(LAYER_BEFORE_A_JOIN)
    shapes: dict[str, list[list[int]]] = {
        "chain": [[number - 1] if number else [] for number in range(CHAIN)],
        "layer": [*([] for _ in many), list(many)],
    }
    found: dict[str, Any] = {}
    with TemporaryDirectory() as directory:
        file = str(Path(directory) / "checkpoints.db")
        with SqliteSaver.from_conn_string(file) as saver:
            graphs = Graphs(saver)
            for shape, predecessors in shapes.items():
                graph = graphs.compiled(predecessors)
                found[shape] = [
                    graphs.traced(graph, f"{shape}-{number}", len(predecessors))
                    for number in range(1 + TRACES[shape])
                ][1:]
                found.setdefault("stored", _stored(saver, len(predecessors)))
    Path(result).write_text(json.dumps(found))


def _stored(saver: SqliteSaver, steps: int) -> str:
    """Say how a step of the chain was stored."""

    def asked(query: str) -> Any:
        return saver.conn.execute(query).fetchone()[0]

    checkpoints, writes = (
        asked(f"SELECT COUNT(*) FROM {table} WHERE thread_id = 'chain-1'") / steps
        for table in ("checkpoints", "writes")
    )
    mode, level = asked("PRAGMA journal_mode"), asked("PRAGMA synchronous")
    return (
        f"SQLite, journal_mode={mode}, synchronous={level}: {checkpoints:.1f} checkpoints and "
        f"{writes:.1f} rows of writes a step"
    )


if __name__ == "__main__":
    main(sys.argv[1])
