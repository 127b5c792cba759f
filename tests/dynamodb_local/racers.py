"""Processes that each have an engine and begin at the same time."""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from typing import Any

from ai_coordination.caller import Caller
from tests.dynamodb_local.network_faults import faults, in_turn, never, reply_times_out
from tests.support.graph_api import ask, mutation
from tests.support.mutations import input_of

RACERS = 3
DONE = "DONE"
SECONDS_TO_GATHER = 60


@dataclass(frozen=True)
class Move:
    """A mutation that one of the racers makes; the reply to its first write may be lost."""

    name: str
    given: dict[str, Any]
    loses_reply: bool = False


@dataclass(frozen=True)
class Racers:
    """As many processes as there are moves in a race."""

    lanes: Sequence[Connection]
    pids: Sequence[int]

    def race(self, caller: Caller, moves: Sequence[Move], waits: Sequence[float]) -> list[str]:
        """Return the result of each move: DONE, or the code of its error.

        `waits` are the seconds that each of them waits after the common start.
        """
        for lane, move, wait in zip(self.lanes, moves, waits, strict=True):
            lane.send((caller, move, wait))
        return [lane.recv() for lane in self.lanes]


@contextmanager
def racers() -> Iterator[Racers]:
    """Started when they have answered, and ended at the end of the block."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(RACERS)
    ends = [context.Pipe() for _ in range(RACERS)]
    processes: list[BaseProcess] = [
        context.Process(target=_run, args=(theirs, start), daemon=True) for _, theirs in ends
    ]
    for process, (_, theirs) in zip(processes, ends, strict=True):
        process.start()
        theirs.close()
    try:
        yield Racers([ours for ours, _ in ends], [ours.recv() for ours, _ in ends])
    finally:
        for ours, _ in ends:
            ours.close()
        for process in processes:
            process.join(SECONDS_TO_GATHER)


def _run(lane: Connection, start: Barrier) -> None:
    lane.send(os.getpid())
    while True:
        try:
            caller, move, wait = lane.recv()
        except EOFError:
            return
        start.wait(SECONDS_TO_GATHER)
        time.sleep(wait)
        lane.send(_outcome(caller, move))


def _outcome(caller: Caller, move: Move) -> str:
    document = mutation(move.name, input_of(move.name).name, "__typename")
    with faults(in_turn(reply_times_out) if move.loses_reply else never):
        result = ask(document, {"input": move.given}, caller)
    if "errors" not in result:
        return DONE
    return str(result["errors"][0]["extensions"]["code"])
