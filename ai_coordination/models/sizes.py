"""The size of an item as DynamoDB counts it, and its limits.

DynamoDB refuses an item of more than 400 KB. What callers store in an item is limited to less, so
that log entries, leases, edges, counts and times still fit later.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ai_coordination.models.base import Item, Table
from ai_coordination.models.fast.size_bound import bound

LARGEST_ITEM_BYTES = 400 * 1024
# For what callers store, together with all attributes from the item's creation.
LARGEST_BYTES = 300 * 1024
# When the engine adds a text to an existing item: an output, an input.
LARGEST_GROWN_BYTES = 350 * 1024

_OF_A_COLLECTION = 3
_OF_AN_ELEMENT = 1


def of_entity(entity: Table) -> int:
    """Return the size of an entity's item in bytes."""
    return sum(by_attribute(entity).values())


def is_surely_within(entity: Table, limit: int) -> bool:
    """Whether an entity's item has at most so many bytes. False if it must be measured to know."""
    return bound(entity) <= limit


def by_attribute(entity: Table) -> dict[str, int]:
    """Return the size of each attribute of an entity in bytes, including its name."""
    item = entity.serialize(null_check=False)
    return {name: _text(name) + _value(value) for name, value in item.items()}


def of_item(item: Item) -> int:
    """Return the size of a raw item in bytes."""
    return sum(_text(name) + _value(value) for name, value in item.items())


def _text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _value(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    return _SIZES[kind](content)


def _number(number: str) -> int:
    """One byte for two digits, in pairs from the decimal point, plus one, plus one for a sign.

    Leading and trailing zeros do not count.
    """
    if number.isdecimal():
        sign, written, exponent = 0, number.lstrip("0"), 0
    else:
        parts = Decimal(number).as_tuple()
        written = "".join(map(str, parts.digits)).lstrip("0")
        sign, exponent = parts.sign, int(parts.exponent)
    significant = written.rstrip("0")
    if not significant:
        return 1
    places = exponent + len(written) - len(significant)
    return (len(significant) + places % 2 + 1) // 2 + 1 + sign


def _list(elements: Sequence[Mapping[str, Any]]) -> int:
    return _OF_A_COLLECTION + sum(_OF_AN_ELEMENT + _value(element) for element in elements)


def _map(members: Item) -> int:
    return _OF_A_COLLECTION + _OF_AN_ELEMENT * len(members) + of_item(members)


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": _text,
    "N": _number,
    "B": len,
    "BOOL": lambda value: 1,
    "NULL": lambda value: 1,
    "SS": lambda texts: sum(map(_text, texts)),
    "NS": lambda numbers: sum(map(_number, numbers)),
    "BS": lambda values: sum(map(len, values)),
    "L": _list,
    "M": _map,
}
