"""Decode DynamoDB's items to entities as pynamodb does, but many times as fast.

pynamodb copies every attribute of a list's elements each time it reads such a list. Here each class
is inspected once, and decoding an item looks functions up in a dictionary.
"""

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
)
from pynamodb.constants import NULL, NUMBER

C = TypeVar("C", bound=AttributeContainer)
Value = Mapping[str, Any]


@cache
def decoder(kind: type[C]) -> Callable[[Mapping[str, Value]], C]:
    """Return the function that decodes an item to a `kind`. Unknown attributes are ignored."""
    attributes = kind.get_attributes().items()
    readers = {each.attr_name: (name, _reader(each)) for name, each in attributes}
    new_values = defaults(kind)

    def decode(item: Mapping[str, Value]) -> C:
        values = new_values()
        for stored_name, value in item.items():
            if stored_name in readers and NULL not in value:
                name, read = readers[stored_name]
                values[name] = read(value)
        decoded = kind.__new__(kind)
        decoded.attribute_values = values
        return decoded

    return decode


@cache
def defaults(kind: type[AttributeContainer]) -> Callable[[], dict[str, Any]]:
    """Return the function that returns the values of a `kind` for which nothing is given."""
    given = {
        name: each.default
        for name, each in kind.get_attributes().items()
        if each.default is not None
    }
    fixed = {name: value for name, value in given.items() if not callable(value)}
    made = [(name, make) for name, make in given.items() if callable(make)]

    def new_values() -> dict[str, Any]:
        values = fixed.copy()
        for name, make in made:
            values[name] = make()
        return values

    return new_values


def _reader(attribute: Attribute[Any]) -> Callable[[Value], Any]:
    type_name = attribute.attr_type
    if isinstance(attribute, NumberAttribute):
        return _number
    if isinstance(attribute, MapAttribute):
        return _inside(type_name, decoder(type(attribute)))
    if isinstance(attribute, ListAttribute) and attribute.element_type:
        read = _element_reader(attribute.element_type)
        return lambda value: [read(element) for element in value[type_name]]
    if type(attribute).deserialize is Attribute.deserialize:
        return itemgetter(type_name)
    return _inside(type_name, attribute.deserialize)


def _element_reader(kind: type[Attribute[Any]]) -> Callable[[Value], Any]:
    if issubclass(kind, MapAttribute):
        return _inside(kind.attr_type, decoder(kind))
    return _reader(kind())


def _inside(type_name: str, read: Callable[[Any], Any]) -> Callable[[Value], Any]:
    return lambda value: read(value[type_name])


_any_number = NumberAttribute().deserialize


def _number(value: Value) -> int | float:
    text = value[NUMBER]
    return int(text) if text.isdecimal() else _any_number(text)
