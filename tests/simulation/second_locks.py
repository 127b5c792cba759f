"""Second locks: conditions that other conditions imply, and what is switched off to show it.

With either lock alone the sessions go well. Without both they go wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from ai_coordination import models
from ai_coordination.engine import looks
from ai_coordination.engine.agent import claim, fail, transitions
from ai_coordination.engine.agent.growth import grow
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from tests.simulation import growths
from tests.simulation.blueprints import Blueprint
from tests.simulation.clauses import without_growing
from tests.simulation.moments import BusyAtRetries, SlowToForget, SlowToGrow
from tests.simulation.snapshot import Snapshot
from tests.simulation.storms import MAP, TWO_LISTS, Stormy, Switch


@dataclass(frozen=True)
class SecondLock:
    """How the first lock, which has this name, and the second one are switched off."""

    first: str
    blueprint: Blueprint
    storm: type[Stormy]
    without_first: Switch
    without_second: Switch


class Narrow(Stormy):
    """There is no room for both lists. An agent that finds none may be given up."""

    most_looks = looks.MOST

    def run(self) -> Snapshot:
        with patch.object(growths, "MOST_AGENTS", 6):
            return super().run()


def _same_start_without_grown(agent: models.SessionAgent) -> Any:
    kind = models.SessionAgent
    condition = kind.waiting_on.does_not_exist()
    for name in ("current_run_uuid", "not_before"):
        condition &= moves.same(getattr(kind, name), getattr(agent, name))
    return condition


def _is_there(now: models.SessionAgent | None, agent: models.SessionAgent) -> bool:
    return now is not None and (now.state, now.iteration) == (agent.state, agent.iteration)


def _started_by(
    start: Callable[[Engine, models.SessionAgent, str | None], None],
) -> AbstractContextManager[Any]:
    return patch.object(claim, "start", start)


def _plan_unseen() -> AbstractContextManager[Any]:
    original = claim.start

    def start(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
        seen = agent if agent.waiting_on else agent.changed({"growing": None})
        original(engine, seen, due_at)

    return _started_by(start)


@contextmanager
def _plan_kept() -> Iterator[None]:
    with ExitStack() as patches:
        for name in ("to_in_progress", "to_skipped"):
            patches.enter_context(patch.object(transitions, name, _keeping(name)))
        yield


def _keeping(name: str) -> Callable[..., Transition]:
    original = getattr(transitions, name)
    return lambda *given: without_growing(original(*given))


def _looked_at_first() -> AbstractContextManager[Any]:
    """Looks are counted before the session is read."""
    original = claim.start

    def start(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
        if agent.growing is not None or agent.waiting_on:
            original(engine, agent, due_at)
            return
        now = looks.count(engine, agent, due_at)
        if now is not None and looks.are_too_many(now):
            fail.give_up(engine, now, looks.NOTES)
        elif now is not None:
            original(engine, now, due_at)

    return _started_by(start)


def _given_up_anywhere() -> AbstractContextManager[Any]:
    original = transitions.to_failed_unstarted

    def to_failed(engine: Engine, agent: models.SessionAgent, notes: models.Text) -> Transition:
        return replace(original(engine, agent, notes), session=None)

    return patch.object(transitions, "to_failed_unstarted", to_failed)


def _base_of_any(session: models.Session, count: int) -> int:
    return int(session.next_ordinal)


def _room_for_any(self: Any) -> Any:
    kind = models.Session
    return kind.operation.does_not_exist() & (kind.next_ordinal == self._base)


SECOND_LOCKS: Mapping[str, SecondLock] = {
    "a claim has `grown` in its condition": SecondLock(
        "a growth that was refused is planned again only for an agent that has not changed",
        TWO_LISTS,
        SlowToGrow,
        lambda: patch.object(grow, "_is_same", _is_there),
        lambda: patch.object(moves, "same_start", _same_start_without_grown),
    ),
    "an agent that is claimed or skipped loses its plan": SecondLock(
        "an agent that has a plan is neither claimed nor skipped",
        TWO_LISTS,
        SlowToForget,
        _plan_unseen,
        _plan_kept,
    ),
    "giving an agent up has the session in its condition": SecondLock(
        "looks are counted only in a session that is in progress",
        MAP,
        BusyAtRetries,
        _looked_at_first,
        _given_up_anywhere,
    ),
    "a growth has the size of the graph in its condition": SecondLock(
        "a growth is planned for the room that was read, and has the next ordinal in its condition",
        TWO_LISTS,
        Narrow,
        lambda: patch.object(grow, "_checked_base", _base_of_any),
        lambda: patch.object(grow._Growing, "_has_room", _room_for_any),
    ),
}
