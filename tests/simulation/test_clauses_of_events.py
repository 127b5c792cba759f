"""Each clause of the protocol of events is needed: without it, random sessions lose an event, or
are looked for too late.
"""

from collections.abc import Callable, Mapping
from unittest.mock import patch

import pytest

from ai_coordination.engine.events import outbox
from ai_coordination.models import due_times
from ai_coordination.states import UserInTheLoop
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.bus import Bus
from tests.simulation.storms import Stormy, Switch

SEEDS = 200
TWICE = {"max_attempts": 2, "interval_seconds": 0}
BLUEPRINT = Blueprint(
    members=[member("first"), member("second")],
    actions=[
        {
            "agent_uuid": "first",
            "retry": TWICE,
            "max_turns": 4,
            "user_in_the_loop": UserInTheLoop.APPROVAL,
            "answer_timeout_seconds": 90,
        },
        {"agent_uuid": "second", "predecessors": ["first"], "retry": TWICE},
    ],
    queries=[],
    budget={"seconds": 4_000},
)
CLAUSES: Mapping[str, Switch] = {
    "an item with unsent events is due, whatever else is outstanding": lambda: patch.object(
        outbox, "due_at", lambda engine, item, at: at
    ),
    "an agent that is settled stays due for its events": lambda: patch.object(
        outbox, "cleared", lambda item: due_times.clear(type(item))
    ),
    "the due time stays where other work may be outstanding": lambda: patch.object(
        outbox, "_rests", lambda item: True
    ),
    "the removal of a due time has what was read in its condition": lambda: patch.object(
        outbox, "_as_read", lambda item: type(item).session_uuid.exists()
    ),
}


class Telling(Stormy):
    """Half of the events are refused."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, BLUEPRINT)
        self.world.bus = Bus(self.world, refused=0.5)


def _first_fault(switch: Switch) -> int | None:
    """The first seed whose session goes wrong while a clause is switched off."""
    for seed in range(SEEDS):
        with switch():
            try:
                Telling(seed).run()
            except AssertionError:
                return seed
    return None


@pytest.mark.stress
@pytest.mark.parametrize("clause", CLAUSES)
def test_an_event_goes_wrong_without_a_clause(
    clause: str, write_line: Callable[[str], None]
) -> None:
    seed = _first_fault(CLAUSES[clause])

    assert seed is not None, "it is not needed, or these sessions do not need it"
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")


def test_sessions_whose_events_are_refused_tell_of_everything() -> None:
    for seed in range(3):
        Telling(seed).run()
