"""The event bus of the simulation, and what must hold of the events that it is told."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ai_coordination import models
from ai_coordination.clients import Event
from ai_coordination.states import TERMINAL_SESSION, SessionAgentState
from tests.simulation.snapshot import Snapshot

if TYPE_CHECKING:
    from tests.simulation.simulator import Simulator


class Bus:
    """It keeps what it is told, and may refuse a part of it. Workers die before and after."""

    def __init__(self, world: "Simulator", refused: float = 0.0) -> None:
        self._world = world
        self.refused = refused
        self.told: dict[str, Event] = {}
        self.tries = 0
        self.times: Counter[str] = Counter()

    def send(self, events: Sequence[Event]) -> list[bool]:
        assert events
        self.tries += 1
        self._world.seam("before telling")
        accepted = [self._world.random.random() >= self.refused for _ in events]
        for event, is_accepted in zip(events, accepted, strict=True):
            if is_accepted:
                self._keep(event)
        self._world.seam("after telling")
        return accepted

    def _keep(self, event: Event) -> None:
        name = event.detail["id"]
        assert self.told.setdefault(name, event) == event, "one event says two things"
        self.times[name] += 1


class Told:
    """What has happened of which there must be an event."""

    def __init__(self, world: "Simulator") -> None:
        self._world = world
        self._happened: set[str] = set()

    def look(self, now: Snapshot) -> None:
        """Each event was sent, or is still kept by an item that is due."""
        unsent: set[str] = set()
        for item in _items(now):
            assert item.due_at or not item.unsent_events, "nobody sends its events"
            unsent |= {json.loads(event)["id"] for event in item.unsent_events or ()}
        if self._world.bus is None:
            assert not unsent, "events are off"
            return
        self._happened |= {_question(one) for one in now.agents if _asks(one)}
        session = now.session
        if session.status in TERMINAL_SESSION:
            self._happened.add(f"ended-{session.session_uuid}-{session.iteration_count}")
        assert self._happened <= unsent | self._world.bus.told.keys(), "an event is lost"

    def rest(self, now: Snapshot) -> None:
        """All were sent, and none of what has not happened."""
        self.look(now)
        assert not any(item.unsent_events for item in _items(now))
        if self._world.bus is not None:
            assert self._world.bus.told.keys() == self._happened


def _items(now: Snapshot) -> list[models.Session | models.SessionAgent]:
    return [now.session, *now.agents]


def _asks(agent: models.SessionAgent) -> bool:
    return bool(agent.state == SessionAgentState.WAITING_FOR_INPUT)


def _question(agent: models.SessionAgent) -> str:
    return f"asks-{agent.current_run_uuid}"
