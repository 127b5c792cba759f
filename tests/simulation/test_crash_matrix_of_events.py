"""A worker dies at each moment of sessions with events, none of which is lost."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import timestamps
from ai_coordination.engine import session_commands
from ai_coordination.runtimes.base import Answer, Call, Result
from ai_coordination.states import UserInTheLoop
from tests.simulation import cases
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.bus import Bus
from tests.simulation.cases import (
    Started,
    dies_at_each_point,
    is_spoilt_at_each_write,
    sampled,
    two_die,
)
from tests.simulation.simulator import MINUTE, START
from tests.simulation.snapshot import Snapshot
from tests.simulation.test_crash_matrix_of_questions import Asking

POINTS = 84
POINTS_OF_RETRY = 56
HOUR = timedelta(hours=1)
TRIES = 63


class Told(Asking):
    """An agent asks a question, and twice about an output. All of it is told."""

    def __init__(self, *faults: object) -> None:
        super().__init__(*faults)  # type: ignore[arg-type] # those of a case
        self.world.bus = Bus(self.world)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert self.world.bus is not None
        asked = [run for run in now.runs_of(now.agents[0]) if run.outcome != "failed"]
        assert self.world.bus.told.keys() == {
            *(f"asks-{run.run_uuid}" for run in asked),
            f"ended-{now.session.session_uuid}-1",
        }


class Retried(Started):
    """The session is cancelled while its agent asks, and retried, and asks again."""

    blueprint = Blueprint(
        members=[member("writer")],
        actions=[{"agent_uuid": "writer", "user_in_the_loop": UserInTheLoop.APPROVAL}],
        queries=[],
    )

    def __init__(self, *faults: object) -> None:
        super().__init__(*faults)  # type: ignore[arg-type] # those of a case
        self.world.bus = Bus(self.world)

    def answer(self, call: Call) -> Result:
        return Answer("A draft")

    def rests(self) -> Snapshot:
        """It may rest before its caller retries it."""
        now = super().rests()
        while now.session.iteration_count == 1:
            now = super().rests()
        return now

    def approve(self) -> None:
        """Cancel the session when it asks first, retry it, and approve what it asks then."""
        now = self.monitor.look()
        if now is None:
            return
        key: dict[str, Any] = {
            "coordination_uuid": now.session.coordination_uuid,
            "session_uuid": now.session.session_uuid,
        }
        if now.session.iteration_count > 1:
            super().approve()
        elif now.session.status == "cancelled":
            session_commands.retry(self.world.request(), self.world.caller, **key)
        elif now.asking():
            session_commands.cancel(self.world.request(), self.world.caller, **key)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert now.session.status == "completed"
        assert self.world.bus is not None
        kinds = sorted(name.partition("-")[0] for name in self.world.bus.told)
        assert kinds == ["asks", "asks", "ended", "ended"]


class Refused(Started):
    """Nobody answers in six hours, and the bus refuses everything for a day."""

    blueprint = Blueprint(
        members=[member("writer")],
        actions=[
            {
                "agent_uuid": "writer",
                "user_in_the_loop": UserInTheLoop.APPROVAL,
                "answer_timeout_seconds": 6 * 3600,
            }
        ],
        queries=[],
    )

    def __init__(self) -> None:
        super().__init__()
        self.bus = self.world.bus = Bus(self.world, refused=1.0)

    def answer(self, call: Call) -> Result:
        return Answer("A draft")

    def approve(self) -> None:
        """Nobody does. The bus is repaired after a day."""
        if self.world.clock >= START + 24 * HOUR:
            self.bus.refused = 0.0


def test_a_bus_that_refuses_is_tried_ever_more_rarely_and_delays_no_deadline() -> None:
    case = Refused()
    with patch.object(cases, "MOST_STEPS", 3_000):
        now = case.run()

    (writer,) = now.agents
    assert (writer.state, now.session.status) == ("failed", "failed")
    assert timestamps.parse(now.session.finished_at) >= START + 6 * HOUR
    assert timestamps.parse(now.session.finished_at) <= START + 6 * HOUR + 2 * MINUTE
    # Of two items in 24 hours. Each doubles its wait, from a minute to an hour.
    assert case.bus.tries == TRIES
    assert sorted(case.bus.times.values()) == [1, 1]
    assert now.session.looks is None


@sampled(19)
def test_no_question_and_no_end_is_left_out_wherever_the_worker_dies(every: int) -> None:
    dies_at_each_point(Told, POINTS, 2, every)


@sampled(19)
def test_a_session_that_begins_again_tells_of_both_ends(every: int) -> None:
    dies_at_each_point(Retried, POINTS_OF_RETRY, 2, every)


@pytest.mark.stress
@pytest.mark.parametrize("case", [Told, Retried])
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_no_event_is_left_out_whichever_write_is_spoilt(case: type[Started], spoilt: str) -> None:
    is_spoilt_at_each_write(case, spoilt)


@pytest.mark.stress
@pytest.mark.parametrize("case", [Told, Retried])
def test_no_event_is_left_out_wherever_two_workers_die(case: type[Started]) -> None:
    two_die(case, (1, 2, 3, 5, 8, 13))
