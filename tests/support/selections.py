"""Selections made from the schema, so that new fields are included."""

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_required_argument,
)

from ai_coordination.api.schema import schema


def selection(kind: GraphQLOutputType, depth: int) -> str:
    """Every field of a type, and of the objects in it down to `depth`, in braces.

    A field is left out where it needs an argument; empty for a leaf.
    """
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if is_interface_type(named):
        kinds = schema.graphql_schema.get_possible_types(named)
        parts = [f"... on {one.name} {_fields(one, depth)}" for one in kinds]
        return "{ __typename " + " ".join(parts) + " }"
    return _fields(named, depth)


def _fields(named: GraphQLNamedType, depth: int) -> str:
    assert isinstance(named, GraphQLObjectType)
    names = [
        f"{name} {selection(field.type, depth - 1)}"
        for name, field in named.fields.items()
        if _is_in(field, depth)
    ]
    return "{ " + " ".join(names) + " }"


def _is_in(field: GraphQLField, depth: int) -> bool:
    if any(is_required_argument(argument) for argument in field.args.values()):
        return False
    return is_leaf_type(get_named_type(field.type)) or depth > 1
