"""A client that asks again and again what has moved, in the middle of everything else.

Whatever it knows after an answer is what is stored, but for what no caller can see. A replica that
is behind may hide what is new, and never brings back what is old.
"""

import random
from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import MapAttribute

from ai_coordination import models
from ai_coordination.services import session_changes, session_graph
from ai_coordination.services.session_changes import Changes
from ai_coordination.states import TERMINAL_SESSION
from tests.simulation.simulator import Simulator
from tests.simulation.snapshot import Snapshot

ASKS = 0.1
READS_OLD = 0.3
# What no field of an agent shows.
UNSEEN = {
    "asked_of",
    "asked_order",
    "change_count",
    "dead",
    "delayed",
    "due_at",
    "due_count",
    "due_shard",
    "growing",
    "is_sink",
    "last_failure",
    "last_writes",
    "lease_owner",
    "lease_until",
    "looks",
    "not_before",
    "poll_at",
    "remote",
    "reserved_nanodollars",
    "reserved_tokens",
    "skip_requested",
    "sole_successors",
    "takeovers",
    "throttled_since",
    "throttles",
    "unsent_events",
    "unsettled_usage",
    "version",
}
UNSEEN_OF_RUNS = {"callback_tokens", "own_thread", "tenant_thread"}

Shown = Mapping[str, Any]


class Watcher:
    """Of the one session of a world."""

    def __init__(self, world: Simulator, seed: int = 0) -> None:
        self._world = world
        # Of its own, so that the session is the same without it.
        self._random = random.Random(seed)
        self._known: bytes | None = None
        self._agents: dict[int, Shown] = {}
        self._runs: dict[str, Shown] = {}
        # What a replica still has that is behind.
        self._behind: tuple[Snapshot, list[models.SessionAgent]] | None = None

    def look(self, now: Snapshot) -> None:
        """Perhaps ask, and compare what the client knows then."""
        if self._random.random() < ASKS:
            self.ask(now)
        if self._random.random() < ASKS:
            self._behind = now, self._read(now)

    def ask(self, now: Snapshot) -> None:
        """Ask, perhaps a replica that is behind."""
        changes, source = self._told(now)
        if changes.whole:
            self._agents, self._runs = {}, {}
        for agent in changes.agents:
            ordinal = int(agent.ordinal)
            self._agents[ordinal] = _seen(source.by_ordinal[ordinal], UNSEEN)
        found = session_changes.runs(self._world.caller, now.session.session_uuid, changes)
        runs = _runs_of(now)
        self._runs |= {run.run_uuid: runs[run.run_uuid] for run in found}
        self._known = changes.known
        if source is now:
            self._knows(now)
        if changes.poll_after_seconds is None:
            assert now.session.status in TERMINAL_SESSION
            assert not now.session.operation
            assert not any(agent.due_at for agent in now.agents), "something may move"
            self._knows(now)

    def rests(self, now: Snapshot) -> None:
        """Nothing moves any more: the client is told so, and knows all."""
        self._behind = None
        self.ask(now)
        changes, _ = self._told(now)
        assert not changes.changed
        assert (changes.poll_after_seconds is None) == (now.session.status in TERMINAL_SESSION)

    def _knows(self, now: Snapshot) -> None:
        agents = {int(agent.ordinal): _seen(agent, UNSEEN) for agent in now.agents}
        missed = _differences(self._agents, agents)
        assert not missed, missed
        missed = _differences(self._runs, _runs_of(now))
        assert not missed, missed

    def _told(self, now: Snapshot) -> tuple[Changes, Snapshot]:
        """What the client is told, and of which moment."""
        source, agents = now, self._read(now)
        is_final = session_changes.is_final(now.session, self._known)
        if self._behind is not None and not is_final and self._random.random() < READS_OLD:
            source, agents = self._behind
        told = session_changes.since(self._world.caller, now.session, agents, self._known)
        return told, source

    def _read(self, now: Snapshot) -> list[models.SessionAgent]:
        key = self._world.caller, now.session.session_uuid
        return session_graph.read(*key, session_changes.SMALL)


def _runs_of(now: Snapshot) -> dict[str, Shown]:
    return {run.run_uuid: _seen(run, UNSEEN_OF_RUNS) for run in now.runs}


def _seen(item: object, unseen: set[str]) -> Shown:
    return {name: _plain(value) for name, value in vars(item).items() if name not in unseen}


def _plain(value: Any) -> Any:
    """Something that is equal if its parts are."""
    if isinstance(value, set):
        return sorted(value)
    return repr(value) if isinstance(value, MapAttribute | list) else value


def _differences(known: Mapping[Any, Shown], stored: Mapping[Any, Shown]) -> list[Any]:
    """The members in which what is known differs from what is stored."""
    return [
        (key, name, known.get(key, {}).get(name), stored.get(key, {}).get(name))
        for key in known.keys() | stored.keys()
        for name in known.get(key, {}).keys() | stored.get(key, {}).keys()
        if known.get(key, {}).get(name) != stored.get(key, {}).get(name)
    ]
