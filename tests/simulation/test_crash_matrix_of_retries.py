"""A worker dies before and after each write and message of a retry, which ends correctly.

The session has failed. A person has been asked about one answer, and one agent has completed that
follows a failed one. So a retry keeps the answer, unless it takes the members of now, and does what
has completed anew.
"""

import random
import string
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pytest

from ai_coordination import models, texts
from ai_coordination.engine import session_commands
from ai_coordination.errors import InvalidState
from ai_coordination.models import writes
from ai_coordination.models.texts import LargeText
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.services import members
from ai_coordination.states import FailurePolicy, UserInTheLoop
from tests.simulation.blueprints import LARGE, Blueprint, member
from tests.simulation.callers import insist
from tests.simulation.cases import (
    Case,
    ends_right_with,
    is_spoilt_at_each_write,
    kept,
    spoilt_by,
    two_die,
    without_faults,
)
from tests.simulation.simulator import TENANT, survives
from tests.simulation.snapshot import Snapshot
from tests.support.contexts import SYSTEM

STAYS, ASKS, CONTINUES, FOLLOWS, FAILS = NAMES = ["stays", "asks", "continues", "follows", "fails"]
FAILED = {CONTINUES, FAILS}
# What no compression makes small: a plan with members of it is a large text.
NOISE = "".join(random.Random(7).choices(string.ascii_letters, k=9_000))
ONCE = {"max_attempts": 1}
BLUEPRINT = Blueprint(
    members=[member(name) for name in NAMES],
    actions=[
        {"agent_uuid": STAYS},
        {"agent_uuid": ASKS, "user_in_the_loop": UserInTheLoop.APPROVAL},
        {
            "agent_uuid": CONTINUES,
            "predecessors": [STAYS],
            "retry": ONCE,
            "on_failure": FailurePolicy.CONTINUE,
        },
        {"agent_uuid": FOLLOWS, "predecessors": [CONTINUES]},
        {"agent_uuid": FAILS, "predecessors": [FOLLOWS], "retry": ONCE},
    ],
    queries=[],
)
POINTS = {"kept answers": 56, "current members": 62}
WRITES = 20


def current(name: str) -> dict[str, Any]:
    """A member as it is after the session has failed, with large parameters."""
    runtime = {**member(name)["runtime"], "parameters": {"prompt": NOISE[::-1], "of": name}}
    return {**member(name), "agent_description": f"{name}: {NOISE}", "runtime": runtime}


def change_members(task: models.Task) -> None:
    """What `updateCoordination` writes: the store does not understand the marks of updates."""
    owner = texts.Owner(TENANT, task.coordination_uuid)
    kind = models.Coordination
    given = members.build_members(SYSTEM, [current(name) for name in NAMES], "agents")
    writes.update_if(
        kind(TENANT, task.coordination_uuid),
        [kind.agents.set(members.compact_all(owner, given))],
        kind.partition_key.exists(),
        SYSTEM,
    )


class Retry(Case):
    """Its caller asks until there is an answer, or only once, so that sweeps have to go on."""

    def __init__(
        self,
        how: str,
        dies_at: Collection[int] = (),
        spoilt: str | None = None,
        *,
        asks_once: bool = False,
    ) -> None:
        super().__init__(dies_at, spoilt)
        self._with_members = how == "current members"
        self._asks_once = asks_once
        self.plans: set[type] = set()

    def prepare(self) -> None:
        """The session has failed, and the members of its coordination are others."""
        task = BLUEPRINT.make(self.world.caller)
        self._key = {
            "coordination_uuid": task.coordination_uuid,
            "session_uuid": session_commands.start(
                self.world.engine(),
                self.world.caller,
                coordination_uuid=task.coordination_uuid,
                task_uuid=task.task_uuid,
                task_query=LARGE,
            ).session_uuid,
        }
        while self.world.queue:
            self.world.step()
        now = self.monitor.look()
        assert now is not None
        self.monitor.rest(now)
        assert [agent.state for agent in now.agents] == [
            "completed",
            "cancelled",
            "failed",
            "completed",
            "failed",
        ]
        assert now.agents[NAMES.index(ASKS)].agent_output is not None
        change_members(task)

    def begin(self) -> None:
        if self._asks_once:
            survives(self._retry)
            now = self.rests()
            if now.session.iteration_count == 1:
                # Whoever has not said what to reset has changed nothing.
                assert not now.session.operation
                insist(self._retry, done=InvalidState)
        else:
            insist(self._retry, done=InvalidState)

    def _retry(self) -> None:
        session_commands.retry(
            self.world.engine(),
            self.world.caller,
            **self._key,
            with_current_members=self._with_members,
        )

    def answer(self, call: Call) -> Answer:
        iteration = int(call.agent.iteration)
        if call.agent.agent_uuid in FAILED and iteration == 1:
            raise RunFailed("No")
        return kept(call, said(str(call.agent.agent_uuid), iteration))

    def _look(self) -> None:
        now = self.monitor.look()
        if now and now.session.retry_plan is not None:
            self.plans.add(type(now.session.retry_plan))

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert (now.session.status, int(now.session.iteration_count)) == ("completed", 2)
        assert now.session.retry_plan is None
        assert self.plans == {LargeText if self._with_members else str}
        reset = [name for name in NAMES if name != STAYS]
        answered_in = {STAYS: 1, **dict.fromkeys(reset, 2)}
        if not self._with_members:
            answered_in[ASKS] = 1
        for agent in now.agents:
            name = str(agent.agent_uuid)
            assert agent.state == "completed"
            assert int(agent.iteration) == 1 + (name in reset)
            output = texts.read(TENANT, agent.agent_output)
            assert output == said(name, answered_in[name])
            is_new = self._with_members and name in reset
            assert agent.member.agent_description == (f"{name}: {NOISE}" if is_new else None)
            assert (agent.member.runtime.kept_parameters is not None) == is_new
        assert len(now.runs) == len(NAMES) + len(reset)


def said(name: str, iteration: int) -> str:
    return f"{name} has answered in {iteration}: {LARGE}"


# A caller who asks only once leaves the rest to sweeps; one who asks again does it itself.
# Odd points are before a write or a message, even ones after it. The long run below has all points
# of all retries.
@pytest.mark.parametrize(
    ("how", "asks_once", "first"), [("kept answers", True, 1), ("current members", False, 2)]
)
def test_a_retry_ends_right_wherever_its_worker_dies(how: str, asks_once: bool, first: int) -> None:
    points = without_faults(partial(Retry, how)).points
    # Before and after each write of a row or a text, and each sending.
    assert points == POINTS[how]

    for point in range(first, points + 1, 25):
        case = Retry(how, [point], asks_once=asks_once)
        ends_right_with(case, f"the worker died at point {point}")


@pytest.mark.parametrize("how", POINTS)
@spoilt_by("answer lost", "conflict", every=19)
def test_a_retry_ends_right_whichever_write_is_spoilt(how: str, spoilt: str, every: int) -> None:
    assert is_spoilt_at_each_write(partial(Retry, how), spoilt, every) == WRITES


@pytest.mark.stress
@pytest.mark.parametrize("asks_once", [False, True])
@pytest.mark.parametrize("how", POINTS)
def test_a_retry_ends_right_wherever_two_workers_die(
    how: str, asks_once: bool, write_line: Callable[[str], None]
) -> None:
    points = two_die(partial(Retry, how, asks_once=asks_once), (0, 1, 3, 8))

    write_line(
        f"crash matrix of retries, {how}: {points} points before and after writes and messages"
    )
