"""The part of JSON Schema in which kinds of runtimes describe their parameters."""

import itertools
from typing import Any

import pytest

from ai_coordination.runtimes import json_schema, registry
from tests.support.cases import each

COUNT = {"type": "integer", "minimum": 0, "maximum": 100}
SCHEMA = {
    "type": ["object", "null"],
    "properties": {
        "count": COUNT,
        "ratio": {"type": "number", "minimum": 0.5},
        "mode": {"enum": ["fast", 1, None]},
        "flag": {"type": "boolean"},
        "names": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "five": {"type": "array", "minItems": 5, "maxItems": 5},
        "some": {"type": "array", "minItems": 1},
        "few": {"type": "array", "minItems": 2, "maxItems": 3},
        "word": {"type": "string", "minLength": 2, "maxLength": 3},
        "either": {"anyOf": [COUNT, {"enum": ["many"]}]},
        "tree": {"$ref": "#/$defs/tree"},
        "pair": {"properties": {"left": COUNT}, "required": ["left", "right"]},
        "inner": {"type": "object", "properties": {"a": COUNT}, "additionalProperties": False},
    },
    "$defs": {
        "tree": {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}, "n": COUNT}}
    },
}
VALID: list[Any] = [
    None,
    {},
    {"other": object},
    {"count": 0, "ratio": 0.5, "mode": "fast", "flag": True, "names": [], "inner": {}},
    {"count": 100, "ratio": 7, "mode": None, "inner": {"a": 1}},
    {"count": 1.0},
    {"mode": 1},
    {"five": [1, 2, 3, 4, 5], "some": [1], "few": [1, 2]},
    {"names": ["a", "b"], "word": "abc", "either": "many", "pair": {"left": 1, "right": None}},
    {"tree": {"next": {"next": {"n": 1}}}, "either": 7},
]
TREE = ("tree", "next", "n")
INVALID: list[tuple[Any, str, tuple[str | int, ...]]] = [
    (7, "This must be an object or null", ()),
    (["count"], "This must be an object or null", ()),
    ({"count": 1.5}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": True}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": "1"}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": -1}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": 101}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": None}, "This must be a whole number from 0 to 100", ("count",)),
    ({"count": float("nan")}, "This must be a whole number from 0 to 100", ("count",)),
    ({"ratio": 0.4}, "This must be a number from 0.5", ("ratio",)),
    ({"mode": "slow"}, "This must be 'fast', 1 or null", ("mode",)),
    ({"mode": True}, "This must be 'fast', 1 or null", ("mode",)),
    ({"mode": ["fast"]}, "This must be 'fast', 1 or null", ("mode",)),
    ({"flag": 0}, "This must be true or false", ("flag",)),
    ({"names": {}}, "This must be a list of at most 2", ("names",)),
    ({"names": ["a", "b", "c"]}, "This must be a list of at most 2", ("names",)),
    ({"names": ["a", 1]}, "This must be a text", ("names", 1)),
    ({"five": [1, 2, 3, 4]}, "This must be a list of 5", ("five",)),
    ({"five": [1, 2, 3, 4, 5, 6]}, "This must be a list of 5", ("five",)),
    ({"some": []}, "This must be a list of at least 1", ("some",)),
    ({"few": [1]}, "This must be a list of 2 to 3", ("few",)),
    ({"word": "a"}, "This must be a text of 2 to 3 characters", ("word",)),
    ({"word": "abcd"}, "This must be a text of 2 to 3 characters", ("word",)),
    ({"either": "few"}, "This has none of the forms that are possible here", ("either",)),
    ({"either": 101}, "This has none of the forms that are possible here", ("either",)),
    ({"tree": {"next": {"n": "x"}}}, "This must be a whole number from 0 to 100", TREE),
    ({"tree": {"next": 7}}, "This must be an object", ("tree", "next")),
    ({"pair": {"left": 1}}, "'right' is missing", ("pair", "right")),
    ({"inner": {"b": 1}}, "'b' is unknown here. The names are 'a'", ("inner", "b")),
    ({"inner": {"a": "x"}}, "This must be a whole number from 0 to 100", ("inner", "a")),
]


@each("value", VALID, ids=str)
def test_a_value_that_fits_has_no_problem(value: Any) -> None:
    assert list(json_schema.problems(SCHEMA, value)) == []


def test_whole_numbers_become_ints_where_the_schema_wants_them() -> None:
    value = {"count": 1.0, "ratio": 1.0, "inner": {"a": 2.0}, "other": {"a": 3.0}}

    whole = json_schema.with_whole_numbers(SCHEMA, value)

    assert repr(whole) == "{'count': 1, 'ratio': 1.0, 'inner': {'a': 2}, 'other': {'a': 3.0}}"
    assert json_schema.with_whole_numbers(SCHEMA, None) is None


@each(("value", "message", "path"), INVALID, ids=str)
def test_a_value_that_does_not_fit_has_a_problem_at_its_place(
    value: Any, message: str, path: tuple[str | int, ...]
) -> None:
    assert list(json_schema.problems(SCHEMA, value)) == [(message, path)]


def test_each_problem_of_an_object_is_named() -> None:
    found = json_schema.problems(SCHEMA, {"count": -1, "inner": {"b": 1, "c": 2}}, "parameters")

    assert [problem.path for problem in found] == [
        ("parameters", "count"),
        ("parameters", "inner", "b"),
        ("parameters", "inner", "c"),
    ]


def keywords(schema: Any) -> set[str]:
    inner = [*schema.get("properties", {}).values()]
    inner += [schema["items"]] if "items" in schema else []
    return {*schema}.union(*map(keywords, inner))


@each("kind", registry.RUNTIMES)
def test_the_schemas_of_kinds_use_no_other_keywords(kind: str) -> None:
    assert keywords(registry.RUNTIMES[kind].parameters_schema) <= {
        "description",
        "type",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "maxItems",
    }


def test_a_schema_that_needs_exponentially_many_steps_is_given_up() -> None:
    names = [f"d{number}" for number in range(40)]
    forks: dict[str, Any] = {
        name: {"anyOf": [{"$ref": f"#/$defs/{after}"}] * 2}
        for name, after in itertools.pairwise(names)
    }
    schema = {"anyOf": [{"$ref": "#/$defs/d0"}], "$defs": {**forks, "d39": {"type": "null"}}}

    with pytest.raises(json_schema.TooManySteps):
        list(json_schema.problems(schema, 7))
