"""A worker dies at each moment of a session whose graph grows by rules, in one write or in many.

The same session is cancelled at each of these moments, and then retried.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.errors import InvalidState
from ai_coordination.runtimes.base import Answer, Call, Result, RunFailed, Usage
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.callers import insist
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    ends_right_with,
    is_spoilt_at_each_write,
    sampled,
    two_die,
)
from tests.simulation.flows import Subtask
from tests.simulation.snapshot import Snapshot

POINTS, POINTS_OF_CHUNKS = 120, 134
LIST = json.dumps(["x", "y", "z"])
USED = Usage(input_tokens=3, output_tokens=4)
ONCE = {"max_attempts": 1}
BLUEPRINT = Blueprint(
    members=[member(name) for name in ("lists", "maps", "loops", "drafts", "judges")],
    actions=[
        {"agent_uuid": "lists"},
        {
            "agent_uuid": "maps",
            "predecessors": ["lists"],
            "for_each": {
                "items": "outputs.lists",
                "max_concurrency": 2,
                "tolerated_failures": 1,
            },
            "retry": ONCE,
        },
        {
            "agent_uuid": "loops",
            "predecessors": ["maps"],
            "task_uuid": 0,
            "repeat": {"until": "round >= `2`", "max_rounds": 3},
        },
    ],
    queries=[],
    subtasks=[
        Subtask(
            [
                {"agent_uuid": "drafts"},
                {"agent_uuid": "judges", "predecessors": ["drafts"]},
            ]
        )
    ],
)
# By the UUID of the agent, in the order of the ordinals: what is there in the end.
STATES = {
    "lists": ["completed"],
    "maps": ["completed", "completed", "failed", "completed"],
    "loops": ["completed"],
    "drafts": 2 * ["completed"],
    "judges": 2 * ["completed"],
}


@contextmanager
def written(*, in_chunks: bool) -> Iterator[None]:
    """Growths are small enough for one write, or not."""
    if not in_chunks:
        yield
        return
    with patch.object(grow, "MOST_AT_ONCE", 1), patch.object(rest, "CHUNK", 2):
        yield


class Growing(Started):
    """A list of three, of which one fails; then a task that is run twice, in rounds."""

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Result:
        name = str(call.agent.agent_uuid)
        if name == "lists":
            return Answer(LIST, USED)
        if name == "maps" and call.agent.item_index == 1:
            raise RunFailed("No", retryable=False, usage=USED)
        return Answer(f"{name} said so", USED)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        states: dict[str, list[str]] = {}
        for agent in now.agents:
            states.setdefault(agent.agent_uuid, []).append(agent.state)
        assert states == STATES
        maps: Any = now.by_ordinal[1]
        loops: Any = now.by_ordinal[2]
        assert json.loads(maps.agent_output) == ["maps said so", None, "maps said so"]
        assert loops.agent_output == "loops said so"
        assert [int(growth.size) for growth in loops.grew] == [2, 2]


class Cancelled(Growing):
    """It is cancelled at a moment, and retried once it rests."""

    def __init__(self, cancelled_at: int) -> None:
        super().__init__()
        self._cancelled_at = cancelled_at
        self._is_cancelled = False

    def meets(self, point: str) -> None:
        if self._is_cancelled or self.points < self._cancelled_at:
            return
        now = self.monitor.look()
        if now is None or now.session.status != "in_progress":
            return
        self._is_cancelled = True
        self.done = {
            agent.session_agent_uuid: agent.agent_output
            for agent in now.agents
            if agent.state == "completed" and agent.parent_ordinal is not None
        }
        insist(lambda: self._command(session_commands.cancel), done=InvalidState)

    def ends_right(self, now: Snapshot) -> None:
        if now.session.status == "cancelled":
            self.monitor.rest(now)
            assert now.session.graph_size == now.session.agent_count == len(now.agents)
            if all(agent.state != "cancelled" for agent in now.agents):
                return
            runs = {uuid: self._runs(now, uuid) for uuid in self.done}
            insist(lambda: self._command(session_commands.retry), done=InvalidState)
            now = self.rests()
            assert {uuid: self._runs(now, uuid) for uuid in self.done} == runs
        super().ends_right(now)

    def _runs(self, now: Snapshot, uuid: str) -> int:
        return sum(run.session_agent_uuid == uuid for run in now.runs)

    def _command(self, command: Callable[..., object]) -> None:
        now = self.monitor.look()
        assert now is not None
        command(
            self.world.engine(),
            self.world.caller,
            coordination_uuid=now.session.coordination_uuid,
            session_uuid=now.session.session_uuid,
        )


# Odd points are before a write or a message, even ones after it.
@sampled(47)
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_session_that_grows_ends_right_wherever_its_worker_dies(
    every: int, *, in_chunks: bool
) -> None:
    with written(in_chunks=in_chunks):
        points = POINTS_OF_CHUNKS if in_chunks else POINTS
        dies_at_each_point(Growing, points, 1 + in_chunks, every)


@sampled(83)
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_session_is_cancelled_while_it_grows_and_a_retry_completes_it(
    every: int, *, in_chunks: bool
) -> None:
    with written(in_chunks=in_chunks):
        points = POINTS_OF_CHUNKS if in_chunks else POINTS
        for point in range(1 + in_chunks, points, every):
            ends_right_with(Cancelled(point), f"it was cancelled at point {point}")


@pytest.mark.stress
@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_session_that_grows_ends_right_whichever_write_is_spoilt(
    spoilt: str, *, in_chunks: bool
) -> None:
    with written(in_chunks=in_chunks):
        is_spoilt_at_each_write(Growing, spoilt)


@pytest.mark.stress
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_session_that_grows_ends_right_wherever_two_workers_die(*, in_chunks: bool) -> None:
    with written(in_chunks=in_chunks):
        two_die(Growing, (1, 2, 3, 5, 8))
