"""Random sessions, of which everything goes wrong that may: they come to their right end.

A failing seed is replayed by `SEED=17 python -m pytest tests/simulation/test_random_sessions.py`;
`SEEDS=10000 make stress` tries so many.
"""

import os

import pytest

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.states import TERMINAL_SESSION
from tests.simulation.sessions import RandomSession

EVERYDAY = 8
REPLAYED = os.environ.get("SEED")
SEEDS = [int(REPLAYED)] if REPLAYED else range(EVERYDAY)
MORE = range(EVERYDAY, EVERYDAY + int(os.environ.get("SEEDS", "500")))


def _holds(seed: int) -> None:
    try:
        session = RandomSession(seed).run()
    except Exception as error:
        error.add_note(f"SEED={seed} replays it")
        raise
    assert session.status in TERMINAL_SESSION


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_session_comes_to_its_right_end(seed: int, tables: None) -> None:
    _holds(seed)


@pytest.mark.stress
@pytest.mark.parametrize("seed", MORE)
def test_many_random_sessions_come_to_their_right_end(seed: int, tables: None) -> None:
    _holds(seed)


def test_a_seed_replays_the_same_session(embedded_aws: EmbeddedAws) -> None:
    traces = []
    for _ in range(2):
        embedded_aws.reset()
        create_tables()
        session = RandomSession(3)
        status = session.run().status
        traces.append((status, session.points, session.world.calls))

    assert traces[0] == traces[1]
    assert len(traces[0][1]) > 30
