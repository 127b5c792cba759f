"""A worker that is slow between two writes meets a session that has gone on without it."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.services.execution import lifecycle, reports
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.seen import Seen
from tests.simulation.watch import Watch
from tests.simulation.world import CALLER, World

NAMES = ["one", "other"]
BLUEPRINT = Blueprint(
    members=[member(name, AgentRuntimeKind.EXTERNAL) for name in NAMES],
    actions=[{"agent_uuid": name, "retry": {"max_attempts": 1}} for name in NAMES],
    queries=[],
)


class Slow:
    """A session of two agents that others work on, and a request that is slow at one write."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._watch = Watch(self.world)
        self.world.landed = lambda: (self._watch.look(), None)[1]
        task = BLUEPRINT.make()
        self.session: models.Session = self._as_caller(
            lifecycle.start, coordination_uuid=task.coordination_uuid, task_uuid=task.task_uuid
        )
        self.work_off()

    def _as_caller(self, mutation: Callable[..., Any], **given: Any) -> Any:
        return mutation(self.world.engine(), CALLER, **given)

    def ask(self, mutation: Callable[..., Any]) -> None:
        session = self.session
        key = {"coordination_uuid": session.coordination_uuid, "session_uuid": session.session_uuid}
        self._as_caller(mutation, **key)

    def fail_all(self) -> None:
        """Each agent reports a failure, as far as it may."""
        for agent in self.now().agents:
            if agent.state == "in_progress":
                self._as_caller(
                    reports.fail,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    notes="No",
                )
        self.work_off()

    def work_off(self) -> None:
        while self.world.queue:
            self.world.step()

    def now(self) -> Seen:
        now = self._watch.look()
        assert now is not None
        return now

    def states(self) -> list[tuple[str, int]]:
        return [(agent.state, int(agent.iteration)) for agent in self.now().agents]

    def while_slow_at(self, moment: int, others: Callable[[], None]) -> None:
        """What others do at a moment of this number before or after a write."""
        moments = count(1)

        def seam(point: str) -> None:
            if next(moments) == moment:
                self.world.seam = lambda point: None
                others()

        self.world.seam = seam


# After the first write, and before and after two more.
at_any_moment = pytest.mark.parametrize("moment", range(2, 7))


@pytest.fixture
def slow() -> Iterator[Slow]:
    world = World()
    with world.running():
        yield Slow(world)


@at_any_moment
def test_who_is_slow_at_ending_a_session_leaves_its_next_iteration_alone(
    slow: Slow, moment: int
) -> None:
    def others() -> None:
        slow.ask(lifecycle.cancel)
        slow.ask(lifecycle.retry)
        slow.work_off()

    slow.while_slow_at(moment, others)
    slow.ask(lifecycle.cancel)

    session = slow.now().session
    assert (session.status, session.iteration_count) == ("in_progress", 2)
    assert slow.states() == [("in_progress", 2), ("in_progress", 2)]


@at_any_moment
def test_who_is_slow_at_retrying_a_session_leaves_its_later_iterations_alone(
    slow: Slow, moment: int
) -> None:
    slow.fail_all()

    def others() -> None:
        slow.ask(lifecycle.retry)
        slow.work_off()
        slow.fail_all()
        slow.ask(lifecycle.retry)
        slow.work_off()
        slow.fail_all()

    slow.while_slow_at(moment, others)
    slow.ask(lifecycle.retry)
    slow.work_off()

    session = slow.now().session
    assert (session.status, session.iteration_count) == ("failed", 3)
    assert {iteration for _, iteration in slow.states()} == {3}
