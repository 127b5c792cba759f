"""The clauses of the protocols of growth, retry and claims, and how each is switched off.

A clause is switched off where the engine has it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.engine import claim_commands
from ai_coordination.engine.agent import inbox, release, transitions
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.engine.agent.growth import plan as growth_plan
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import new_agents
from ai_coordination.engine.session import order_edges, retry, retry_plan
from ai_coordination.engine.session.family import Family
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionAgentState, SessionStatus
from tests.simulation.blueprints import Blueprint
from tests.simulation.moments import BusyAtEnds, DiesBeforeForgetting, SlowToForget, SlowToWrite
from tests.simulation.storms import COPY, MAP, PEOPLE, TWO_LISTS, Stormy, Switch


@dataclass(frozen=True)
class Clause:
    """How a clause is switched off, and the sessions that go wrong without it."""

    blueprint: Blueprint
    switch: Switch
    storm: type[Stormy] = Stormy


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


def _forget_at_once(engine: Engine, agent: models.SessionAgent) -> None:
    """Remove the plan as if the agent always had to wait for what it has added."""
    kind = models.SessionAgent
    condition = (kind.state == SessionAgentState.INITIAL.value) & kind.growing.exists()
    condition &= kind.iteration == agent.iteration
    actions = [kind.growing.remove(), *due_times.clear(kind)]
    writes.update_if(agent, actions, condition, engine.context)


def _all_kept(*given: Any) -> list[Any]:
    return []


def _decided_on_nothing() -> AbstractContextManager[Any]:
    original = transitions.to_failed_unstarted

    def to_failed(engine: Engine, agent: models.SessionAgent, notes: models.Text) -> Transition:
        return replace(original(engine, agent, notes), condition=None)

    return patch.object(transitions, "to_failed_unstarted", to_failed)


def _cancelled_with_plan() -> AbstractContextManager[Any]:
    original = transitions.to_cancelled

    def to_cancelled(engine: Engine, agent: models.SessionAgent) -> Transition:
        return without_growing(original(engine, agent))

    return patch.object(transitions, "to_cancelled", to_cancelled)


def without_growing(edge: Transition) -> Transition:
    """An edge that leaves the plan of what an agent adds as it is."""
    return replace(edge, changes={k: v for k, v in edge.changes.items() if k != "growing"})


class _CountsAgain(writes.Transaction):
    """A chunk that counts its agents in the size of the graph too."""

    def update(self, item: Any, actions: Any, *others: Any) -> None:
        more = models.Session.graph_size.add(len(self._parts))
        super().update(item, [*actions, more], *others)


@contextmanager
def _counted_by_chunks() -> Iterator[None]:
    original = grow._Growing.transition

    def transition(self: Any, move: grow.Move) -> Transition:
        made = original(self, move)
        if self._is_small:
            return made
        session = [one for one in made.session or () if "graph_size" not in repr(one)]
        return replace(made, session=session)

    with (
        patch.object(grow._Growing, "transition", transition),
        patch.object(new_agents, "Transaction", _CountsAgain),
    ):
        yield


CLAUSES: Mapping[str, Clause] = {
    "a growth has the session's next ordinal in its condition": Clause(
        TWO_LISTS,
        lambda: patch.object(grow._Growing, "_has_room", _any_ordinals),
    ),
    "an agent is written after all that it leads to": Clause(
        COPY,
        lambda: patch.object(growth_plan.Plan, "placed", _forward(growth_plan.Plan.placed)),
    ),
    "chunks are written only while the session is in progress": Clause(
        MAP,
        lambda: patch.object(new_agents, "put", _put_anyhow(new_agents.put)),
    ),
    "an agent of a chunk is written once": Clause(
        MAP,
        lambda: patch.object(
            new_agents,
            "is_absent",
            lambda: models.SessionAgent.state.exists() | models.SessionAgent.state.does_not_exist(),
        ),
    ),
    "the end writes what is missing": Clause(
        MAP,
        lambda: patch.object(rest, "write_cancelled", lambda *given: None),
    ),
    "order edges are released": Clause(MAP, _orders_forgotten),
    "a retry chains order edges anew": Clause(
        MAP,
        lambda: patch.object(order_edges, "lanes_of", lambda *given: ()),
    ),
    "a retry takes in all that follows": Clause(
        MAP,
        lambda: patch.object(Family, "downstream", lambda self, begins: set(begins)),
    ),
    "a growth that may be another one is dropped": Clause(
        MAP,
        lambda: patch.object(
            retry_plan._Planning,
            "_kept",
            lambda self, at: len(self._family.by_ordinal[at].grew or ()),
        ),
    ),
    "children that are replaced are superseded": Clause(
        MAP,
        lambda: patch.object(retry, "_supersede", lambda *given: None),
    ),
    "the plan of a retry is pinned": Clause(
        MAP, lambda: patch.object(retry, "_plan", _planned_anew)
    ),
    "an answer has in its condition that nobody else has claimed the question": Clause(
        PEOPLE,
        lambda: patch.object(inbox, "is_free_for", _is_anything),
    ),
    "a claim has in its condition that nobody has claimed the question": Clause(
        PEOPLE, _claimed_anyhow
    ),
    "the first write of a growth counts all its agents": Clause(TWO_LISTS, _counted_by_chunks),
    "an agent that is cancelled loses its plan": Clause(MAP, _cancelled_with_plan),
    "a worker that was stopped fails no run that another has taken over": Clause(
        MAP, lambda: patch.object(moves, "same_worker", _is_anything)
    ),
}
# Each needs others to work at one moment, and so sessions of its own.
OF_MOMENTS: Mapping[str, Clause] = {
    "nothing grows in a session that is being ended": Clause(
        TWO_LISTS, _ends_forgotten, BusyAtEnds
    ),
    "an agent whose plan is removed when nothing is left to wait for is sent": Clause(
        TWO_LISTS, lambda: patch.object(rest, "_forget_plan", _forget_at_once), SlowToForget
    ),
    "giving an agent up has in its condition what was read": Clause(
        TWO_LISTS, _decided_on_nothing, SlowToWrite
    ),
    "the last write of a growth forgets the looks": Clause(
        TWO_LISTS,
        lambda: patch.object(rest, "due_times", SimpleNamespace(set_due=_all_kept)),
        DiesBeforeForgetting,
    ),
}
