"""A worker that is slow between two writes meets a session that has gone on without it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.services.execution import lifecycle, reports
from ai_coordination.services.execution.engine import Accepted, Answer, Call
from ai_coordination.states import AgentRuntimeKind, FailurePolicy
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.seen import Seen
from tests.simulation.watch import Watch
from tests.simulation.world import CALLER, World

NAMES = ["one", "other"]
ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}}
SIDE_BY_SIDE: list[dict[str, Any]] = [{"agent_uuid": name, **ONCE} for name in NAMES]
IN_A_ROW: list[dict[str, Any]] = [
    {"agent_uuid": "one", **ONCE, "on_failure": FailurePolicy.CONTINUE},
    {"agent_uuid": "other", "predecessors": ["one"]},
]


class Slow:
    """A session of two agents that others work on, and a request that is slow at one write."""

    def __init__(
        self,
        world: World,
        actions: list[dict[str, Any]],
        kind: AgentRuntimeKind = AgentRuntimeKind.EXTERNAL,
    ) -> None:
        self.world = world
        self._watch = Watch(self.world)
        self.world.landed = lambda: (self._watch.look(), None)[1]
        members = [member(name, kind) for name in NAMES]
        task = Blueprint(members, actions, queries=[]).make()
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

    def fail_all(self, others_at: int = 0, others: Callable[[], None] = lambda: None) -> None:
        """Each agent reports a failure, as far as it may; who then works may be slow."""
        for agent in self.now().agents:
            if agent.state == "in_progress":
                self._as_caller(
                    reports.fail,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    notes="No",
                )
        self.while_slow_at(others_at, others)
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
def world() -> Iterator[World]:
    world = World()
    with world.running():
        yield world


@pytest.fixture
def slow(world: World) -> Slow:
    return Slow(world, SIDE_BY_SIDE)


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


@pytest.mark.parametrize("moment", range(1, 5))
def test_who_is_slow_at_releasing_releases_nobody_of_the_next_iteration(
    world: World, moment: int
) -> None:
    slow = Slow(world, IN_A_ROW)

    def others() -> None:
        slow.ask(lifecycle.cancel)
        slow.ask(lifecycle.retry)
        slow.work_off()

    slow.fail_all(others_at=moment, others=others)

    assert slow.states() == [("in_progress", 2), ("initial", 2)]
    assert slow.now().agents[1].waiting_on == {0}


def test_an_answer_that_comes_after_the_next_attempt_has_begun_is_not_taken(world: World) -> None:
    calls = count(1)

    def answer(call: Call) -> Answer | Accepted:
        if next(calls) == 2:
            return Accepted()
        world.clock += timedelta(seconds=120)
        world.sweep()
        while world.queue:
            world.step()
        return Answer("Too late")

    world.answers = answer
    action = {"agent_uuid": "one", "timeout_seconds": 30, "retry": {"interval_seconds": 0}}
    slow = Slow(world, [action], AgentRuntimeKind.ECHO)

    (agent,) = slow.now().agents
    assert (agent.state, agent.attempt) == ("in_progress", 2)
    assert agent.agent_output is None
    assert [run.outcome for run in slow.now().runs] == ["timed_out", None]
