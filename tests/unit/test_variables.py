"""`{variables}` of subtask queries: replacement, braces, and the size limit."""

import tracemalloc

import pytest

from ai_coordination.engine.planning import variables
from ai_coordination.errors import BadUserInput, PayloadTooLarge
from tests.support.cases import each

ROOM = variables.MOST_BYTES
PLAIN = "Which offers?"
OBJECT = '{"error": 500}'


def filled(text: str, task_query: str | None, room: int = ROOM) -> str:
    return variables.filled(text, variables.of(task_query), room, "subtask_query")


@each(
    "number",
    ["1.10", "19.90", "1E3", "1e400", "-0.0", "123456789012345678901.5", "0", "9" * 5_000],
)
def test_a_number_is_replaced_as_it_was_written(number: str) -> None:
    assert filled("{x} EUR", f'{{"x": {number}}}') == f"{number} EUR"
    assert (
        filled("{x}", f'{{"x": [{number}, {{"y": {number}}}]}}') == f'[{number}, {{"y": {number}}}]'
    )


@each(
    ("written", "told"),
    [
        ('"green tea"', "green tea"),
        ('"\\u00e9\\n"', "é\n"),
        ("true", "true"),
        ("null", "null"),
        ("[ ]", "[ ]"),
        ('{"a": ["\\u00e9", "\\"}\\\\"]}', '{"a": ["é", "\\"}\\\\"]}'),
        ('[1,  "a,b:c"]', '[1,  "a,b:c"]'),
    ],
)
def test_any_other_value_is_its_text_or_its_json(written: str, told: str) -> None:
    assert filled("{x}", f' {{ "y" : 0 , "x" :{written} , "z":1}} ') == told


def test_of_a_name_that_stands_twice_the_last_counts() -> None:
    assert filled("{x}", '{"x": 1, "x": 2}') == "2"


@each(
    "query",
    [
        None,
        "",
        PLAIN,
        "[1]",
        '"x"',
        '{"x": NaN}',
        '{"x": Infinity}',
        '{"x": -Infinity}',
        '{"x": 1',
        '{"x": 1} and more',
        "[" * 100_000,
    ],
)
def test_what_is_no_json_object_has_no_variables(query: str | None) -> None:
    assert variables.of(query) is None
    assert filled("{x}", query) == "{x}"


@each("query", [PLAIN, OBJECT])
@each(
    ("text", "told"),
    [
        ("\\frac{{a}}{{b}}", "\\frac{a}{b}"),
        ('{{"a": 1}}', '{"a": 1}'),
        ('{{"a": {{"b": 1}}}}', '{"a": {"b": 1}}'),
        ('{{"a": {"b": 1}}}', '{"a": {"b": 1}}'),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 1}}}'),
        ("{ not one } { } {} {a-b}", "{ not one } { } {} {a-b}"),
        ("a }} b { c", "a }} b { c"),
        ("{{", "{"),
        ("", ""),
    ],
)
def test_braces_mean_the_same_whatever_the_task_query_is(query: str, text: str, told: str) -> None:
    assert filled(text, query) == told


def test_braces_around_a_variable_are_kept() -> None:
    assert filled("{{{error}}} {error}", OBJECT) == "{500} 500"


def test_a_name_that_the_task_query_has_not_is_refused_at_its_place() -> None:
    with pytest.raises(BadUserInput) as refused:
        filled("{error} {price}", OBJECT)

    assert refused.value.input_path == ("subtask_query",)
    assert "'price'" in refused.value.message


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(BadUserInput, match="half a surrogate pair"):
        filled("{x}", '{"x": "\\ud800"}')


def test_a_text_may_have_2_mb_and_not_a_byte_more() -> None:
    value = "é" * 1_024
    query = f'{{"x": "{value}"}}'

    assert len(filled("{x}" * 1_024, query).encode()) == 2 * 1_024**2
    with pytest.raises(PayloadTooLarge, match="2 MB"):
        filled("{x}" * 1_024 + "!", query)


def test_a_text_takes_no_more_than_there_is_room_for() -> None:
    assert filled("{error}!", OBJECT, room=4) == "500!"
    with pytest.raises(PayloadTooLarge, match="32 MB together") as refused:
        filled("{error}!", OBJECT, room=3)

    assert refused.value.input_path == ("subtask_query",)


def test_what_gets_too_large_stops_while_it_is_filled() -> None:
    query = variables.of(f'{{"x": "{"x" * 1_000_000}"}}')
    tracemalloc.start()

    with pytest.raises(PayloadTooLarge):
        variables.filled("{x}" * 2_000, query, ROOM)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000
