"""A worker dies before and after each write and message of a purge, and nothing is left in the end.

The session has agents, runs, labels and large texts. Its caller asks until there is an answer, or
its time is over and a sweep begins. Meanwhile somebody records runs for it and for its agents.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models, services
from ai_coordination.engine import session_commands
from ai_coordination.engine.session import purge
from ai_coordination.errors import NotFound
from ai_coordination.models import deletions
from ai_coordination.runtimes.base import Answer, Call
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.callers import insist
from tests.simulation.cases import (
    MOST_STEPS,
    Case,
    dies_at_each_point,
    ends_right_with,
    is_spoilt_at_each_write,
    kept,
    spoilt_by,
    two_die,
)
from tests.simulation.simulator import RETENTION, survives
from tests.simulation.snapshot import Snapshot

NAMES = ["a", "b", "c"]
BLUEPRINT = Blueprint(
    members=[member(name) for name in NAMES],
    actions=[{"agent_uuid": "a"}, {"agent_uuid": "b", "predecessors": ["a"]}, {"agent_uuid": "c"}],
    queries=[],
)
LABELS = [{"key": "customer", "value": "ACME"}, {"key": "urgent", "value": ""}]
POINTS = {"a caller": 24, "time": 24}
# As long as there are agents, for each of them; then no more.
RECORDED = {1: 0, 5: 3, 6: 2, 9: 1, 10: 0, 13: 0, 16: 0, 20: 0}


@contextmanager
def small_bites() -> Iterator[None]:
    """Two rows are read, and one is deleted, at a time."""
    with patch.object(deletions, "ROWS", 2), patch.object(deletions, "MOST_AT_ONCE", 1):
        yield


class Purge(Case):
    """Somebody else records runs at the moment of this number."""

    def __init__(
        self,
        who: str,
        dies_at: Collection[int] = (),
        spoilt: str | None = None,
        *,
        records_at: int | None = None,
    ) -> None:
        super().__init__(dies_at, spoilt)
        self._by_time = who == "time"
        self._records_at = records_at
        self.recorded = 0

    def prepare(self) -> None:
        """The session has completed, and has runs of its own."""
        task = BLUEPRINT.make(self.world.caller)
        started = session_commands.start(
            self.world.engine(),
            self.world.caller,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
            task_query=LARGE,
            labels=LABELS,
        )
        self._session = started.session_uuid
        self._key = {
            "coordination_uuid": task.coordination_uuid,
            "session_uuid": started.session_uuid,
        }
        while self.world.queue:
            self.world.step()
        now = self.monitor.look()
        assert now is not None
        self.monitor.rest(now)
        self._agents = [str(agent.session_agent_uuid) for agent in now.agents]

    def begin(self) -> None:
        if self._by_time:
            self.world.clock += RETENTION + timedelta(minutes=1)
        else:
            insist(self._purge, done=NotFound)

    def _purge(self) -> None:
        session_commands.purge(self.world.engine(), self.world.caller, **self._key)

    def answer(self, call: Call) -> Answer:
        return kept(call, f"{call.agent.agent_uuid} has answered: {LARGE}")

    def run(self) -> Any:
        """Run until the session is gone, and its texts."""
        with self.world.running(), small_bites():
            insist(self.prepare)
            self._has_begun = True
            self.begin()
            for _ in range(MOST_STEPS):
                self.world.step()
                if self.monitor.look() is None and not self.world.queue:
                    break
            self.nothing_is_left()

    def meets(self, point: str) -> None:
        if self.points == self._records_at:
            self._has_begun = False
            self._record()
            self._has_begun = True
        super().meets(point)

    def _record(self) -> None:
        """Runs that somebody has made elsewhere, of an agent and of none."""
        now = self.monitor.look()
        if now is None or not now.is_being_purged:
            return
        for agent in (None, *self._agents):
            with suppress(NotFound):
                survives(partial(self._recorded, agent))

    def _recorded(self, agent: str | None) -> None:
        given: dict[str, Any] = {**self._key, "agent_uuid": "a", "session_agent_uuid": agent}
        services.session_run.record(self.world.caller, **given)
        self.recorded += 1
        assert agent is not None, "the session takes no more runs"

    def nothing_is_left(self) -> None:
        """The monitor has seen that nothing is left of it in the tables, and that it is counted."""
        assert self.monitor.look() is None
        assert not self.monitor.reader.all_of(models.SessionLabel)
        assert not [key for key in self.world.bucket.texts if f"/{self._session}/" in key]

    def ends_right(self, now: Snapshot) -> None:
        raise AssertionError("it has no end")


# Odd points are before a write or a message, even ones after it. The long run below has all points.
@pytest.mark.parametrize(("who", "first"), [("a caller", 1), ("time", 2)])
def test_a_purge_leaves_nothing_wherever_its_worker_dies(who: str, first: int) -> None:
    dies_at_each_point(partial(Purge, who), POINTS[who], first, every=9)


@pytest.mark.parametrize("who", POINTS)
@spoilt_by("answer lost", "conflict", every=9)
def test_a_purge_leaves_nothing_whichever_write_is_spoilt(
    who: str, spoilt: str, every: int
) -> None:
    is_spoilt_at_each_write(partial(Purge, who), spoilt, every)


def test_a_purge_leaves_nothing_whenever_runs_are_recorded() -> None:
    for point, recorded in RECORDED.items():
        case = Purge("a caller", records_at=point)
        ends_right_with(case, f"runs were recorded at point {point}")
        assert case.recorded == recorded


def test_runs_are_left_if_agents_are_deleted_after_them() -> None:
    case = Purge("a caller", records_at=13)

    with (
        patch.object(purge, "PARTS", purge.PARTS[::-1]),
        pytest.raises(AssertionError, match="left of a session"),
    ):
        case.run()


@pytest.mark.stress
@pytest.mark.parametrize("who", POINTS)
def test_a_purge_leaves_nothing_wherever_two_workers_die(
    who: str, write_line: Callable[[str], None]
) -> None:
    points = two_die(partial(Purge, who), (0, 1, 3, 8))

    write_line(f"crash matrix of purges, {who}: {points} points before and after writes")
