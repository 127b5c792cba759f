"""A shorter way to what entities have stored, with the very same answers.

Most of an answer are texts, numbers and enums that lie in an entity as they are shown. For each of
them graphql-core makes a path, a ResolveInfo and arguments, calls a resolver, and asks step by step
what came of it. Here they are copied. Whatever is not that plain goes graphql-core's way: resolvers
of our own, values of other types, long texts, a null where none may be. So no error is made here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

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

# Characters. A longer text is not plain.
LONGEST_PLAIN = 1_024

Fields = dict[str, list[FieldNode]]
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that shows a stored attribute. `show` gives None for a value that is not plain."""

    attribute: str
    nullable: bool
    show: Callable[[Any], Any]


def plain(of: GraphQLObjectType, entity: AttributeContainer, fields: Fields) -> tuple[Data, int]:
    """Those of the fields that are plain, and the bytes of what they show."""
    leaves = _leaves(of, type(entity))
    values = entity.attribute_values
    found, size = {}, 0
    for name, nodes in fields.items():
        leaf = leaves.get(nodes[0].name.value)
        if leaf is None:
            continue
        value = values.get(leaf.attribute)
        shown = None if value is None else leaf.show(value)
        if shown is not None or (value is None and leaf.nullable):
            found[name] = shown
            size += size_of(shown)
    return found, size


def texts(of: GraphQLOutputType, values: Any) -> list[str] | None:
    """The elements of a list of texts or ids, where all of them are plain."""
    inner = of.of_type if isinstance(of, GraphQLNonNull) else of
    if (inner is not GraphQLID and inner is not GraphQLString) or not isinstance(values, list):
        return None
    return values if all(type(one) is str and len(one) <= LONGEST_PLAIN for one in values) else None


def size_of(shown: Any) -> int:
    """The bytes of a scalar as JSON, but for the escapes of a text."""
    if type(shown) is str:
        return 2 + sizes.utf8(shown)
    return 4 if shown is None or shown is True else len(str(shown))


@cache
def _leaves(of: GraphQLObjectType, kind: type[AttributeContainer]) -> dict[str, Leaf]:
    """The fields of a type that graphene would read from an attribute of `kind`."""
    stored = kind.get_attributes()
    found = {name: (_attribute(field), field.type) for name, field in of.fields.items()}
    leaves = {
        name: _leaf(attribute, type_)
        for name, (attribute, type_) in found.items()
        if attribute in stored
    }
    return {name: leaf for name, leaf in leaves.items() if leaf is not None}


def _attribute(field: GraphQLField) -> str | None:
    """The attribute that graphene's default resolver reads for a field, if that resolves it."""
    resolve = field.resolve
    if isinstance(resolve, partial) and resolve.func is get_default_resolver() and not field.args:
        return str(resolve.args[0])
    return None


def _leaf(attribute: str, type_: GraphQLOutputType) -> Leaf | None:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    show = _names(inner) if isinstance(inner, GraphQLEnumType) else _SHOWN.get(str(inner))
    return Leaf(attribute, inner is type_, show) if show else None


def _names(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    names = {str(each.value): name for name, each in type_.values.items()}
    return lambda value: names.get(value) if type(value) is str else None


def _text(value: Any) -> str | None:
    return value if type(value) is str and len(value) <= LONGEST_PLAIN else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and -(2**31) <= value < 2**31 else None


def _truth(value: Any) -> bool | None:
    return value if type(value) is bool else None


_SHOWN: dict[str, Callable[[Any], Any]] = {
    GraphQLString.name: _text,
    GraphQLID.name: _text,
    DateTime._meta.name: _text,
    GraphQLInt.name: _whole,
    GraphQLBoolean.name: _truth,
}
