"""Each expression in the documentation gives what the page says."""

import json
import re
from typing import Any

import pytest
from jmespath.functions import Functions

from ai_coordination import expressions
from ai_coordination.engine.agent import view
from ai_coordination.expressions import functions, meter, scope_of, syntax
from tests.docs.pages import page
from tests.support.cases import each

PAGE = page("reference/expressions")
CONTEXT = json.loads(PAGE.texts("json")[0])
AGENTS = list(CONTEXT["outputs"])
# Two backticks are around code that has backticks itself.
CODE = re.compile(r"``(?P<long>.+?) ?``|`(?P<short>[^`]+)`")


def _code(cell: str) -> str:
    match = CODE.fullmatch(cell)
    assert match is not None, cell
    return (match["long"] or match["short"]).replace("\\|", "|")


def _rows(section: str) -> list[list[str]]:
    return PAGE.table(section)


def _examples() -> list[tuple[str, Any]]:
    text = PAGE.prose.split("\n## Twenty expressions\n")[1].split("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if "|" in line]
    cells = [[cell.strip() for cell in row] for row in rows if "---" not in row[0]]
    return [(_code(row[1]), json.loads(_code(row[2]))) for row in cells if row[0] != "to say"]


@each(("text", "value"), _examples())
def test_an_example_gives_what_the_page_says(text: str, value: Any) -> None:
    given = expressions.evaluate(text, CONTEXT)

    assert (given, type(given)) == (value, type(value))
    assert not expressions.problems(text, scope_of("input", AGENTS, for_each=True, repeat=True))


def test_there_are_twenty_and_some_more() -> None:
    assert len(_examples()) == 25
    assert len(_rows("Twenty expressions")) == 20


@each(("written", "better"), [(_code(row[0]), _code(row[2])) for row in _rows("What surprises")])
def test_what_surprises_is_refused_and_what_to_write_instead_is_not(
    written: str, better: str
) -> None:
    assert expressions.problems(written, scope_of("when", AGENTS))
    assert not expressions.problems(better, scope_of("when", AGENTS))
    expressions.condition(better, CONTEXT)


def test_what_shows_only_in_the_evaluation() -> None:
    assert expressions.condition("outputs.triage.missing < `5`", CONTEXT) is False
    assert expressions.evaluate("[`null`, `1`][*]", CONTEXT) == [1]
    assert expressions.evaluate("'false' && 'x'", CONTEXT) == "x"
    for text in ("outputs.triage.category > `5`", "contains(outputs.charge, 'a')"):
        assert not expressions.problems(text, scope_of("when", AGENTS))
        with pytest.raises(expressions.ExpressionFailed):
            expressions.condition(text, CONTEXT)


def test_the_names_are_those_of_the_settings() -> None:
    by_names = {row[0]: row[2] for row in _rows("What an expression sees")}
    named = {name for cell in by_names for name in re.findall(r"`(\w+)`", cell)}
    seen = scope_of("input", None, for_each=True, repeat=True).roots

    assert named == seen
    assert seen - {"turn"} == CONTEXT.keys()


def test_the_functions_are_there() -> None:
    mine = {re.match(r"`(\w+)", row[0])[1] for row in _rows("Functions")}  # type: ignore[index]

    assert mine == functions.KNOWN.keys() - Functions.FUNCTION_TABLE.keys()


def test_the_bounds_are_right() -> None:
    assert view.MOST_BYTES == meter.MOST_BYTES
    bounds = [int(row[1].replace(",", "")) for row in _rows("Bounds")]

    assert bounds == [
        syntax.MOST_CHARACTERS,
        syntax.DEEPEST,
        meter.MOST_VISITS,
        meter.MOST_BYTES,
        meter.MOST_BYTES,
        meter.MOST_LEVELS,
        meter.MOST_DIGITS,
        view.MOST_BYTES_OF_VALUES,
        meter.MOST_CHARACTERS_READ,
    ]
