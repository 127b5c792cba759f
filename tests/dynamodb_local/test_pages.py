"""Pages end at a limit, at a megabyte, and where a filter drops rows."""

from collections.abc import Iterator
from itertools import chain

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from tests.dynamodb_local.network_faults import faults
from tests.dynamodb_local.tenant_data import new_tenant
from tests.support.graph_api import change, new_session, new_task
from tests.support.lists import LISTS, Listed
from tests.support.stored import put_state
from tests.support.world import World, new_world

ROWS = 6
TASKS = LISTS["tasks"]
FAILED = Listed(
    "session",
    "failed sessions",
    "sessions(coordinationUuid: <coordination>, filter: {status: [FAILED]}, ...)",
    newest_first=True,
)
AT_THE_ROOT = {name: listed for name, listed in LISTS.items() if not listed.inside}
every_list = pytest.mark.parametrize("listed", AT_THE_ROOT.values(), ids=AT_THE_ROOT)


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


@pytest.fixture
def world(caller: Caller) -> World:
    return new_world(caller)


def pages(listed: Listed, world: World, caller: Caller, first: int) -> Iterator[list[str]]:
    """All pages, one after the other."""
    after, more = None, True
    while more:
        page = listed.page(world, caller, first=first, after=after)
        yield page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


@every_list
def test_pages_of_any_size_show_each_row_once_and_in_order(
    listed: Listed, world: World, caller: Caller
) -> None:
    rows = listed.rows(world, ROWS, caller)

    for first in range(1, ROWS + 2):
        expected = [rows[start : start + first] for start in range(0, ROWS, first)]
        assert list(pages(listed, world, caller, first)) == expected


def large_tasks(world: World, caller: Caller, count: int) -> list[str]:
    """The tasks of the coordination, all but the first of them large."""
    text = "x" * 150 * 1024
    more = [new_task(world.coordination, caller, taskDescription=text) for _ in range(count - 1)]
    return [world.task, *more]


@pytest.mark.parametrize("first", [6, 7, 8, 11, 12, 13])
def test_a_page_over_a_megabyte_is_whole(first: int, world: World, caller: Caller) -> None:
    rows = large_tasks(world, caller, 13)

    with faults() as sent:
        page = TASKS.page(world, caller, first=first)

    assert page["nodes"] == rows[:first]
    assert page["pageInfo"]["hasNextPage"] is (first < 13)
    # DynamoDB returns seven large ones at a time, and the page asks for one more than it shows.
    assert sent.count("Query") == (1 if first < 8 else 2)
    assert list(chain.from_iterable(pages(TASKS, world, caller, first))) == rows


def test_a_filter_that_passes_over_many_rows_returns_short_pages_that_lead_to_the_end(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By rows, because DynamoDB Local, unlike AWS, counts a megabyte after the filter.
    monkeypatch.setattr(reads, "ROWS_OF_A_FILTERED_READ", 4)
    sessions = [world.session, *(new_session(world.coordination, caller) for _ in range(23))]
    for session in (sessions[0], sessions[-1]):
        put_state(models.Session, world.coordination, session, status="failed")

    with faults() as sent:
        shown = list(pages(FAILED, world, caller, 10))

    assert shown == [[sessions[-1]], [sessions[0]]]
    assert len(sent) == reads.MOST_READS_OF_A_PAGE + 2


def test_a_page_continues_after_the_place_of_a_deleted_row(world: World, caller: Caller) -> None:
    tasks = [new_task(world.coordination, caller) for _ in range(5)]
    change("deleteTaskSchedule", world.key("task", "schedule"), "deletedId", caller)
    change("deleteTask", world.key_of("task"), "deletedId", caller)

    first = TASKS.page(world, caller, first=2)
    for task in tasks[1:3]:
        key = {**world.key("coordination"), "taskUuid": task}
        change("deleteTask", key, "deletedId", caller)
    second = TASKS.page(world, caller, first=2, after=first["pageInfo"]["endCursor"])

    assert (first["nodes"], second["nodes"]) == (tasks[:2], tasks[3:5])
