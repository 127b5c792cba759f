"""No orphan and no wrong count in races between processes: some every day, hundreds in stress."""

from collections.abc import Callable

import pytest

from tests.dynamodb_local import races as run
from tests.dynamodb_local.parent_child import PARENTS_AND_CHILDREN
from tests.dynamodb_local.racers import Racers

WriteLine = Callable[[str], None]

# `races` is how many there are: see tests/conftest.py.
in_both = pytest.mark.parametrize("often", ["some", pytest.param("many", marks=pytest.mark.stress)])
each_pair = pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)


@pytest.fixture
def judge(three: Racers, often: str, write_line: WriteLine) -> Callable[[str, run.Tally], None]:
    """Both sides have won some of the races."""

    def judged(what: str, tally: run.Tally) -> None:
        tally.assert_fair()
        if often == "many":
            won = f"{tally.deletes} won by the delete, {tally.creations} by creations"
            by = f"by processes {', '.join(map(str, three.pids))}"
            write_line(f"{what}: {tally.races} races, {won}, {by}")

    return judged


@in_both
@each_pair
def test_no_child_outlives_its_parent(
    three: Racers, pair: str, races: int, judge: Callable[[str, run.Tally], None]
) -> None:
    judge(pair, run.create_against_delete(three, pair, races))


@each_pair
def test_no_child_outlives_its_parent_where_replies_are_lost(
    three: Racers, pair: str, races: int
) -> None:
    run.create_against_delete(three, pair, max(1, races // 10), losing_replies=True)


@pytest.mark.parametrize("often", [pytest.param("many", marks=pytest.mark.stress)])
@each_pair
def test_no_child_outlives_its_parent_in_many_races_where_replies_are_lost(
    three: Racers, pair: str, races: int, judge: Callable[[str, run.Tally], None]
) -> None:
    tally = run.create_against_delete(three, pair, races, losing_replies=True)

    judge(f"{pair}, every reply lost once", tally)


@in_both
@pytest.mark.parametrize("other", run.OTHER_RACES)
@each_pair
def test_what_is_deleted_is_counted_out_once(
    three: Racers, pair: str, other: str, often: str, races: int
) -> None:
    times = races // 5 if often == "many" else max(1, races // 10)
    run.OTHER_RACES[other](three, pair, times)


@in_both
@pytest.mark.parametrize("of_0_1_0", [False, True], ids=["of today", "of 0.1.0"])
def test_no_session_begins_for_a_task_that_is_gone(
    three: Racers, of_0_1_0: bool, races: int, judge: Callable[[str, run.Tally], None]
) -> None:
    judge("session of a task", run.session_against_its_task(three, races, of_0_1_0=of_0_1_0))
