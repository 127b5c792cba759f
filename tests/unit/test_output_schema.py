"""The schema of a model's answer: what may be written, and what fits it."""

import json
from typing import Any

from ai_coordination.runtimes import output_schema
from tests.support.cases import each

DEFINED = {
    "type": "object",
    "title": "Order",
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "total": {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "In euros."},
    },
    "required": ["lines"],
    "additionalProperties": False,
    "$defs": {"line": {"type": ["object", "null"], "properties": {"sku": {"enum": ["a", "b"]}}}},
}
INVALID: list[tuple[Any, tuple[str | int, ...]]] = [
    (None, ()),
    ([], ()),
    ({}, ()),
    ({"type": "array"}, ()),
    ({"type": "object", "title": "x" * 16_384}, ()),
    ({"type": "object", "minProperties": 1}, ("minProperties",)),
    ({"type": "object", "properties": []}, ("properties",)),
    ({"type": "object", "properties": {"a": True}}, ("properties", "a")),
    ({"type": "object", "properties": {"a": {"type": "text"}}}, ("properties", "a", "type")),
    ({"type": "object", "properties": {"a": {"type": []}}}, ("properties", "a", "type")),
    ({"type": "object", "properties": {"a": {"type": [7]}}}, ("properties", "a", "type")),
    ({"type": "object", "properties": {"a": {"pattern": "x"}}}, ("properties", "a", "pattern")),
    ({"type": "object", "properties": {"a": {"anyOf": []}}}, ("properties", "a", "anyOf")),
    ({"type": "object", "properties": {"a": {"anyOf": [7]}}}, ("properties", "a", "anyOf", 0)),
    ({"type": "object", "properties": {"a": {"items": []}}}, ("properties", "a", "items")),
    ({"type": "object", "properties": {"a": {"enum": []}}}, ("properties", "a", "enum")),
    ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, ("properties", "a", "$ref")),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}}, ("properties", "a", "$ref")),
    ({"type": "object", "properties": {"a": {"$ref": 7}}}, ("properties", "a", "$ref")),
    ({"type": "object", "required": "a"}, ("required",)),
    ({"type": "object", "required": [1]}, ("required",)),
    ({"type": "object", "additionalProperties": {}}, ("additionalProperties",)),
    ({"type": "object", "$defs": {"a": {"const": 1}}}, ("$defs", "a", "const")),
    ({"type": "object", "description": 7}, ("description",)),
]


def test_a_schema_of_known_keywords_has_no_problem() -> None:
    assert list(output_schema.problems(DEFINED)) == []


@each(("schema", "path"), INVALID, ids=lambda value: str(value)[:60])
def test_a_schema_that_cannot_be_checked_is_refused_at_its_place(
    schema: Any, path: tuple[str | int, ...]
) -> None:
    (problem,) = output_schema.problems(schema, "outputSchema")

    assert problem.path == ("outputSchema", *path)


@each(
    ("text", "problem"),
    [
        ('{"lines": [{"sku": "a"}, null], "total": 1.5}', None),
        ('{"lines": []}', None),
        ("[]", "This must be an object with 'lines' (the answer)"),
        ('{"lines": [{"sku": "c"}]}', "This must be 'a' or 'b' (lines.0.sku)"),
        ('{"total": 1}', "'lines' is missing (lines)"),
        (
            '{"lines": [], "total": "1"}',
            "This has none of the forms that are possible here (total)",
        ),
        (
            '{"lines": [], "more": 1}',
            "'more' is unknown here. The names are 'lines' and 'total' (more)",
        ),
    ],
)
def test_an_answer_fits_or_the_first_place_is_named_where_it_does_not(
    text: str, problem: str | None
) -> None:
    expected = problem and f"The model's answer does not fit the outputSchema. {problem}"

    assert output_schema.problem_of(DEFINED, text) == expected


@each("text", ["", "yes", "{", '{"a": 1} {}', "[" * 100_000])
def test_what_is_not_json_is_not_an_answer(text: str) -> None:
    assert output_schema.problem_of(DEFINED, text) == "The model's answer is not JSON"


def references(**definitions: str) -> dict[str, Any]:
    """A schema whose definitions refer to others."""
    refs = {name: {"$ref": f"#/$defs/{to}"} for name, to in definitions.items()}
    return {"type": "object", "properties": {"p": {"$ref": "#/$defs/a"}}, "$defs": refs}


@each(
    ("schema", "loop"),
    [(references(a="a"), "a -> a"), (references(a="b", b="c", c="b"), "b -> c -> b")],
)
def test_a_schema_that_refers_to_itself_without_end_is_refused(
    schema: dict[str, Any], loop: str
) -> None:
    (problem,) = output_schema.problems(schema, "form")

    assert problem.path == ("form", "$defs")
    assert problem.message == f"These definitions refer to each other without end: {loop}"


def test_a_schema_that_refers_to_itself_below_a_value_is_allowed() -> None:
    schema = references(a="b")
    schema["$defs"]["b"] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/a"}}}

    assert list(output_schema.problems(schema)) == []


def test_a_stored_schema_that_refers_to_itself_without_end_is_given_up() -> None:
    problem = output_schema.problem_of(references(a="a"), '{"p": 1}')

    assert problem is not None
    assert problem.endswith("cannot be checked: it is too large, or the outputSchema too intricate")


def strict(**properties: Any) -> dict[str, Any]:
    required = list(properties)
    fixed = {"type": "object", "additionalProperties": False}
    return {**fixed, "properties": properties, "required": required}


@each(
    ("schema", "expected"),
    [
        (strict(), True),
        (strict(a={"type": "string"}, b=strict(c={"type": "null"})), True),
        (DEFINED, False),
        ({**strict(a={}), "required": []}, False),
        ({**strict(a={}), "additionalProperties": True}, False),
        (strict(a={"type": "array", "items": {"type": "object"}}), False),
        (strict(a={"anyOf": [{"type": "object"}]}), False),
        ({**strict(), "$defs": {"a": {"type": "object"}}}, False),
    ],
    ids=str,
)
def test_a_schema_is_strict_if_each_object_has_exactly_its_properties(
    schema: Any, expected: bool
) -> None:
    assert output_schema.is_strict(schema) is expected


@each(
    ("text", "inner"),
    [
        (' {"a": 1}\n', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('\n```\n{"a": 1}```\n', '{"a": 1}'),
        ('Here:\n```json\n{"a": 1}\n```', 'Here:\n```json\n{"a": 1}\n```'),
    ],
)
def test_a_fence_around_the_whole_answer_is_left_out(text: str, inner: str) -> None:
    assert output_schema.json_of(text) == inner


@each("path", ["name", "place"])
def test_what_is_said_of_an_output_is_short(path: str) -> None:
    long = "n" * 100_000
    schema: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    if path == "place":
        schema = {"anyOf": [schema, {"type": "array"}], "properties": {long: {"type": "null"}}}

    said = output_schema.problem_of_output(schema, json.dumps({long: 1}))

    assert said is not None
    assert len(said) < 1_200
