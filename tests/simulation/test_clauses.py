"""Clauses of the protocols of growth, retry and claims: without each, random sessions go wrong.

The sessions are small, and meet more faults than other random sessions. docs/internals/clauses.md
has the same clauses.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from tests.simulation.clauses import CLAUSES, OF_MOMENTS
from tests.simulation.second_locks import SECOND_LOCKS, SecondLock
from tests.simulation.storms import first_fault

SEEDS, SEEDS_OF_HARMLESS = 200, 20
# `CLAUSES=5 make stress` tries each fifth clause.
EACH = int(os.environ.get("CLAUSES", "1"))
USELESS = "it is not needed, or these sessions do not need it"


@pytest.mark.stress
@pytest.mark.parametrize("clause", list(CLAUSES)[::EACH])
def test_a_session_goes_wrong_without_a_clause(
    clause: str, write_line: Callable[[str], None]
) -> None:
    one = CLAUSES[clause]

    seed = first_fault(one.blueprint, one.switch, SEEDS)

    assert seed is not None, USELESS
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")


@pytest.mark.stress
@pytest.mark.parametrize("clause", list(OF_MOMENTS)[::EACH])
def test_a_session_goes_wrong_in_its_own_storm_without_a_clause(
    clause: str, write_line: Callable[[str], None]
) -> None:
    one = OF_MOMENTS[clause]
    harm = first_fault(one.blueprint, nullcontext, SEEDS_OF_HARMLESS, one.storm)
    assert harm is None, "the storm alone does harm"

    seed = first_fault(one.blueprint, one.switch, SEEDS, one.storm)

    assert seed is not None, USELESS
    write_line(f"without the clause that {clause}: seed {seed} goes wrong")


@pytest.mark.stress
@pytest.mark.parametrize("clause", list(SECOND_LOCKS)[::EACH])
def test_a_session_goes_wrong_only_without_both_locks(
    clause: str, write_line: Callable[[str], None]
) -> None:
    one = SECOND_LOCKS[clause]
    for without in (one.without_first, one.without_second):
        fault = first_fault(one.blueprint, without, SEEDS_OF_HARMLESS, one.storm)
        assert fault is None, "the other lock is not enough"

    seed = first_fault(one.blueprint, lambda: _without_both(one), SEEDS, one.storm)

    assert seed is not None, "there is a third lock, or these sessions need none"
    write_line(f"without both locks, where {clause}: seed {seed} goes wrong")


@contextmanager
def _without_both(locks: SecondLock) -> Iterator[None]:
    with locks.without_first(), locks.without_second():
        yield
