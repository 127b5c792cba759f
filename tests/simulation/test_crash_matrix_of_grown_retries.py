"""A worker dies before and after each write and message of the retry of a session that has grown.

When the session failed, a list was made from what another agent did not say; of a limited list two
elements had failed; and a supervisor waited for work that it had delegated.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.errors import InvalidState
from ai_coordination.runtimes.base import Accepted, Answer, Call, Delegation, Result, RunFailed
from ai_coordination.runtimes.delegations import Work
from ai_coordination.states import FailurePolicy
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.callers import insist
from tests.simulation.cases import Case, dies_at_each_point, is_spoilt_at_each_write
from tests.simulation.snapshot import Snapshot

LISTS, MAPS, LIMITED, LEADS, HELPS, FAILS = NAMES = [
    "lists",
    "maps",
    "limited",
    "leads",
    "helps",
    "fails",
]
ONCE = {"max_attempts": 1}
GOES_ON = {"retry": ONCE, "on_failure": FailurePolicy.CONTINUE}
BLUEPRINT = Blueprint(
    members=[member(name) for name in NAMES],
    actions=[
        {"agent_uuid": LISTS, **GOES_ON},
        {
            "agent_uuid": MAPS,
            "predecessors": [LISTS],
            "for_each": {"items": "outputs.lists || `[0]`"},
        },
        {
            "agent_uuid": LIMITED,
            "for_each": {"items": "`[1, 2, 3]`", "max_concurrency": 1, "tolerated_failures": 0},
            **GOES_ON,
        },
        {"agent_uuid": LEADS, "delegates_to": [HELPS]},
        {"agent_uuid": FAILS, "predecessors": [MAPS, LIMITED], "retry": ONCE},
    ],
    queries=[],
)
POINTS = 168
RESUME = {"turn": 1}


@contextmanager
def in_chunks() -> Iterator[None]:
    with patch.object(grow, "MOST_AT_ONCE", 1), patch.object(rest, "CHUNK", 2):
        yield


class Retried(Case):
    """Its caller asks until there is an answer."""

    def prepare(self) -> None:
        task = BLUEPRINT.make(self.world.caller)
        session = session_commands.start(
            self.world.engine(),
            self.world.caller,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
        )
        self._key: dict[str, Any] = {
            "coordination_uuid": task.coordination_uuid,
            "session_uuid": session.session_uuid,
        }
        while self.world.queue:
            self.world.step()
        now = self.monitor.look()
        assert now is not None
        self.monitor.rest(now)
        assert states(now) == {
            LISTS: ["failed"],
            MAPS: ["completed", "completed"],
            LIMITED: ["failed", "failed", "completed", "failed"],
            LEADS: ["cancelled"],
            HELPS: ["cancelled"],
            FAILS: ["failed"],
        }

    def begin(self) -> None:
        def retry() -> None:
            session_commands.retry(self.world.engine(), self.world.caller, **self._key)

        insist(retry, done=InvalidState)

    def answer(self, call: Call) -> Result:
        """In the first iteration much fails, and the delegated work takes long."""
        name, is_again = str(call.agent.agent_uuid), call.agent.iteration > 1
        if name == HELPS and not is_again:
            return Accepted()
        fails = name in (LISTS, FAILS) or (name == LIMITED and call.agent.item_index != 1)
        if fails and not is_again:
            raise RunFailed("No")
        if name == LEADS and call.turn == 1:
            return Delegation([Work(HELPS, "Help")], RESUME)
        if name == LEADS:
            assert call.resume == RESUME
            assert [one.output for one in call.delegated] == ["helps"]
        return Answer("[5, 6, 7]" if name == LISTS else name)

    def ends_right(self, now: Snapshot) -> None:
        super().ends_right(now)
        assert (now.session.status, int(now.session.iteration_count)) == ("completed", 2)
        assert int(now.session.superseded_count) == 1
        assert states(now) == {
            LISTS: ["completed"],
            MAPS: ["completed"] * 5,
            LIMITED: ["completed"] * 4,
            LEADS: ["completed"],
            HELPS: ["completed"],
            FAILS: ["completed"],
        }
        replaced = [one for one in now.agents if one.superseded]
        assert [(one.agent_uuid, int(one.iteration)) for one in replaced] == [(MAPS, 1)]
        runs = {
            name: [len(now.runs_of(one)) for one in now.agents if one.agent_uuid == name]
            for name in NAMES
        }
        # The element that had completed is not done again, nor is what the supervisor delegated.
        assert runs == {
            LISTS: [2],
            MAPS: [2, 1, 1, 1, 1],
            LIMITED: [1, 2, 1, 2],
            LEADS: [2],
            HELPS: [2],
            FAILS: [2],
        }


def states(now: Snapshot) -> dict[str, list[Any]]:
    return {name: [one.state for one in now.agents if one.agent_uuid == name] for name in NAMES}


def test_a_retry_ends_right_wherever_its_worker_dies() -> None:
    with in_chunks():
        dies_at_each_point(Retried, POINTS, first=3, every=67)


@pytest.mark.stress
def test_a_retry_ends_right_at_each_moment_at_which_its_worker_dies() -> None:
    with in_chunks():
        dies_at_each_point(Retried, POINTS)


@pytest.mark.stress
@pytest.mark.parametrize("spoilt", ["answer lost", "conflict"])
def test_a_retry_ends_right_whichever_write_is_spoilt(spoilt: str) -> None:
    with in_chunks():
        is_spoilt_at_each_write(Retried, spoilt)
