"""Copy scalar fields of entities into a response without calling their resolvers.

Most fields of a response are strings, numbers and enums that the entity stores as they are shown.
For each field graphql-core builds a path, a ResolveInfo and arguments, calls a resolver, and
completes its result. Copying gives the same response in a fraction of the time. graphql-core
still handles everything else: custom resolvers, other types, long texts, and nulls in non-null
fields. So no error is raised here.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from graphene.types.resolver import get_default_resolver
from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)
from pynamodb.attributes import AttributeContainer

from ai_coordination.api import sizes
from ai_coordination.api.scalars import DateTime

# A longer text may be deferred instead: see `api.execution`.
MAX_COPIED_CHARACTERS = 1_024

Fields = dict[str, list[FieldNode]]
Data = dict[str, Any]


class FastField(NamedTuple):
    """A field that shows a stored attribute."""

    attribute: str
    nullable: bool
    copy: Callable[[Any], Any]
    """Returns the value to show, or None if graphql-core must complete it."""


def copy_fields(
    of: GraphQLObjectType, entity: AttributeContainer, fields: Fields
) -> tuple[Data, int]:
    """Return the values of all fields that can be copied, and their size in bytes as JSON."""
    fast_fields = _fast_fields(of, type(entity))
    values = entity.attribute_values
    copied, size = {}, 0
    for name, nodes in fields.items():
        field = fast_fields.get(nodes[0].name.value)
        if field is None:
            continue
        value = values.get(field.attribute)
        shown = None if value is None else field.copy(value)
        if shown is not None or (value is None and field.nullable):
            copied[name] = shown
            size += json_bytes(shown)
    return copied, size


def copy_texts(of: GraphQLOutputType, values: Any) -> list[str] | None:
    """Return a list of strings or IDs if all its elements can be copied, else None."""
    inner = of.of_type if isinstance(of, GraphQLNonNull) else of
    if (inner is not GraphQLID and inner is not GraphQLString) or not isinstance(values, list):
        return None
    can_copy = all(_text(value) is not None for value in values)
    return values if can_copy else None


def json_bytes(shown: Any) -> int:
    """Return the size of a scalar as JSON, without the escapes that a string may need."""
    if type(shown) is str:
        return 2 + sizes.utf8_bytes(shown)
    return 4 if shown is None or shown is True else len(str(shown))


@cache
def _fast_fields(of: GraphQLObjectType, model: type[AttributeContainer]) -> dict[str, FastField]:
    """Return the fields of a type that graphene would read from an attribute of `model`."""
    stored = model.get_attributes()
    attributes = {name: (_attribute(field), field.type) for name, field in of.fields.items()}
    fields = {
        name: _fast_field(attribute, type_)
        for name, (attribute, type_) in attributes.items()
        if attribute in stored
    }
    return {name: field for name, field in fields.items() if field is not None}


def _attribute(field: GraphQLField) -> str | None:
    """Return the attribute that graphene's default resolver reads, None for another resolver."""
    resolve = field.resolve
    if isinstance(resolve, partial) and resolve.func is get_default_resolver() and not field.args:
        return str(resolve.args[0])
    return None


def _fast_field(attribute: str, type_: GraphQLOutputType) -> FastField | None:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    copy = _enum_names(inner) if isinstance(inner, GraphQLEnumType) else _COPIERS.get(str(inner))
    return FastField(attribute, inner is type_, copy) if copy else None


def _enum_names(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    names = {str(each.value): name for name, each in type_.values.items()}
    return lambda value: names.get(value) if type(value) is str else None


def _text(value: Any) -> str | None:
    return value if type(value) is str and len(value) <= MAX_COPIED_CHARACTERS else None


def _int(value: Any) -> int | None:
    return value if type(value) is int and -(2**31) <= value < 2**31 else None


def _boolean(value: Any) -> bool | None:
    return value if type(value) is bool else None


_COPIERS: dict[str, Callable[[Any], Any]] = {
    GraphQLString.name: _text,
    GraphQLID.name: _text,
    DateTime._meta.name: _text,
    GraphQLInt.name: _int,
    GraphQLBoolean.name: _boolean,
}
