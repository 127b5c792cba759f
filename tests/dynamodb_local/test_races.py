"""No orphan and no wrong count in a few races between processes."""

import pytest

from tests.dynamodb_local import races as run
from tests.dynamodb_local.parent_child import PARENTS_AND_CHILDREN
from tests.dynamodb_local.racers import Racers


@pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)
def test_no_child_outlives_its_parent(three: Racers, pair: str, races: int) -> None:
    run.create_against_delete(three, pair, races).assert_fair()


@pytest.mark.parametrize("other", run.OTHER_RACES)
@pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)
def test_what_is_deleted_is_counted_out_once(
    three: Racers, pair: str, other: str, races: int
) -> None:
    run.OTHER_RACES[other](three, pair, races // 5)


@pytest.mark.parametrize("of_0_1_0", [False, True])
def test_no_session_begins_for_a_task_that_is_gone(
    three: Racers, races: int, of_0_1_0: bool
) -> None:
    run.session_against_its_task(three, races, of_0_1_0=of_0_1_0).assert_fair()


@pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)
def test_no_child_outlives_its_parent_where_replies_are_lost(
    three: Racers, pair: str, races: int
) -> None:
    run.create_against_delete(three, pair, races // 5, losing_replies=True)
