"""Explicit nulls, where a value is required and where it is not."""

from typing import Any

from graphql import GraphQLInputObjectType, get_nullable_type, is_list_type, is_non_null_type

from ai_coordination.api.schema import schema
from tests.support.cases import each
from tests.support.graph_api import ask, data, mutation
from tests.support.lists import LISTS
from tests.support.mutations import input_of
from tests.support.stored import everything_stored, refused
from tests.support.world import TYPES, World

BAD = "BAD_USER_INPUT"
ANY_TEXT = "01900000-0000-7000-8000-000000000000"

assert schema.graphql_schema.mutation_type
MUTATIONS = schema.graphql_schema.mutation_type
NAMES = list(MUTATIONS.fields)


def required(kind: GraphQLInputObjectType) -> list[str]:
    return [name for name, field in kind.fields.items() if is_non_null_type(field.type)]


REQUIRED = [(name, field) for name in NAMES for field in required(input_of(name))]


def _any_value(kind: GraphQLInputObjectType, field: str) -> Any:
    """A value that the schema allows."""
    is_list = is_list_type(get_nullable_type(kind.fields[field].type))
    return [] if is_list else ANY_TEXT


@each(("name", "field"), REQUIRED)
def test_a_required_field_is_neither_null_nor_left_out(
    still_world: World, name: str, field: str
) -> None:
    kind = input_of(name)
    whole = {name: _any_value(kind, name) for name in required(kind)}
    document = mutation(name, kind.name, "__typename")
    before = everything_stored()

    for given in (
        {**whole, field: None},
        {key: value for key, value in whole.items() if key != field},
    ):
        answer = ask(document, {"input": given})

        assert [error["extensions"]["code"] for error in answer["errors"]] == [BAD]
        assert "data" not in answer
    assert everything_stored() == before


@each("name", NAMES)
def test_an_input_is_neither_null_nor_left_out(still_world: World, name: str) -> None:
    kind = input_of(name)
    document = mutation(name, kind.name, "__typename")

    for variables in ({"input": None}, {}):
        answer = ask(document, variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [BAD]
        assert "data" not in answer

    for text in (f"{name}(input: null)", name, f"{name}(input: {{}})"):
        answer = ask(f"mutation {{ {text} {{ __typename }} }}")
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes == {"GRAPHQL_VALIDATION_FAILED"}
        assert "data" not in answer


@each(
    ("kind", "field"),
    [("coordination", "coordinationName"), ("task", "taskName"), ("schedule", "schedule")],
)
def test_what_an_entity_cannot_be_without_is_not_cleared(
    still_world: World, kind: str, field: str
) -> None:
    told = refused(f"update{TYPES[kind]}", {**still_world.key_of(kind), field: None})

    assert told == {"code": BAD, "inputPath": ["input", field]}


def test_null_arguments_of_a_list_are_as_none(still_world: World) -> None:
    for listed in LISTS.values():
        document = listed.document(still_world)

        assert data(document, {"first": None, "after": None}) == data(document)


LISTS_OF_INPUTS = [
    (name, field)
    for name in NAMES
    for field, input_field in input_of(name).fields.items()
    if is_list_type(input_field.type)
]


@each(("name", "field"), LISTS_OF_INPUTS)
def test_no_element_of_a_list_is_null(still_world: World, name: str, field: str) -> None:
    kind = input_of(name)
    given = {**dict.fromkeys(required(kind), ANY_TEXT), field: [None]}

    answer = ask(mutation(name, kind.name, "__typename"), {"input": given})

    assert [error["extensions"]["code"] for error in answer["errors"]] == [BAD]
    assert "data" not in answer
