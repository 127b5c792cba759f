"""What the tests promise of many cases in one test: tests/support/cases.py."""

from collections.abc import Callable

import pytest

from tests.support.cases import Test, each


def check_of(seen: list[tuple[int, int]]) -> Test:
    def check(fixture: str, one: int, other: int) -> None:
        assert fixture == "kept"
        seen.append((one, other))
        assert one == other

    return check


@pytest.mark.parametrize("ids", [None, ["a", "b", "c"], lambda value: f"<{value}>"])
def test_all_cases_run_and_each_that_fails_is_named(
    ids: list[str] | Callable[[int], str] | None,
) -> None:
    seen: list[tuple[int, int]] = []
    given = {} if ids is None else {"ids": ids}
    test = each("one, other", [(1, 2), (3, 3), (4, 5)], **given)(check_of(seen))

    with pytest.raises(ExceptionGroup, match="2 of 3 cases") as failed:
        test(fixture="kept")

    assert seen == [(1, 2), (3, 3), (4, 5)]
    first, second = ("1-2", "4-5") if ids is None else ("a", "c")
    if callable(ids):
        first, second = "<1>-<2>", "<4>-<5>"
    notes = [error.__notes__ for error in failed.value.exceptions]
    assert notes == [[f"In case 0: {first}"], [f"In case 2: {second}"]]


def test_cases_that_hold_pass_and_a_test_without_cases_is_a_mistake() -> None:
    each("one", [1, 1])(check_one)()

    with pytest.raises(ValueError, match="there are no cases of one"):
        each("one", [])


@pytest.mark.parametrize(("names", "values"), [("one", [1]), ("one, other", [1, 2])])
def test_a_case_with_marks_is_not_taken_since_its_marks_would_be_lost(
    names: str, values: list[int]
) -> None:
    with pytest.raises(ValueError, match="may have a mark"):
        each(names, [pytest.param(*values, marks=pytest.mark.stress)])


def check_one(one: int) -> None:
    assert one == 1
