"""The parameters of a request from a body, a URL or an object, and their errors."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport.parameters import (
    MAX_NESTING,
    from_body,
    from_object,
    from_query_string,
)
from ai_coordination.errors import BadUserInput
from tests.support.cases import each


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@each(
    ("given_parameters", "expected"),
    [
        ({"query": "{a}"}, GraphQLRequest("{a}")),
        ({"query": ""}, GraphQLRequest("")),
        ({"query": "{a}", "operationName": ""}, GraphQLRequest("{a}")),
        (
            {"query": "{a}", "variables": None, "operationName": None, "extensions": None},
            GraphQLRequest("{a}"),
        ),
        (
            {"query": "{a}", "variables": {}, "operationName": "A", "extensions": {"b": 1}},
            GraphQLRequest("{a}", {}, "A", {"b": 1}),
        ),
        ({"query": "{a}", "documentId": "reserved", "context": 1}, GraphQLRequest("{a}")),
    ],
)
def test_a_well_formed_request(given_parameters: Any, expected: GraphQLRequest) -> None:
    assert from_object(given_parameters) == expected
    assert from_body(json.dumps(given_parameters).encode()) == expected


@each(
    ("given_parameters", "message", "input_path"),
    [
        ([], "Batches are not supported: send one request object at a time.", ()),
        ([{"query": "{a}"}], "Batches are not supported: send one request object at a time.", ()),
        (None, "A GraphQL request must be a JSON object, not null.", ()),
        ("{a}", "A GraphQL request must be a JSON object, not a string.", ()),
        (7, "A GraphQL request must be a JSON object, not a number.", ()),
        ({}, "query is missing: send the GraphQL document in it.", ("query",)),
        ({"query": None}, "query is missing: send the GraphQL document in it.", ("query",)),
        ({"query": ["{a}"]}, "query must be a string, not a list.", ("query",)),
        ({"query": False}, "query must be a string, not a boolean.", ("query",)),
        ({"query": 1.5}, "query must be a string, not a number.", ("query",)),
        (
            {"query": "{a}", "variables": "{}"},
            "variables must be an object, not a string.",
            ("variables",),
        ),
        (
            {"query": "{a}", "variables": [1]},
            "variables must be an object, not a list.",
            ("variables",),
        ),
        (
            {"query": "{a}", "operationName": {}},
            "operationName must be a string, not an object.",
            ("operationName",),
        ),
        (
            {"query": "{a}", "extensions": 0},
            "extensions must be an object, not a number.",
            ("extensions",),
        ),
        (
            {"query": "{a\ud800}"},
            "A string contains half of a surrogate pair, which is not valid Unicode.",
            ("query",),
        ),
        (
            {"query": "{a}", "variables": {"input": {"names": ["ä", "\udc00"]}}},
            "A string contains half of a surrogate pair, which is not valid Unicode.",
            ("variables", "input", "names", 1),
        ),
        (
            {"query": "{a}", "variables": {"a": {"\ud800": 1}}},
            "A string contains half of a surrogate pair, which is not valid Unicode.",
            ("variables", "a"),
        ),
        (
            {"query": "{a}", "variables": {"a": [1.5, float("inf")]}},
            "A number is too large to be stored.",
            ("variables", "a", 1),
        ),
    ],
)
def test_a_wrong_request_is_told_where_and_why(
    given_parameters: Any, message: str, input_path: tuple[str | int, ...]
) -> None:
    with pytest.raises(BadUserInput) as caught:
        from_object(given_parameters)

    assert (caught.value.message, caught.value.input_path) == (message, input_path)


@each("name", ["variables", "extensions"])
def test_nesting_has_a_limit(name: str) -> None:
    deepest = {"query": "{a}", name: {"a": nested(MAX_NESTING - 1)}}
    deeper = {"query": "{a}", name: {"a": nested(MAX_NESTING)}}

    assert getattr(from_object(deepest), name) == deepest[name]
    with pytest.raises(BadUserInput, match=f"nested deeper than {MAX_NESTING} levels") as caught:
        from_object(deeper)

    assert caught.value.input_path == (name, "a", *[0] * (MAX_NESTING - 1))


@each(
    ("body", "message"),
    [
        (b"", "The body is not valid JSON: Expecting value, line 1, column 1."),
        (
            b"{\n'query'",
            "The body is not valid JSON: Expecting property name enclosed in double quotes",
        ),
        (b'{"query": "{a}"} {}', "The body is not valid JSON: Extra data, line 1, column 18."),
        (b'{"query": "{a}", "variables": {"a": NaN}}', "NaN is not a JSON number."),
        (b'{"query": "{a}", "ignored": -Infinity}', "-Infinity is not a JSON number."),
        (b'{"query": "{a}", "query": "{b}"}', "an object has the same member twice."),
        (
            b'{"query": "{a}", "variables": {"a": 1, "a": 1}}',
            "an object has the same member twice.",
        ),
        (b'{"query": "{a}", "variables": {"a": 1e999}}', "A number is too large to be stored."),
        (b'{"query": "{a}", "x": ' + b"1" * 5000 + b"}", "The body contains a number that is too"),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a":' * 100_000, "The body is nested too deeply."),
        (b'{"query": "\xff"}', "The body is not valid UTF-8."),
        ('{"query": "{a}"}'.encode("utf-16"), "The body is not valid UTF-8."),
        (b'{"query": "\xed\xa0\x80"}', "The body is not valid UTF-8."),
        (
            b'{"query": "\\ud800"}',
            "A string contains half of a surrogate pair, which is not valid Unicode.",
        ),
        (b'{"query": "a\nb"}', "The body is not valid JSON: Invalid control character at"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(body: bytes, message: str) -> None:
    with pytest.raises(BadUserInput) as caught:
        from_body(body)

    assert message in caught.value.message


INEXACT = [
    "0.10000000000000000555",
    "123456789012345678901.5",
    "3.14159265358979323846",
    "1e-400",
    "-4.9e-325",
    "9007199254740993.0",
]
EXACT = [
    "0.1",
    "19.90",
    "-0.0",
    "0e5",
    "1E3",
    "1e22",
    "1.7976931348623157e308",
    "5e-324",
    "0.30000000000000004",
]


@each("number", INEXACT)
def test_a_decimal_that_would_come_back_as_another_is_refused_with_its_place(number: str) -> None:
    query = "mutation ($x: X) { put(input: {json: $x}) { done } }"
    body = json.dumps({"query": query, "variables": {"x": {"a": [1, "?"]}}}).replace('"?"', number)
    url = urlencode({"query": query, "variables": f'{{"x": {{"a": [1, {number}]}}}}'})

    for read, given_text in ((from_body, body.encode()), (from_query_string, url)):
        with pytest.raises(BadUserInput, match="more digits than can be stored") as caught:
            read(given_text)  # type: ignore[arg-type]
        assert caught.value.input_path == ("input", "json", "a", 1)


@each("number", EXACT)
def test_a_decimal_that_comes_back_is_taken(number: str) -> None:
    read = from_body(f'{{"query": "{{a}}", "variables": {{"x": {number}}}}}'.encode())

    assert read.variables == {"x": float(number)}
    assert type((read.variables or {})["x"]) is float


def test_a_byte_order_mark_is_no_harm() -> None:
    assert from_body(b'\xef\xbb\xbf{"query": "{a}"}') == GraphQLRequest("{a}")


@each(
    ("query_string", "expected"),
    [
        ("query=%7Ba%7D", GraphQLRequest("{a}", read_only=True)),
        ("query={a+b}", GraphQLRequest("{a b}", read_only=True)),
        ("query={a}&variables=&operationName=", GraphQLRequest("{a}", read_only=True)),
        ("query={a}&variables=null&extensions=null", GraphQLRequest("{a}", read_only=True)),
        ("query={a}&operationName=null", GraphQLRequest("{a}", None, "null", read_only=True)),
        ("query=%C3%A4&x=1&x=2", GraphQLRequest("ä", read_only=True)),
        ("query=%FF", GraphQLRequest("\ufffd", read_only=True)),
    ],
)
def test_a_url_names_a_request(query_string: str, expected: GraphQLRequest) -> None:
    assert from_query_string(query_string) == expected


@each(
    ("query_string", "message", "input_path"),
    [
        ("", "query is missing: send the GraphQL document in it.", ("query",)),
        ("query={a}&query={b}", "The parameter query is repeated: send it once.", ("query",)),
        (
            "query={a}&variables={}&variables={}",
            "The parameter variables is repeated: send it once.",
            ("variables",),
        ),
        (
            "query={a}&variables=a",
            "variables is not valid JSON: Expecting value, line 1, column 1.",
            ("variables",),
        ),
        (
            "query={a}&extensions=[]",
            "extensions must be an object, not a list.",
            ("extensions",),
        ),
        (
            f"query={{a}}&variables={'[' * 20_000}",
            "variables is nested too deeply.",
            ("variables",),
        ),
    ],
)
def test_a_wrong_url_is_told_where_and_why(
    query_string: str, message: str, input_path: tuple[str, ...]
) -> None:
    with pytest.raises(BadUserInput) as caught:
        from_query_string(query_string)

    assert (caught.value.message, caught.value.input_path) == (message, input_path)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)  # fmt: skip


@given(
    query=st.text(st.characters(codec="utf-8")),
    variables=st.dictionaries(st.text(st.characters(codec="utf-8")), JSON_VALUES),
)
def test_what_is_sent_arrives_whichever_way_it_comes(query: str, variables: dict[str, Any]) -> None:
    sent = {"query": query, "variables": variables}
    in_url = urlencode({"query": query, "variables": json.dumps(variables)})

    assert from_body(json.dumps(sent).encode()) == GraphQLRequest(query, variables)
    assert from_query_string(in_url) == GraphQLRequest(query, variables, read_only=True)
