"""Clauses of the protocols of growth, retry and claims: without each, random sessions go wrong.

A clause is switched off where the engine has it. The sessions are small, and meet more faults
than other random sessions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine import claim_commands
from ai_coordination.engine.agent import grow, inbox, release
from ai_coordination.engine.agent.growth import plan as growth_plan
from ai_coordination.engine.agent.growth import rest
from ai_coordination.engine.planning import new_agents
from ai_coordination.engine.session import order_edges, retry, retry_plan
from ai_coordination.engine.session.family import Family
from ai_coordination.models import moves
from ai_coordination.states import FailurePolicy, UserInTheLoop
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.flows import UNTIL_DONE, Subtask
from tests.simulation.people import GROUP
from tests.simulation.random_session import RandomSession
from tests.simulation.simulator import survives

SEEDS = 200
TWICE = {"max_attempts": 2, "interval_seconds": 0}
LASTS = {"retry": TWICE, "on_failure": FailurePolicy.CONTINUE}
NAMES = ["lists", "maps", "loops", "helps", "joins"]


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
Switch = Callable[[], AbstractContextManager[Any]]


def _any_ordinals(self: Any) -> Any:
    kind = models.Session
    return kind.operation.does_not_exist() & kind.next_ordinal.exists()


def _forward(original: Any) -> Any:
    def placed(self: Any, base: int) -> Any:
        return list(reversed(original(self, base)))

    return placed


def _put_anyhow(original: Any) -> Any:
    def put(engine: Any, session: Any, chunk: Any, condition: Any) -> None:
        original(engine, session, chunk, models.Session.iteration_count.exists())

    return put


def _planned_anew(session: models.Session, agents: Any) -> Any:
    return retry_plan.plan(agents)


@contextmanager
def _orders_forgotten() -> Iterator[None]:
    original = release.release_all

    def release_all(engine: Any, ended: Any) -> None:
        original(engine, [one.changed({"order_successors": None}) for one in ended])

    with patch.object(release, "release_all", release_all):
        yield


def _is_anything(*given: Any) -> Any:
    return models.SessionAgent.state.exists()


def _claimed_anyhow() -> AbstractContextManager[Any]:
    others = {name: getattr(moves, name) for name in ("agent", "same_run", "in_time")}
    return patch.object(claim_commands, "moves", SimpleNamespace(**others, same=_is_anything))


CLAUSES: Mapping[str, tuple[Blueprint, Switch]] = {
    "a growth has the session's next ordinal in its condition": (
        TWO_LISTS,
        lambda: patch.object(grow._Growing, "_has_room", _any_ordinals),
    ),
    "an agent is written after all that it leads to": (
        COPY,
        lambda: patch.object(growth_plan.Plan, "placed", _forward(growth_plan.Plan.placed)),
    ),
    "chunks are written only while the session is in progress": (
        MAP,
        lambda: patch.object(new_agents, "put", _put_anyhow(new_agents.put)),
    ),
    "an agent of a chunk is written once": (
        MAP,
        lambda: patch.object(
            new_agents,
            "is_absent",
            lambda: models.SessionAgent.state.exists() | models.SessionAgent.state.does_not_exist(),
        ),
    ),
    "the end writes what is missing": (
        MAP,
        lambda: patch.object(rest, "write_cancelled", lambda *given: None),
    ),
    "order edges are released": (MAP, _orders_forgotten),
    "a retry chains order edges anew": (
        MAP,
        lambda: patch.object(order_edges, "lanes_of", lambda *given: ()),
    ),
    "a retry takes in all that follows": (
        MAP,
        lambda: patch.object(Family, "downstream", lambda self, begins: set(begins)),
    ),
    "a growth that may be another one is dropped": (
        MAP,
        lambda: patch.object(
            retry_plan._Planning,
            "_kept",
            lambda self, at: len(self._family.by_ordinal[at].grew or ()),
        ),
    ),
    "children that are replaced are superseded": (
        MAP,
        lambda: patch.object(retry, "_supersede", lambda *given: None),
    ),
    "the plan of a retry is pinned": (MAP, lambda: patch.object(retry, "_plan", _planned_anew)),
    "an answer has in its condition that nobody else has claimed the question": (
        PEOPLE,
        lambda: patch.object(inbox, "is_free_for", _is_anything),
    ),
    "a claim has in its condition that nobody has claimed the question": (PEOPLE, _claimed_anyhow),
}


class Stormy(RandomSession):
    """Growths are written in chunks, others work before many of the writes, and people hurry."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint=blueprint)
        self._grows_in_chunks = True
        self._rival, self._death = 0.4, 0.05
        self._callers.claims = 0.6
        self._outages, self._clears_away = 0, False
        self._cancels, self._retries = seed % 3, 2 + seed % 3

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
            self.world.clock += timedelta(minutes=3)
            survives(self.world.sweep)
            for _ in range(6):
                if self.world.queue:
                    self.world.work_any()


def first_fault(given: Blueprint, switch: Switch, seeds: int) -> int | None:
    """The first seed whose session goes wrong while a clause is switched off."""
    for seed in range(seeds):
        with switch():
            try:
                Stormy(seed, given).run()
            except AssertionError:
                return seed
    return None


@pytest.mark.stress
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_session_goes_wrong_without_a_clause(
    clause: str, write_line: Callable[[str], None]
) -> None:
    seed = first_fault(*CLAUSES[clause], SEEDS)

    assert seed is not None, "it is not needed, or these sessions do not need it"
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")
