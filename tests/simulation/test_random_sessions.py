"""Random sessions with random faults come to their correct end.

A failing seed is replayed by `SEED=17 python -m pytest tests/simulation/test_random_sessions.py`;
`SEEDS=10000 make stress` tries so many.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.simulation.blueprints import Blueprint, chained, drawn
from tests.simulation.random_session import RandomSession
from tests.support.ids import short

REPLAYED = os.environ.get("SEED")
EVERYDAY = 8
EVERYDAY_CHAINS = 4
MORE = int(os.environ.get("SEEDS", "10000"))
AT_ONCE = 8


def _hold(seeds: Iterable[int], blueprint: Callable[[int], Blueprint] = drawn) -> None:
    for seed in seeds:
        session = RandomSession(seed, blueprint=blueprint(seed))
        try:
            session.run()
        except Exception as error:
            error.add_note(f"SEED={seed} replays it")
            raise


def _chunks(first: int, last: int) -> list[range]:
    return [range(one, min(one + AT_ONCE, last)) for one in range(first, last, AT_ONCE)]


def _everyday() -> list[Any]:
    if REPLAYED:
        return [[int(REPLAYED)]]
    # Of the last, its many agents take seconds: it is one of the long tests.
    long = pytest.param([110372], marks=pytest.mark.stress)
    return [*_chunks(0, EVERYDAY), [208], [30653], long]


@pytest.mark.parametrize("seeds", _everyday(), ids=short)
def test_random_sessions_come_to_their_right_end(seeds: Iterable[int]) -> None:
    _hold(seeds)


@pytest.mark.parametrize(
    "seeds", [[int(REPLAYED)]] if REPLAYED else [range(EVERYDAY_CHAINS), [40381]], ids=short
)
def test_random_chains_come_to_their_right_end(seeds: Iterable[int]) -> None:
    _hold(seeds, chained)


@pytest.mark.stress
@pytest.mark.parametrize("seeds", _chunks(EVERYDAY_CHAINS, EVERYDAY_CHAINS + MORE // 4), ids=short)
def test_many_random_chains_come_to_their_right_end(seeds: range) -> None:
    _hold(seeds, chained)


@pytest.mark.stress
@pytest.mark.parametrize("seeds", _chunks(EVERYDAY, EVERYDAY + MORE), ids=short)
def test_many_random_sessions_come_to_their_right_end(seeds: range) -> None:
    _hold(seeds)


def test_a_seed_replays_the_same_session() -> None:
    traces = []
    for _ in range(2):
        session = RandomSession(7)
        now = session.run()
        traces.append((now.session.status, session.points, session.world.calls))

    assert traces[0] == traces[1]
    assert len(traces[0][1]) > 30
