"""Cursors and page sizes that a list refuses."""

import base64
from typing import Any

import pytest

from ai_coordination.api.pagination import CursorScope
from tests.support.cases import each
from tests.support.graph_api import CALLER, RIVAL, ask, data, error
from tests.support.ids import short
from tests.support.lists import LISTS, Listed
from tests.support.world import World, new_world

BAD_CURSOR = {"code": "BAD_USER_INPUT", "inputPath": ["after"]}
BAD_SIZE = {"code": "BAD_USER_INPUT", "inputPath": ["first"]}


@pytest.fixture(scope="module")
def cursors(made_once: World) -> dict[str, str]:
    """A cursor of each list: of its first row, or of one like it where it has none."""
    found = {}
    for name, listed in LISTS.items():
        edges = listed.page(made_once)["edges"] or [{"cursor": None, "node": listed.new(made_once)}]
        found[name] = edges[0]["cursor"] or listed.page(made_once)["edges"][0]["cursor"]
    return found


def refusal_of(listed: Listed, world: World, **wanted: Any) -> dict[str, Any]:
    return error(listed.document(world), wanted)


@each("listed", LISTS.values(), ids=LISTS)
def test_a_cursor_leads_on_in_its_own_list_alone(
    still_world: World, cursors: dict[str, str], listed: Listed
) -> None:
    for name, cursor in cursors.items():
        if LISTS[name].same == listed.same:
            listed.page(still_world, after=cursor)
        else:
            assert refusal_of(listed, still_world, after=cursor) == BAD_CURSOR, name


@each("size", [0, -1, 101, 2**31 - 1, -(2**31)])
def test_a_page_has_1_to_100_rows(still_world: World, size: int) -> None:
    for name, listed in LISTS.items():
        assert refusal_of(listed, still_world, first=size) == BAD_SIZE, name


@each("size", [2**31, 1.5, "25", True])
def test_a_page_size_is_a_whole_number(still_world: World, size: Any) -> None:
    assert refusal_of(LISTS["tasks"], still_world, first=size) == BAD_SIZE


def test_a_cursor_is_refused_with_any_of_its_bits_flipped(
    still_world: World, cursors: dict[str, str]
) -> None:
    for name in ("coordinations", "openSessionAgents"):
        raw = base64.urlsafe_b64decode(cursors[name] + "==")

        for bit in range(8 * len(raw)):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            damaged = base64.urlsafe_b64encode(flipped).decode().rstrip("=")

            assert refusal_of(LISTS[name], still_world, after=damaged) == BAD_CURSOR


def test_a_cursor_is_refused_with_a_part_of_it_missing_or_too_much(
    still_world: World, cursors: dict[str, str]
) -> None:
    tasks, cursor = LISTS["tasks"], cursors["tasks"]
    pieces = [cursor[:length] for length in range(len(cursor))]
    more = [cursor + end for end in ("=", "A", "AAAA", "\n", " ", cursor)]

    for damaged in [*pieces, *(cursor[at:] for at in range(1, len(cursor))), *more]:
        assert refusal_of(tasks, still_world, after=damaged) == BAD_CURSOR


def test_a_cursor_has_one_way_of_writing_it(still_world: World, cursors: dict[str, str]) -> None:
    # Another last character may decode to the same bytes: not all of its bits are used.
    tasks, cursor = LISTS["tasks"], cursors["tasks"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"

    taken = [
        letter
        for letter in alphabet
        if "errors" not in ask(tasks.document(still_world), {"after": cursor[:-1] + letter})
    ]

    assert taken == [cursor[-1]]


@each(
    "cursor",
    [
        "",
        " ",
        "null",
        "x",
        "\u00e9",
        "\ud800",
        "\x00",
        "AQ",
        "YXJyYXljb25uZWN0aW9uOjA=",
        "01900000-0000-7000-8000-000000000000",
        "A" * 100_000,
    ],
    ids=short,
)
def test_what_is_no_cursor_at_all_is_refused(still_world: World, cursor: str) -> None:
    for name, listed in LISTS.items():
        assert refusal_of(listed, still_world, after=cursor) == BAD_CURSOR, name


def test_a_cursor_is_refused_in_the_same_list_of_another_parent(
    still_world: World, cursors: dict[str, str]
) -> None:
    other = new_world()

    for name, listed in LISTS.items():
        document = listed.document(other)
        if document != listed.document(still_world):
            assert error(document, {"after": cursors[name]}) == BAD_CURSOR, name


def test_a_cursor_is_refused_in_the_same_list_of_another_tenant(
    still_world: World, cursors: dict[str, str]
) -> None:
    for name, listed in LISTS.items():
        if not listed.inside:
            document = listed.document(still_world)
            assert error(document, {"after": cursors[name]}, RIVAL) == BAD_CURSOR, name


ARGUMENTS = {
    "coordinations": ["", 'filter: {nameContains: "f"}', 'filter: {nameContains: "o"}'],
    "taskSchedules": ["", "filter: {status: [ACTIVE]}", "filter: {status: [ACTIVE, PAUSED]}"],
    "sessions": [
        "",
        "newestFirst: false",
        "filter: {status: [INITIAL]}",
        'filter: {userId: "bob"}',
        'newestFirst: false, filter: {userId: "bob"}',
    ],
}


@each("field", ARGUMENTS)
def test_a_cursor_is_refused_under_another_filter_or_order(still_world: World, field: str) -> None:
    document = "query ($after: String) { %s(after: $after, %s) { pageInfo { endCursor } } }"
    for given in ARGUMENTS[field]:
        cursor = data(document % (field, given))[field]["pageInfo"]["endCursor"]

        for other in ARGUMENTS[field]:
            asked = document % (field, other)
            if other == given:
                data(asked, {"after": cursor})
            else:
                assert error(asked, {"after": cursor}) == BAD_CURSOR


@each(
    ("field", "nothing"),
    [
        ("coordinations", ["filter: null", "filter: {}", "filter: {nameContains: null}"]),
        ("taskSchedules", ["filter: null", "filter: {}", "filter: {status: null}"]),
        ("sessions", ["filter: {}", "filter: {status: []}", "newestFirst: null", "first: null"]),
    ],
)
def test_a_filter_that_says_nothing_is_as_none(
    still_world: World, field: str, nothing: list[str]
) -> None:
    document = "query ($after: String) { %s(after: $after, %s) { pageInfo { endCursor } } }"
    cursor = data(document % (field, ""))[field]["pageInfo"]["endCursor"]

    for given in nothing:
        page = data(document % (field, given))[field]["pageInfo"]
        behind = data(document % (field, given), {"after": cursor})[field]["pageInfo"]

        assert page["endCursor"] == cursor
        assert behind["endCursor"] is None


@each("position", ["", "x" * 1_025])
def test_a_cursor_has_a_position_that_the_database_takes(still_world: World, position: str) -> None:
    place = CursorScope("tasks", CALLER.partition_key, still_world.coordination)

    assert refusal_of(LISTS["tasks"], still_world, after=place.cursor(position)) == BAD_CURSOR


def test_the_longest_position_leads_on(still_world: World) -> None:
    place = CursorScope("tasks", CALLER.partition_key, still_world.coordination)

    page = LISTS["tasks"].page(still_world, after=place.cursor("z" * 1_024))

    assert page["edges"] == []
