"""Clauses of the protocols of growth, retry and claims: without each, random sessions go wrong.

A clause is switched off where the engine has it. The sessions are small, and meet more faults
than other random sessions.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import new_agents
from ai_coordination.engine.session import order_edges, retry, retry_plan
from ai_coordination.engine.session.family import Family
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import FailurePolicy, SessionAgentState, SessionStatus, UserInTheLoop
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


def _room_while_ended(self: Any) -> Any:
    kind = models.Session
    return (kind.next_ordinal == self._base) & (kind.graph_size <= 1_000)


def _may_grow_while_ended(session: models.Session, agent: models.SessionAgent) -> bool:
    is_in_progress = session.status == SessionStatus.IN_PROGRESS
    return bool(is_in_progress and session.iteration_count == agent.iteration)


@contextmanager
def _ends_forgotten() -> Iterator[None]:
    with (
        patch.object(grow._Growing, "_has_room", _room_while_ended),
        patch.object(rest, "may_grow", _may_grow_while_ended),
    ):
        yield


def _same_start_without_grown(agent: models.SessionAgent) -> Any:
    kind = models.SessionAgent
    condition = kind.waiting_on.does_not_exist() & (kind.attempt == agent.attempt)
    for name in ("current_run_uuid", "not_before", "skip_requested"):
        condition &= moves.same(getattr(kind, name), getattr(agent, name))
    return condition


def _forget_at_once(engine: Engine, agent: models.SessionAgent) -> None:
    """Remove the plan as if the agent always had to wait for what it has added."""
    kind = models.SessionAgent
    condition = (kind.state == SessionAgentState.INITIAL.value) & kind.growing.exists()
    condition &= kind.iteration == agent.iteration
    actions = [kind.growing.remove(), *due_times.clear(kind)]
    writes.update_if(agent, actions, condition, engine.context)


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


# These need others to work at one moment, and so storms of their own.
IN_AN_END = "nothing grows in a session that is being ended"
AFTER_A_PLAN = "an agent whose plan is removed when nothing is left to wait for is sent"


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


class BusyAtEnds(Stormy):
    """While a session is being ended, others find its agents due, and work on them."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._grows_in_chunks = seed % 2 == 1
        self._rival, self._cancels = 0.6, 2

    def _let_run_first(self) -> None:
        now = self._monitor.look()
        if now is not None and now.session.operation is not None:
            self.world.clock += timedelta(minutes=3)
            survives(self.world.sweep)
            for _ in range(4):
                if self.world.queue:
                    self.world.work_any()
        elif now is not None and self._cancels and self.world.random.random() < 0.3:
            self._cancels -= 1
            self._callers.cancel(now.session)
        else:
            super()._let_run_first()


class SlowToForget(Stormy):
    """While a growth is written, all else goes on; its own messages come later, or are lost."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._rival = 0.9

    def _let_run_first(self) -> None:
        now = self._monitor.look()
        growing = {one.session_agent_uuid for one in now.agents if one.growing} if now else set()
        if not growing:
            super()._let_run_first()
            return
        self.world.clock += timedelta(minutes=2)
        survives(self.world.sweep)
        aside = []
        for _ in range(20):
            own = [one for one in self.world.queue if any(each in str(one) for each in growing)]
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


@pytest.mark.stress
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_session_goes_wrong_without_a_clause(
    clause: str, write_line: Callable[[str], None]
) -> None:
    seed = first_fault(*CLAUSES[clause], SEEDS)

    assert seed is not None, "it is not needed, or these sessions do not need it"
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")


@pytest.mark.stress
@pytest.mark.parametrize(
    ("clause", "storm", "switch"),
    [
        (IN_AN_END, BusyAtEnds, _ends_forgotten),
        (AFTER_A_PLAN, SlowToForget, lambda: patch.object(rest, "_forget_plan", _forget_at_once)),
    ],
)
def test_a_session_goes_wrong_in_its_own_storm_without_a_clause(
    clause: str, storm: type[Stormy], switch: Switch, write_line: Callable[[str], None]
) -> None:
    assert first_fault(TWO_LISTS, nullcontext, 20, storm) is None, "the storm alone does harm"

    seed = first_fault(TWO_LISTS, switch, SEEDS, storm)

    assert seed is not None, "it is not needed, or these sessions do not need it"
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")


@pytest.mark.stress
def test_the_count_of_growths_is_a_second_lock_behind_the_ordinals() -> None:
    """A claim has `grown` in its condition, although the session's next ordinal is enough."""
    without_grown = patch.object(moves, "same_start", _same_start_without_grown)

    assert first_fault(TWO_LISTS, lambda: without_grown, 40, SlowToForget) is None
