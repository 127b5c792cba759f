"""Expressions: what they give, what they may cost, and that they are JMESPath otherwise."""

import json
import sys
import threading
import tracemalloc
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_coordination import expressions
from ai_coordination.expressions import ExpressionFailed, Meter, syntax
from tests.support.cases import each
from tests.support.hostile_expressions import BYTES, HOSTILE, Hostile, nested

CONTEXT = {
    "query": "Judge it",
    "outputs": {
        "critic": {"approved": True, "score": 7, "tags": ["a", "b"], "text": "7.5", "none": None},
        "fact-checker": "APPROVED",
        "list": [{"name": "b", "n": 2}, {"name": "a", "n": 1}],
    },
    "states": {"charge": "FAILED"},
}


@each("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_expression_is_refused_with_its_reason(hostile: Hostile) -> None:
    with pytest.raises(ExpressionFailed) as failed:
        expressions.evaluate(hostile.expression, hostile.context)

    assert hostile.refused in failed.value.message
    assert len(failed.value.message) < 300


@each("name", [name for name, hostile in HOSTILE.items() if hostile.refused == BYTES])
def test_an_expression_that_would_make_much_is_refused_before_it_has(name: str) -> None:
    hostile = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionFailed):
            expressions.evaluate(hostile.expression, hostile.context)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak <= 8_000_000


def test_what_nests_as_deep_as_allowed_is_evaluated_deep_in_the_stack() -> None:
    def deeper(frames: int) -> Any:
        if frames:
            return deeper(frames - 1)
        syntax.tree.cache_clear()
        return expressions.evaluate("|".join(["[@]"] * 32), 1)

    assert deeper(sys.getrecursionlimit() - 700) is not None


def test_a_value_that_nests_too_deeply_to_compare_fails_like_any_other() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(ExpressionFailed, match="a value nests too deeply"):
        expressions.evaluate("a == b", {"a": deep, "b": [[deep]]})
    while deep:
        deep = deep.pop()


def test_the_deepest_value_and_the_longest_number_are_given_as_they_are() -> None:
    given = {"deep": nested(498), "long": [10**4_300 - 1, 1 - 10**4_300]}

    # The object and the list around it are two levels more.
    assert expressions.evaluate("{a: [deep], b: long}", given) == {
        "a": [given["deep"]],
        "b": given["long"],
    }


def test_trees_are_kept_for_few_expressions_only_and_botocores_are_left_alone() -> None:
    jmespath.parser.Parser.purge()
    for number in range(500):
        expressions.evaluate(f"a{number}", {})

    assert syntax.tree.cache_info().currsize == syntax.tree.cache_info().maxsize == 64
    assert not jmespath.parser.Parser._CACHE


def test_threads_evaluate_side_by_side() -> None:
    syntax.tree.cache_clear()
    results: list[Any] = []

    def evaluate_many(number: int) -> None:
        results.extend(expressions.evaluate(f"a[{i}]", {"a": [number] * 90}) for i in range(90))

    threads = [threading.Thread(target=evaluate_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == sorted([0, 1, 2, 3] * 90)


def test_several_evaluations_may_share_a_meter() -> None:
    shared = Meter(2)
    text = "to_string(a)"
    context = {"a": ["x" * 2_500_000]}

    for _ in range(3):
        assert len(expressions.evaluate(text, context, shared)) > 2_500_000
    with pytest.raises(ExpressionFailed, match="16,000,000 bytes"):
        expressions.evaluate(text, context, shared)


@each(
    ("text", "holds"),
    [
        ("states.charge == 'FAILED'", True),
        ("states.nobody == 'FAILED'", False),
        ("outputs.critic.approved", True),
        ("outputs.critic.approved && !(outputs.critic.missing)", True),
        ("outputs.nobody.approved", False),
        ("outputs.nobody.score < `5`", False),
        ("to_number(outputs.critic.text) >= `7.5`", True),
        ("contains(lower(outputs.\"fact-checker\"), 'approved')", True),
        ("`false`", False),
        ("`null`", False),
    ],
)
def test_a_condition_is_true_or_false(text: str, holds: bool) -> None:
    assert expressions.condition(text, CONTEXT) is holds


@each(
    ("text", "kind"),
    [
        ("query", "a text"),
        ("'false'", "a text"),
        ("outputs.critic.score", "a number"),
        ("outputs.list[?n == `1`]", "a list"),
        ("outputs.critic", "an object"),
    ],
)
def test_a_condition_that_gives_anything_else_fails(text: str, kind: str) -> None:
    with pytest.raises(ExpressionFailed) as failed:
        expressions.condition(text, CONTEXT)

    assert failed.value.message == f"it gives {kind}, and a condition gives true or false"


@each(
    ("text", "value"),
    [
        ("lower('ÄB')", "äb"),
        ("trim(' \n a b\n')", "a b"),
        ("json('{\"a\": [1]}').a[0]", 1),
        ("json('a')", None),
        ("json('NaN')", None),
        ("to_number('nan')", None),
        ("to_number('1e999')", None),
        ("to_number('12')", 12),
        ("to_string({a: 'ä\n'})", '{"a":"ä\\n"}'),
        ("sort_by(outputs.list, &name)[*].n", [1, 2]),
        ("max_by(outputs.list, &n).name", "b"),
        ("min_by(outputs.list, &n).name", "a"),
        ("join(', ', outputs.list[*].name)", "b, a"),
        ("join(', ', `[]`)", ""),
        ("reverse(outputs.list)[0].name", "a"),
        ("merge(outputs.list[0], {n: `3`})", {"name": "b", "n": 3}),
        ("values(states)", ["FAILED"]),
        ("outputs.list[::-1].n", [1, 2]),
        ("outputs.list[].name", ["b", "a"]),
        ("query[]", None),
        ("contains(outputs.critic.tags, 'b')", True),
        ("ends_with(query, 'it')", True),
        ("'b' > 'a'", True),
    ],
)
def test_functions_and_projections_work_under_the_meter(text: str, value: Any) -> None:
    assert expressions.evaluate(text, CONTEXT) == value


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b", "7", "ab"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)
LEAVES = st.sampled_from(["a", "b", "c", "@", "'a'", "`1`", "`[1, 2]`", "`null`", '`{"a": [0]}`'])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = ["({}).b", "({})[0]", "({})[*]", "({})[]", "({})[1:]", "({}).*", "!({})", "[{}]"]
    one += ["({})[?@ == `1`]", "({})[?a].b", "({})[*].[a, @]", "{{a: {}, b: @}}"]
    one += [f"{name}({{}})" for name in ("length", "type", "keys", "values", "sort", "reverse")]
    one += [f"{name}({{}})" for name in ("max", "min", "sum", "avg", "to_array", "to_number")]
    one += ["to_string({})", "map(&a, {})", "sort_by({}, &@)", "max_by({}, &a)", "abs({})"]
    two = ["({}) == ({})", "({}) != ({})", "({}) < ({})", "({}) && ({})", "({}) || ({})"]
    two += ["({}) | ({})", "contains({}, {})", "join({}, {})", "[{}, {}]"]
    # Of lists without elements, or of pairs, jmespath's merge() makes objects.
    two += ["starts_with({}, {})", "not_null({}, {})", "merge({{a: {}}}, {{b: {}}})"]
    return st.builds(str.format, st.sampled_from(one), inner) | st.builds(
        str.format, st.sampled_from(two), inner, inner
    )


@settings(max_examples=100, deadline=None)
@given(st.recursive(LEAVES, _larger, max_leaves=6), JSON_VALUES)
def test_the_meter_changes_nothing_but_what_goes_beyond_it(text: str, value: Any) -> None:
    try:
        plain = jmespath.compile(text).search(value)
        if plain != plain:
            plain = ExpressionFailed
    except (ValueError, TypeError, AttributeError):
        plain = ExpressionFailed
    try:
        metered = expressions.evaluate(text, value)
    except ExpressionFailed:
        metered = ExpressionFailed

    assert (metered, type(metered)) == (plain, type(plain))


@each(
    ("output", "value"),
    [
        (None, None),
        ("", ""),
        (" APPROVED\n", "APPROVED"),
        ('{"a": 1}', {"a": 1}),
        ("\n[1, 2]\n", [1, 2]),
        ("7", "7"),
        ('"text"', '"text"'),
        ("{broken", "{broken"),
        ('{"a": NaN}', '{"a": NaN}'),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("Here it is:\n\n```\n[1]\n```\nI hope it helps.", [1]),
        ("```json\r\n[1]\r\n```", [1]),
        ("```json\n[1]\n```\n```json\n[2]\n```", "```json\n[1]\n```\n```json\n[2]\n```"),
        ("```python\nprint()\n```", "```python\nprint()\n```"),
        ("Use `[1]` for it", "Use `[1]` for it"),
        ("[" * 100_000, "[" * 100_000),
        (r'{"a": ["\ud800b", "\ud83d\ude00", "\\ud800"]}', {"a": ["?b", "😀", "\\ud800"]}),
        ("```json\n[1]", "```json\n[1]"),
        ("```json\n[1]\n```json", "```json\n[1]\n```json"),
        ("[1]\n```", "[1]\n```"),
        ("  ```jsonc title=`x`\n[1]\n```", "```jsonc title=`x`\n[1]\n```"),
        ("A list:\n  ```JSON5 \n  [1]\n  ``` \nDone", [1]),
        ("```x\n" * 400_000, ("```x\n" * 400_000).strip()),
        ("\n".join([" " * 900] * 2_000 + ["x"]), "x"),
    ],
)
def test_an_output_is_json_where_it_is_a_list_or_an_object(output: str | None, value: Any) -> None:
    assert expressions.output_value(output) == value


@each(
    "value",
    [
        [{}] * 3_000,
        [[]] * 3_000,
        [0.5] * 3_000,
        [{"ab": "cd"}] * 3_000,
        ["é" * 9] * 3_000,
        [{str(number): 1000 + number for number in range(40)}] * 100,
        {"a": "x" * 9_000},
    ],
    ids=["objects", "lists", "numbers", "members", "texts", "large objects", "one text"],
)
def test_the_bytes_of_parsed_json_are_never_guessed_too_low(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    tracemalloc.start()
    parsed = json.loads(text)
    made = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert parsed == expressions.output_value(f"So:\n```\n{text}\n```") == value
    assert made <= expressions.value_bytes(text) <= 7 * made


def test_a_text_that_is_no_json_needs_its_own_bytes_alone() -> None:
    text = "name,price\n" * 1_000

    assert expressions.value_bytes(text) == sys.getsizeof(text)
