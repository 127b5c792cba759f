"""When a repeated key comes with the same input: every member of every input that takes a key.

The tests share their entities: each key is used for one input.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    Undefined,
    get_named_type,
    is_non_null_type,
)

from ai_coordination.api.schema import schema
from ai_coordination.services import fingerprints
from tests.api.full_inputs import FULL, KEY, Path, at, full, perform, put
from tests.support.cases import Test, each
from tests.support.mutations import input_of
from tests.support.stored import refused
from tests.support.world import World


class Member(NamedTuple):
    """A member of an input, at its path in the full one."""

    mutation: str
    path: Path
    field: GraphQLInputField

    def __str__(self) -> str:
        return ".".join(map(str, (self.mutation, *self.path)))


def members(name: str, kind: GraphQLInputObjectType, values: dict[Path, Any]) -> Iterator[Member]:
    """All members of an input type, each in one of the values, which are at these paths.

    A member that no value has fails the test. Several values are the elements of a list, because
    not all members of an action go together.
    """
    for member, field in kind.fields.items():
        if member == KEY:
            continue
        given = {(*at, member): value[member] for at, value in values.items() if member in value}
        assert given, f"{name} has a new member: {member}"
        yield Member(name, next(iter(given)), field)
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            lists = {at: value for at, value in given.items() if isinstance(value, list)}
            elements = {
                (*at, index): element
                for at, value in lists.items()
                for index, element in enumerate(value)
            }
            yield from members(name, inner, elements if lists else given)


MEMBERS = [
    member for name, full in FULL.items() for member in members(name, input_of(name), {(): full})
]
OPTIONAL = [one for one in MEMBERS if not is_non_null_type(one.field.type)]
# The members of an object are listed themselves; JSON has none.
VALUES = [
    one for one in MEMBERS if not isinstance(get_named_type(one.field.type), GraphQLInputObjectType)
]


def every(chosen: list[Member]) -> Callable[[Test], Test]:
    return each("member", chosen, ids=str)


def another(value: Any, of_type: GraphQLInputType) -> Any:
    """Another value of the same type; it does not have to be one that would be taken."""
    if isinstance(kind := get_named_type(of_type), GraphQLEnumType):
        return next(name for name in kind.values if name != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [*value, *value] if value else ["zh"]
    if isinstance(value, dict):
        return {**value, "other": 1}
    return f"{value}1"


def test_each_mutation_that_takes_a_key_is_here() -> None:
    mutations = schema.graphql_schema.mutation_type.fields

    assert {name for name in mutations if KEY in input_of(name).fields} == FULL.keys()


def test_the_members_that_hold_json_and_the_defaults_are_known() -> None:
    def named(path: Path) -> str:
        return "".join(f"_{one.lower()}" if one.isupper() else one for one in str(path[-1]))

    json_members = {
        named(one.path) for one in MEMBERS if get_named_type(one.field.type).name == "JSON"
    }
    defaults = {
        named(one.path): one.field.default_value
        for one in MEMBERS
        if len(one.path) > 1 and one.field.default_value is not Undefined
    }

    assert json_members == fingerprints.JSON_MEMBERS
    assert defaults == fingerprints.DEFAULTS


@every(VALUES)
def test_another_value_anywhere_is_a_conflict(still_world: World, member: Member) -> None:
    given = full(still_world, member.mutation)
    perform(member.mutation, given, key=member.mutation)
    value = at(given, member.path)
    changed = put(given, member.path, another([] if value is None else value, member.field.type))
    if "finishedAt" in member.path:
        changed = put(given, member.path, "2026-01-01T00:00:00Z")

    refusal = refused(member.mutation, {**changed, KEY: member.mutation})

    assert refusal == {"code": "CONFLICT", "inputPath": ["input", KEY]}


@every(OPTIONAL)
def test_a_member_that_is_null_or_has_its_default_is_as_one_that_is_left_out(
    still_world: World, member: Member
) -> None:
    given = full(still_world, member.mutation)
    if member.mutation == "recordSessionRun" and member.path == ("outcome",):
        given = put(put(given, ("finishedAt",), Undefined), ("usage",), Undefined)
    if member.path[-1] == "target":
        given = put(given, (*member.path[:-1], "kind"), "EXTERNAL")
    key = str(member)
    first = perform(member.mutation, put(given, member.path, Undefined), key)

    null = perform(member.mutation, put(given, member.path, None), key)

    assert null == first
    default = member.field.ast_node and member.field.ast_node.default_value
    if default is None and member.field.default_value is not Undefined:
        value = member.field.default_value
        value = getattr(value, "name", value)
        assert perform(member.mutation, put(given, member.path, value), key) == first


@pytest.mark.parametrize(
    "parameters",
    [{}, {"a": None}, {"b": [1, {"c": None}]}, {"a": None, "b": [1, {}]}, {"a": None, "b": [1]}],
)
def test_a_null_in_a_json_value_is_a_part_of_it(still_world: World, parameters: Any) -> None:
    given = full(still_world, "createCoordination")
    path = ("agents", 0, "runtime", "parameters")
    first = perform("createCoordination", given)

    told = refused("createCoordination", {**put(given, path, parameters), KEY: "once"})

    assert told["code"] == "CONFLICT"
    backwards = dict(reversed(at(given, path).items()))
    assert perform("createCoordination", put(given, path, backwards)) == first
