"""Lists are complete and in order, page by page, while rows come and go."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, NOBODY, new_coordination
from tests.support.lists import LISTS, Listed
from tests.support.stored import stored
from tests.support.world import World

EMPTY: dict[str, Any] = {
    "edges": [],
    "nodes": [],
    "pageInfo": {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    },
}
every_list = pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)


@every_list
def test_a_list_is_read_page_by_page(world: World, listed: Listed) -> None:
    rows = listed.rows(world, 5)

    first = listed.page(world, first=2)
    second = listed.page(world, first=2, after=first["pageInfo"]["endCursor"])
    third = listed.page(world, first=2, after=second["pageInfo"]["endCursor"])
    behind = listed.page(world, first=2, after=third["pageInfo"]["endCursor"])

    pages = [first, second, third, behind]
    assert [page["nodes"] for page in pages] == [rows[:2], rows[2:4], rows[4:], []]
    assert [page["pageInfo"]["hasNextPage"] for page in pages] == [True, True, False, False]
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, True, True, True]
    assert behind["pageInfo"]["endCursor"] is None
    totals = [page["totalCount"] for page in pages[:3]]
    assert totals == [5 if listed.counted else None] * 3


@every_list
def test_each_row_has_a_cursor_that_leads_on(world: World, listed: Listed) -> None:
    rows = listed.rows(world, 5)

    whole = listed.page(world)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    behind = [listed.page(world, after=cursor)["nodes"] for cursor in cursors]

    assert [edge["node"] for edge in whole["edges"]] == whole["nodes"] == rows
    assert behind == [rows[at + 1 :] for at in range(5)]
    assert whole["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[-1],
    }


@every_list
def test_rows_that_come_and_go_double_no_row_and_leave_none_out(
    world: World, listed: Listed
) -> None:
    rows = listed.rows(world, 5)
    first = listed.page(world, first=3)

    listed.gone(world, rows[1])
    listed.gone(world, rows[2])  # the one that the cursor stands on
    listed.gone(world, rows[3])
    come = listed.new(world)
    rest = listed.page(world, first=3, after=first["pageInfo"]["endCursor"])
    anew = listed.page(world)

    assert first["nodes"] == rows[:3]
    assert rest["nodes"] == ([rows[4]] if listed.newest_first else [rows[4], come])
    assert rest["pageInfo"]["hasNextPage"] is False
    left = [rows[0], rows[4]]
    assert anew["nodes"] == ([come, *left] if listed.newest_first else [*left, come])
    assert anew["totalCount"] == (3 if listed.counted else None)


AT_THE_ROOT = {name: listed for name, listed in LISTS.items() if not listed.inside}
OF_NOBODY = World(*[NOBODY] * 6)


@pytest.mark.usefixtures("tables")
def test_a_page_has_25_rows_where_nothing_else_is_said_and_a_hundred_at_most() -> None:
    listed = LISTS["coordinations"]
    rows = [new_coordination(agents=[])]
    # The others like it: moto takes long for transactions in a table that fills.
    one = stored(models.Coordination, CALLER.partition_key, rows[0])
    for _ in range(100):
        one.coordination_uuid = SYSTEM.new_uuid()
        one.save()
        rows.append(one.coordination_uuid)

    left_out = listed.page(OF_NOBODY)
    null = listed.page(OF_NOBODY, first=None)
    hundred = listed.page(OF_NOBODY, first=100)
    last = listed.page(OF_NOBODY, first=100, after=hundred["pageInfo"]["endCursor"])

    assert left_out["nodes"] == null["nodes"] == rows[:25]
    assert hundred["nodes"] == rows[:100]
    assert hundred["pageInfo"]["hasNextPage"] is True
    assert last["nodes"] == rows[100:]


@pytest.mark.parametrize("size", [1, 5, 6])
def test_the_end_of_a_list_is_known_whatever_fits(world: World, size: int) -> None:
    listed = LISTS["tasks"]
    rows = listed.rows(world, 5)

    page = listed.page(world, first=size)

    assert page["nodes"] == rows[:size]
    assert page["pageInfo"]["hasNextPage"] is (size < 5)


@pytest.mark.usefixtures("tables")
def test_rows_larger_than_a_read_come_in_shorter_pages() -> None:
    listed = LISTS["coordinations"]
    large = "x" * 290_000
    rows = [new_coordination(agents=[], coordinationDescription=large) for _ in range(24)]

    first = listed.page(OF_NOBODY)
    rest = listed.page(OF_NOBODY, after=first["pageInfo"]["endCursor"])

    # Of five reads, each of which ends with the row that makes it larger than 1 MB.
    assert len(first["nodes"]) == 20
    assert first["pageInfo"]["hasNextPage"] is True
    assert [*first["nodes"], *rest["nodes"]] == rows
    assert rest["pageInfo"]["hasNextPage"] is False
