"""A worker dies at each moment of a session whose work is accepted elsewhere and polled."""

from collections.abc import Collection
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.runtimes.base import Accepted, Answer, Call, RunFailed
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    sampled,
    spoilt_by,
    two_die,
)
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest
from tests.simulation.snapshot import Snapshot

POINTS = 60
# The second is longer than a message can wait. The last one is throttled.
WAITS = [5, 1_000, 5]
BLUEPRINT = Blueprint(
    members=[member("polled", AgentRuntimeKind.OPENAI), member("last")],
    actions=[
        {"agent_uuid": "polled", "retry": {"max_attempts": 2}, "timeout_seconds": 7_200},
        {"agent_uuid": "last", "predecessors": ["polled"]},
    ],
    queries=[],
)


class Polled(Started):
    """The work fails at first. In the next attempt it is polled three times, then it is done."""

    def __init__(self, dies_at: Collection[int] = (), spoilt: str | None = None) -> None:
        super().__init__(dies_at, spoilt)
        self.world.polls = self.poll

    blueprint = BLUEPRINT

    def answer(self, call: Call) -> Answer | Accepted:
        if call.agent.ordinal == 1:
            return Answer("The end")
        return Accepted({"of": call.run_uuid, "polls": 0}, WAITS[0], f"task-{call.attempt}")

    def poll(self, call: Call) -> Answer | Accepted:
        """What it says follows from `remote`, so whoever polls again hears the same."""
        assert call.remote["of"] == call.run_uuid
        polls = call.remote["polls"] + 1
        if call.attempt == 1:
            raise RunFailed("Not yet")
        if polls < len(WAITS):
            return Accepted({"of": call.run_uuid, "polls": polls}, WAITS[polls])
        if polls == len(WAITS) and not self._has_been_busy:
            self._has_been_busy = True
            raise RunFailed("Busy", throttled=True)
        return Answer("Done")

    _has_been_busy = False

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert [agent.agent_output for agent in now.agents] == ["Done", "The end"]
        assert [(run.attempt, run.outcome) for run in runs_of(now)] == [
            (1, "failed"),
            (2, "completed"),
        ]
        assert [run.async_task_uuid for run in runs_of(now)] == ["task-1", "task-2"]


def runs_of(now: Snapshot) -> list[models.SessionRun]:
    return sorted(now.runs_of(now.agents[0]), key=lambda run: int(run.attempt))


@sampled(17)
def test_a_polled_session_ends_right_wherever_its_worker_dies(every: int) -> None:
    dies_at_each_point(Polled, POINTS, every=every)


@spoilt_by("conflict", every=7)
def test_a_polled_session_ends_right_whichever_write_is_spoilt(spoilt: str, every: int) -> None:
    is_spoilt_at_each_write(Polled, spoilt, every)


@pytest.mark.stress
def test_a_polled_session_ends_right_wherever_two_workers_die() -> None:
    two_die(Polled, (1, 2, 3, 5, 8, 13))


@pytest.mark.parametrize("result", [RunFailed("lost"), Accepted({"of": "the slow one"}, 500)])
def test_a_worker_that_polls_for_longer_than_its_lease_fails_and_delays_nothing(
    result: RunFailed | Accepted,
) -> None:
    """It is stopped in its poll, and continues while another worker polls."""
    world = Simulator()
    stopped: list[Call] = []
    remotes: list[Any] = []

    def of_the_slow_one(call: Call) -> Accepted:
        if isinstance(result, RunFailed):
            raise result
        return result

    def poll(call: Call) -> Answer | Accepted:
        remotes.append(call.remote)
        if not stopped:
            stopped.append(call)
            raise Died("it is stopped")
        if len(remotes) == 2:
            world.polls = of_the_slow_one
            world.wake(stopped[0])
            world.polls = poll
            return Accepted({"of": "the quick one"}, 5)
        return Answer("Done")

    with world.running():
        world.answers = lambda call: Accepted({"of": "both"}, 5)
        world.polls = poll
        slow = SlowRequest(world, [{"agent_uuid": "one"}], AgentRuntimeKind.ECHO)
        while slow.now().session.status == "in_progress":
            world.step()

        (agent,) = slow.now().agents
        assert (agent.state, agent.agent_output, agent.attempt) == ("completed", "Done", 1)
        assert remotes == [{"of": "both"}, {"of": "both"}, {"of": "the quick one"}]
