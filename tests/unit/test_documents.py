"""Documents that are refused before execution, and their errors."""

from collections.abc import Iterable
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from ai_coordination.api.documents import DocumentRejected, prepare
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, QueryTooComplex
from tests.support.cases import each

SDL = """
    interface Node { id: ID! }
    enum Status { INITIAL COMPLETED }
    type Session implements Node {
      id: ID!
      sessionName: String
      parent: Session
      runs(first: Int = 25): RunConnection!
    }
    type Run implements Node { id: ID! }
    type RunConnection { nodes: [Run!]! }
    type Query { session(id: ID, status: Status): Session }
    type Mutation { touch(input: Touch!): Session }
    input Touch { sessionName: String }
"""
SCHEMA = build_schema(SDL)
SETTINGS = Settings()


def rejected(query: str, settings: Settings = SETTINGS) -> list[dict[str, Any]]:
    with pytest.raises(DocumentRejected) as refused:
        prepare(SCHEMA, query, settings)
    return refused.value.errors


def code(query: str, settings: Settings = SETTINGS) -> str:
    (error,) = rejected(query, settings)
    found: str = error["extensions"]["code"]
    return found


def inside(selections: Iterable[str]) -> str:
    return f"{{ {' '.join(selections)} }}"


def fragments(count: int, body: str) -> str:
    """A chain of fragments on Query, each with `body`, in which NEXT is the name of the next."""
    chain = (
        f"fragment F{n} on Query {{ {body.replace('NEXT', f'F{n + 1}')} }}" for n in range(count)
    )
    return f"{{ ...F0 }} {' '.join(chain)} fragment F{count} on Query {{ __typename }}"


def test_a_valid_document_is_given_back_with_its_operations() -> None:
    document = prepare(SCHEMA, "query A { session { id } } mutation B { __typename }", SETTINGS)

    assert list(document.operations) == ["A", "B"]
    assert document.operation("A").operation.value == "query"
    assert document.operation("B").operation.value == "mutation"


def test_the_only_operation_needs_no_name() -> None:
    anonymous = prepare(SCHEMA, "{ session { id } }", SETTINGS)
    named = prepare(SCHEMA, "query A { session { id } }", SETTINGS)

    assert anonymous.operation(None) is anonymous.operations[None]
    assert named.operation(None) is named.operation("A")


@each(
    ("query", "name", "message"),
    [
        (
            "query A { __typename } query B { __typename }",
            None,
            "operationName is required: the document has several operations.",
        ),
        ("query A { __typename }", "B", "The document has no operation named 'B'."),
        ("query A { __typename }", "", "The document has no operation named ''."),
        ("{ __typename }", "A", "The document has no operation named 'A'."),
    ],
)
def test_an_operation_that_cannot_be_chosen_is_bad_input(
    query: str, name: str | None, message: str
) -> None:
    document = prepare(SCHEMA, query, SETTINGS)

    with pytest.raises(BadUserInput) as refused:
        document.operation(name)

    assert refused.value.message == message
    assert refused.value.extensions == {"code": "BAD_USER_INPUT", "inputPath": ["operationName"]}


def test_a_syntax_error_is_told_with_its_place() -> None:
    assert rejected("{\n  session {") == [
        {
            "message": "Syntax Error: Expected Name, found <EOF>.",
            "locations": [{"line": 2, "column": 12}],
            "extensions": {"code": "GRAPHQL_PARSE_FAILED"},
        }
    ]


@each("query", ["", "  ", "#", "{", "{}", "hello", "{ a(b: ) }", "\0", "{ \ud800 }"])
def test_what_is_no_graphql_fails_to_parse(query: str) -> None:
    assert code(query) == "GRAPHQL_PARSE_FAILED"


def test_an_unknown_field_is_told_with_its_place_and_a_suggestion() -> None:
    assert rejected("{ session { sessionNam } }") == [
        {
            "message": "Cannot query field 'sessionNam' on type 'Session'."
            " Did you mean 'sessionName'?",
            "locations": [{"line": 1, "column": 13}],
            "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
        }
    ]


@each(
    "query",
    [
        "type A { b: Int }",
        "fragment F on Query { __typename }",
        "{ ...F }",
        "{ ...F } fragment F on Query { ...F }",
        "{ __typename } query A { __typename }",
        "query ($a: Int) { __typename }",
        "{ session }",
        "{ session(status: DONE) { id } }",
    ],
)
def test_an_invalid_document_fails_validation(query: str) -> None:
    assert {error["extensions"]["code"] for error in rejected(query)} == {
        "GRAPHQL_VALIDATION_FAILED"
    }


def test_an_operation_that_the_schema_does_not_serve_fails_validation() -> None:
    (error,) = rejected("subscription { a }")

    assert error["message"] == "This API has no subscription operations."
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


def test_only_the_first_errors_are_told() -> None:
    errors = rejected(inside(f"a{n}" for n in range(1_000)))

    assert [error["message"] for error in errors] == [
        f"Cannot query field 'a{n}' on type 'Query'." for n in range(20)
    ]


def test_a_message_quotes_a_bounded_part_of_the_document() -> None:
    (error,) = rejected(inside(["x" * 400_000]))

    assert len(error["message"]) == 501
    assert error["message"].startswith("Cannot query field 'xxx")
    assert error["message"].endswith("x…")


def test_tokens_are_limited() -> None:
    settings = SETTINGS._replace(max_tokens=5)

    prepare(SCHEMA, "{ session { id } }", SETTINGS._replace(max_tokens=6))
    (error,) = rejected("{ session { id } }", settings)

    assert error == {
        "message": "The document has more than 5 tokens.",
        "extensions": {"code": "QUERY_TOO_COMPLEX", "limit": 5},
    }


def test_depth_is_limited() -> None:
    (error,) = rejected("{ session { parent { id } } }", SETTINGS._replace(max_depth=2))

    assert error == {
        "message": "The document nests 3 fields. The limit is 2.",
        "extensions": {"code": "QUERY_TOO_COMPLEX", "depth": 3, "limit": 2},
    }


def test_cost_is_limited_for_the_operation_and_variables_of_the_request() -> None:
    query = """
        query A($n: Int) { session { runs(first: $n) { nodes { id } } } }
        query B { session { id } }
    """
    document = prepare(SCHEMA, query, SETTINGS)

    document.check_cost(document.operation("A"), {"n": 2}, limit=25)
    document.check_cost(document.operation("B"), None, limit=11)
    with pytest.raises(QueryTooComplex) as refused:
        document.check_cost(document.operation("A"), {"n": 3}, limit=25)

    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX", "cost": 27, "limit": 25}


BOMBS = {
    "10,000 aliases": inside(f"a{n}: session {{ id }}" for n in range(10_000)),
    "10,000 operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(10_000)),
    "10,000 directives": inside(["__typename", "@skip(if: true) " * 10_000]),
    "10,000 variables": f"query ({'$v: Int ' * 10_000}) {{ __typename }}",
    "comments alone": "{ __typename } " + "#\n" * 9_000,
    "the same leaf": inside(["__typename"] * 3_900),
    "the same objects": inside(["session { id }"] * 900),
    "the same objects, nested": inside(["session { id parent { id } }"] * 500),
    "100 known levels": "{ session " + "{ parent " * 100 + "{ id }" + "}" * 101,
    "100 unknown levels": "{ a " * 100 + "{ id }" + "}" * 100,
    "1,000 levels": "{ a " * 1_000 + "{ id }" + "}" * 1_000,
    "1,000 levels in a value": f"{{ session(id: {'[' * 1_000}{']' * 1_000}) {{ id }} }}",
    "1,000 levels in a type": f"query ($a: {'[' * 1_000}ID{']' * 1_000}) {{ __typename }}",
    "a chain of 300 doubling fragments": fragments(300, "...NEXT ...NEXT"),
    "fragments to compare": fragments(100, "session { parent { id } } ...NEXT session { id }"),
}


@each("query", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_too_complex(query: str) -> None:
    assert code(query) == "QUERY_TOO_COMPLEX"


def test_many_fragments_with_the_same_fields_side_by_side_are_fine() -> None:
    fields = " ".join(f"a{n}: __typename" for n in range(30))
    spreads = " ".join(f"...F{n}" for n in range(20))
    definitions = " ".join(f"fragment F{n} on Query {{ {fields} }}" for n in range(20))

    document = prepare(SCHEMA, f"{{ {spreads} }} {definitions}", SETTINGS)

    document.check_cost(document.operation(None), {}, limit=600)


def test_doubling_fragments_within_the_depth_are_refused_by_their_cost() -> None:
    document = prepare(SCHEMA, fragments(100, "...NEXT ...NEXT"), SETTINGS)

    with pytest.raises(QueryTooComplex):
        document.check_cost(document.operation(None), {}, SETTINGS.max_cost)


@each("text", ["x" * 500_000, "\n" * 10_001, "\r" * 10_001])
def test_a_document_of_excessive_size_is_not_even_parsed(text: str) -> None:
    (error,) = rejected(f'{{ session(id: """{text}""") {{ id }} }}')

    assert error["extensions"] == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["query"]}
    assert error["message"] == (
        "The document has more than 500000 characters or 10000 lines: send long texts as variables."
    )


def test_a_long_text_within_the_size_is_read() -> None:
    document = prepare(SCHEMA, f'{{ session(id: "{"x" * 400_000}") {{ id }} }}', SETTINGS)

    assert list(document.operations) == [None]


def test_the_standard_introspection_passes_every_limit() -> None:
    document = prepare(SCHEMA, get_introspection_query(), SETTINGS)

    document.check_cost(document.operation(None), {}, SETTINGS.max_cost)


def test_introspection_can_be_switched_off_but_typename_stays() -> None:
    settings = SETTINGS._replace(introspection=False)

    prepare(SCHEMA, "{ __typename session { __typename } }", settings)

    assert code('{ __type(name: "Run") { __typename } }', settings) == "GRAPHQL_VALIDATION_FAILED"
    assert rejected("{ __schema { __typename } }", settings)[0]["message"] == (
        "GraphQL introspection has been disabled, but the requested query contained the field"
        " '__schema'."
    )


@each(
    "query",
    [
        "{ sessio { id } }",
        "{ session { sessionNam } }",
        "{ session(statu: INITIAL) { id } }",
        "{ session(status: INITIA) { id } }",
        "{ session { ... on Sessio { id } } }",
        "{ session { id @skp(if: true) } }",
        'mutation { touch(input: { sessionNam: "" }) { id } }',
    ],
)
def test_without_introspection_no_message_suggests_a_name(query: str) -> None:
    with_it = rejected(query)
    without = rejected(query, SETTINGS._replace(introspection=False))

    assert any("Did you mean" in error["message"] for error in with_it) or "skp" in query
    assert not any("Did you mean" in error["message"] for error in without)
