"""Small random sessions that meet more faults than others, and the faults of particular moments."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.engine import looks
from ai_coordination.engine.agent.growth import rest
from ai_coordination.states import FailurePolicy, UserInTheLoop
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.flows import UNTIL_DONE, Subtask
from tests.simulation.people import GROUP
from tests.simulation.random_session import RandomSession
from tests.simulation.simulator import survives
from tests.simulation.snapshot import Snapshot

TWICE = {"max_attempts": 2, "interval_seconds": 0}
LASTS = {"retry": TWICE, "on_failure": FailurePolicy.CONTINUE}
NAMES = ["lists", "maps", "loops", "helps", "joins"]
A_SWEEP_LATER = timedelta(minutes=3)
Switch = Callable[[], AbstractContextManager[Any]]


def blueprint(*actions: Mapping[str, Any], subtasks: Sequence[Subtask] = ()) -> Blueprint:
    """Few agents, so that many sessions are tried in a short time."""
    return Blueprint(
        members=[member(name) for name in NAMES],
        actions=[{**LASTS, **action} for action in actions],
        queries=[],
        subtasks=subtasks,
    )


MAP = blueprint(
    {"agent_uuid": "lists"},
    {
        "agent_uuid": "maps",
        "predecessors": ["lists"],
        "for_each": {"items": "outputs.lists.list || `[1, 2, 3, 4]`", "max_concurrency": 1},
    },
    {"agent_uuid": "joins", "predecessors": ["maps"]},
)
TWO_LISTS = blueprint(
    {"agent_uuid": "maps", "for_each": {"items": "`[1, 2]`"}},
    {"agent_uuid": "loops", "for_each": {"items": "`[1, 2, 3]`"}},
)
COPY = blueprint(
    {"agent_uuid": "loops", "repeat": {"until": UNTIL_DONE, "max_rounds": 2}, "task_uuid": 0},
    subtasks=[
        Subtask(
            [
                {"agent_uuid": "helps", **LASTS},
                {"agent_uuid": "lists", "predecessors": ["helps"], **LASTS},
                {"agent_uuid": "joins", "predecessors": ["lists"], **LASTS},
            ]
        )
    ],
)
PEOPLE = blueprint(
    *(
        {"agent_uuid": name, "ask": {"kind": UserInTheLoop.APPROVAL, "group": GROUP}}
        for name in NAMES[:2]
    )
)


class Stormy(RandomSession):
    """Growths are written in chunks, others work before many of the writes, and people hurry.

    With `most_looks` an agent is given up after so many looks, and that is no fault.
    """

    most_looks: int | None = None

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint=blueprint)
        self._grows_in_chunks = True
        self._rival, self._death = 0.4, 0.05
        self._callers.claims = 0.6
        self._outages, self._clears_away = 0, False
        self._cancels, self._retries = seed % 3, 2 + seed % 3

    def run(self) -> Snapshot:
        if self.most_looks is None:
            return super().run()
        with patch.object(looks, "MOST", self.most_looks):
            return super().run()

    def _checks_looks(self, now: Snapshot) -> None:
        if self.most_looks is None:
            super()._checks_looks(now)

    @contextmanager
    def _sizes(self) -> Iterator[None]:
        with super()._sizes(), patch.object(rest, "CHUNK", 1):
            yield

    def _let_run_first(self) -> None:
        """While a growth is being written, a caller cancels, or others look for what is due."""
        now, draw = self._monitor.look(), self.world.random.random()
        if now is None or draw < 0.3 or not any(agent.growing for agent in now.agents):
            super()._let_run_first()
        elif draw < 0.6 and self._cancels:
            self._cancels -= 1
            self._callers.cancel(now.session)
        else:
            self._let_others_look(6)

    def _let_others_look(self, messages: int) -> None:
        """Others find what is due, and work on so many messages."""
        self.world.clock += A_SWEEP_LATER
        survives(self.world.sweep)
        for _ in range(messages):
            if self.world.queue:
                self.world.work_any()

    def _let_others_run(self, but: Callable[[models.SessionAgent], Any]) -> None:
        """All that is due happens, but for the messages of some agents: they come later, or are
        lost.
        """
        self.world.clock += timedelta(minutes=2)
        survives(self.world.sweep)
        aside = []
        for _ in range(20):
            held = [one.session_agent_uuid for one in self._now().agents if but(one)]
            own = [one for one in self.world.queue if any(each in str(one) for each in held)]
            self.world.queue = [one for one in self.world.queue if one not in own]
            aside += own
            if not self.world.queue:
                break
            self.world.work_any()
        draw = self.world.random.random()
        if draw < 0.5:
            self.world.queue.clear()
        elif draw < 0.7:
            self.world.queue += aside
        heapq.heapify(self.world.queue)


def first_fault(
    given: Blueprint, switch: Switch, seeds: int, storm: type[Stormy] = Stormy
) -> int | None:
    """The first seed whose session goes wrong while a clause is switched off."""
    for seed in range(seeds):
        with switch():
            try:
                storm(seed, given).run()
            except AssertionError:
                return seed
    return None
