"""No orphan and no wrong count in hundreds of races between processes."""

from collections.abc import Callable

import pytest

from tests.dynamodb_local import races as run
from tests.dynamodb_local.parent_child import PARENTS_AND_CHILDREN
from tests.dynamodb_local.racers import Racers

pytestmark = pytest.mark.stress

WriteLine = Callable[[str], None]


def _told(what: str, tally: run.Tally, three: Racers) -> str:
    won = f"{tally.deletes} won by the delete, {tally.creations} by creations"
    return f"{what}: {tally.races} races, {won}, by processes {', '.join(map(str, three.pids))}"


@pytest.mark.parametrize("losing", [False, True], ids=["replies heard", "replies lost"])
@pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)
def test_no_child_outlives_its_parent(
    three: Racers, pair: str, losing: bool, races: int, write_line: WriteLine
) -> None:
    tally = run.create_against_delete(three, pair, races, losing_replies=losing)

    write_line(_told(f"{pair}, every reply lost once" if losing else pair, tally, three))
    tally.assert_fair()


def test_no_session_begins_for_a_task_that_is_gone(
    three: Racers, races: int, write_line: WriteLine
) -> None:
    tally = run.session_against_its_task(three, races)

    write_line(_told("session of a task", tally, three))
    tally.assert_fair()


@pytest.mark.parametrize("other", run.OTHER_RACES)
@pytest.mark.parametrize("pair", PARENTS_AND_CHILDREN)
def test_what_is_deleted_is_counted_out_once(
    three: Racers, pair: str, other: str, races: int
) -> None:
    run.OTHER_RACES[other](three, pair, races // 4)
