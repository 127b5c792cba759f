"""One session with a fault in it, and the matrix: such a fault at each moment."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pytest

from ai_coordination import texts
from ai_coordination.engine import agent_commands, session_commands
from ai_coordination.runtimes.base import Answer, Call, Result, Usage
from ai_coordination.states import SessionAgentState
from tests.simulation.blueprints import Blueprint
from tests.simulation.callers import insist
from tests.simulation.monitor import Monitor
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.snapshot import Snapshot

MOST_STEPS = 100
# What may happen to a write: it has landed all the same, or it has not.
FAULTS = ("answer lost", "conflict")


class Case:
    """A worker dies at the moments of these numbers, or the writes of these numbers are spoilt.

    Moments and writes are counted from `begin` on; what `prepare` does goes well.
    """

    def __init__(self, dies_at: Collection[int] = (), spoilt: str | None = None) -> None:
        self.world = Simulator()
        self.world.answers = self.answer
        self.world.seam = self._seam
        self.world.landed = self._look
        self.world.spoils = self._spoil
        self.monitor = Monitor(self.world)
        self.points = self.writes = 0
        self._has_begun = False
        self._dies_at = dies_at
        self._spoilt = spoilt

    def prepare(self) -> None:
        """Create what exists before the first fault."""
        raise NotImplementedError

    def begin(self) -> None:
        """What callers ask for."""
        raise NotImplementedError

    def answer(self, call: Call) -> Result:
        """What an agent answers."""
        raise NotImplementedError

    def ends_right(self, now: Snapshot) -> None:
        """What must hold once nothing is due."""
        self.monitor.rest(now)

    def run(self) -> Snapshot:
        """Run until nothing is due, and all agents that asked have an answer."""
        with self.world.running():
            insist(self.prepare)
            self._has_begun = True
            self.begin()
            now = self.rests()
            self.ends_right(now)
            return now

    def rests(self) -> Snapshot:
        """Run until nothing is due, with all approvals given. Return the session."""
        for _ in range(MOST_STEPS):
            self.world.step()
            survives(self.approve)
            now = self.monitor.look()
            if now and now.is_at_rest() and not self.world.queue:
                return now
        raise AssertionError("it does not come to rest")

    def approve(self) -> None:
        """Approve what agents ask about."""
        now = self.monitor.look()
        for agent in now.agents if now else ():
            if agent.state == SessionAgentState.WAITING_FOR_INPUT:
                agent_commands.answer(
                    self.world.request(),
                    self.world.caller,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    approved=True,
                )

    def _look(self) -> None:
        self.monitor.look()

    def _seam(self, point: str) -> None:
        if self._has_begun:
            self.points += 1
            self.meets(point)

    def meets(self, point: str) -> None:
        """The moment of this number has come."""
        if self.points in self._dies_at and not self._spoilt:
            raise Died(point)

    def _spoil(self, operation: str, request: Any) -> str | None:
        if not self._has_begun:
            return None
        self.writes += 1
        return self._spoilt if self.writes in self._dies_at else None


class Started(Case):
    """A caller starts a session of `blueprint`, until there is an answer."""

    blueprint: ClassVar[Blueprint]
    query: ClassVar[str | None] = None

    def prepare(self) -> None:
        self._task = self.blueprint.make(self.world.caller)

    def begin(self) -> None:
        insist(
            lambda: session_commands.start(
                self.world.request(),
                self.world.caller,
                coordination_uuid=self._task.coordination_uuid,
                task_uuid=self._task.task_uuid,
                task_query=self.query,
                idempotency_key="once",
            )
        )


def kept(call: Call, said: str) -> Answer:
    """An agent's answer, with its text where the engine keeps it."""
    used = Usage(input_tokens=100, output_tokens=10, model="nova")
    return Answer(texts.store(texts.Owner.of(call.agent), said), used)


def sampled(every: int) -> pytest.MarkDecorator:
    """A few of the moments every day; all of them among the long tests."""
    return pytest.mark.parametrize("every", [every, pytest.param(1, marks=pytest.mark.stress)])


def spoilt_by(*faults: str, every: int) -> pytest.MarkDecorator:
    """A few writes with these faults every day; all of them, with each fault, in the long tests."""
    everyday: list[Any] = [(fault, every) for fault in faults]
    long = [pytest.param(fault, 1, marks=pytest.mark.stress) for fault in FAULTS]
    return pytest.mark.parametrize(("spoilt", "every"), [*everyday, *long])


def ends_right_with(case: Case, where: object) -> None:
    """Runs a case; what goes wrong says where the fault was."""
    try:
        case.run()
    except Exception as error:
        error.add_note(f"where it went wrong: {where}")
        raise


def without_faults(new: Callable[[], Case]) -> Case:
    """A case that nothing goes wrong in, after its end."""
    case = new()
    case.run()
    return case


def dies_at_each_point(
    new: Callable[..., Case], points: int, first: int = 1, every: int = 1
) -> None:
    """The worker dies before and after each write of a row or a text, and each sending.

    Odd points are before, even ones after: with `every` 2 `first` says which.
    """
    assert without_faults(new).points == points
    for point in range(first, points + 1, every):
        ends_right_with(new([point]), f"the worker died at point {point}")


def is_spoilt_at_each_write(new: Callable[..., Case], spoilt: str, every: int = 1) -> int:
    """Each write has this fault, one in each case; with `every` 3 each third. Returns the writes.

    So many there are where nothing goes wrong.
    """
    writes = without_faults(new).writes
    for write in range(1, writes + 1, every):
        ends_right_with(new([write], spoilt), f"{spoilt} at write {write}")
    return writes


def two_die(new: Callable[..., Case], later: Collection[int]) -> int:
    """A worker dies at each point, and one more so many points later. Returns the points."""
    points = without_faults(new).points
    for point in range(1, points + 1):
        for more in later:
            at = [point, point + more]
            ends_right_with(new(at), f"workers died at points {at}")
    return points
