"""The page of the clauses has exactly those that the simulation switches off."""

from tests.docs.pages import page
from tests.simulation.clauses import CLAUSES, OF_MOMENTS
from tests.simulation.second_locks import SECOND_LOCKS

PAGE = page("internals/clauses")


def test_the_page_has_each_clause_that_is_switched_off() -> None:
    needed, of_moments, locks = (
        [row[0] for row in PAGE.table(heading)]
        for heading in ("Needed", "Needed at one moment", "Second locks")
    )

    assert sorted(needed) == sorted(CLAUSES)
    assert sorted(of_moments) == sorted(OF_MOMENTS)
    assert sorted(locks) == sorted(SECOND_LOCKS)


def test_the_page_names_the_first_lock_of_each_second_one() -> None:
    named = {second: first for second, first, _ in PAGE.table("Second locks")}

    assert named == {second: lock.first for second, lock in SECOND_LOCKS.items()}
