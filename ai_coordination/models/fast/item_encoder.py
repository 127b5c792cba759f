"""Encode entities to DynamoDB's items as pynamodb does, but several times as fast.

pynamodb looks at every attribute of the class three times, although most items have few of them.
Here each class is inspected once. What is unusual, wrong or missing is left to pynamodb.
"""

import json
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import MAP, STRING
from pynamodb.exceptions import AttributeNullError

Item = dict[str, dict[str, Any]]
# Returns what is stored under the type, or None if nothing is. The second argument is `null_check`.
_Writer = Callable[[Any, bool], Any]


class _Unusual(Exception):
    """pynamodb converts it, or says what is wrong with it."""


def encode(container: AttributeContainer, *, null_check: bool) -> Item:
    """The item of an entity. Raises pynamodb's errors: for attributes missing, if `null_check`."""
    try:
        return _encoder(type(container))(container, null_check)
    except (_Unusual, AttributeNullError):
        # Its errors name the whole path.
        return container._container_serialize(null_check=null_check)


def encode_map(attribute: MapAttribute[Any, Any], values: Any, *, null_check: bool) -> Item:
    """What `MapAttribute.serialize` returns, for the overriding methods of subclasses."""
    if type(values) is type(attribute):
        return encode(values, null_check=null_check)
    item: Item = MapAttribute.serialize(attribute, values, null_check=null_check)
    return item


@cache
def _encoder(kind: type[AttributeContainer]) -> Callable[[AttributeContainer, bool], Item]:
    fields = [
        (name, each.attr_name, each.attr_type, bool(each.null), _writer(each))
        for name, each in kind.get_attributes().items()
    ]

    def write(container: AttributeContainer, null_check: bool) -> Item:
        values = container.attribute_values
        item: Item = {}
        for name, stored_name, type_name, may_be_missing, write_value in fields:
            value = values.get(name)
            written = None if value is None else write_value(value, null_check)
            if written is not None:
                item[stored_name] = {type_name: written}
            elif null_check and not may_be_missing:
                raise _Unusual
        return item

    return write


def _writer(attribute: Attribute[Any]) -> _Writer:
    if isinstance(attribute, MapAttribute):
        return _map_writer(attribute)
    if isinstance(attribute, ListAttribute):
        return _list_writer(attribute)
    own = type(attribute).serialize
    if own is UnicodeAttribute.serialize:
        return lambda value, _: value
    if own is NumberAttribute.serialize:
        return lambda value, _: _number(value)
    if own is NumberSetAttribute.serialize:
        return lambda values, _: [_number(value) for value in values] or None
    serialize = attribute.serialize
    return lambda value, _: serialize(value)


def _number(value: Any) -> str:
    kind = type(value)
    if kind is int or (kind is float and isfinite(value)):
        return repr(value)
    return json.dumps(value)


def _map_writer(attribute: MapAttribute[Any, Any]) -> _Writer:
    kind = type(attribute)
    if kind.serialize is MapAttribute.serialize:
        own = _encoder(kind)
    else:
        # It changes what pynamodb would write.
        def own(value: Any, null_check: bool) -> Any:
            return attribute.serialize(value, null_check=null_check)

    def write(value: Any, null_check: bool) -> Any:
        if type(value) is not kind:
            raise _Unusual
        return own(value, null_check)

    return write


def _list_writer(attribute: ListAttribute[Any]) -> _Writer:
    of = attribute.element_type
    if of is not None and issubclass(of, UnicodeAttribute):
        return lambda values, _: [{STRING: _text(value)} for value in values]
    if of is not None and issubclass(of, MapAttribute):
        write_map = _map_writer(of())
        return lambda values, null_check: [{MAP: write_map(one, null_check)} for one in values]
    return lambda values, null_check: attribute.serialize(values, null_check=null_check)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _Unusual
    return value
