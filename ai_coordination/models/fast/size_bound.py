"""A bound of an item's size that is found without encoding the item.

Most items are far smaller than any limit, so their exact size need not be known.
"""

from collections.abc import Mapping, Set
from math import inf
from typing import Any, Final

from pynamodb.attributes import AttributeContainer

# In JSON, an ASCII character takes at most `\u0000`, and another one at most a surrogate pair.
_OF_AN_ASCII_CHARACTER: Final = 6
_OF_A_CHARACTER: Final = 12
# The name of an attribute of ours.
_OF_A_NAME: Final = 64
# A collection, an element, a time, or a number. JSON's punctuation around it is included.
_OF_A_VALUE: Final = 32
_LARGE: Final = 10**20


def bound(entity: AttributeContainer) -> float:
    """Return a number of bytes that an item does not exceed. Infinity if none is easily found."""
    return _OF_A_VALUE + sum(
        _OF_A_NAME + _of(value) for value in entity.attribute_values.values() if value is not None
    )


def _of(value: Any) -> float:
    if isinstance(value, str):
        width = _OF_AN_ASCII_CHARACTER if value.isascii() else _OF_A_CHARACTER
        return _OF_A_VALUE + width * len(value)
    if value is None or isinstance(value, float):
        return _OF_A_VALUE
    if isinstance(value, int) and -_LARGE < value < _LARGE:
        return _OF_A_VALUE
    if isinstance(value, Mapping):
        return _OF_A_VALUE + sum(_of(name) + _of(each) for name, each in value.items())
    if isinstance(value, list | tuple | Set):
        return _OF_A_VALUE + sum(map(_of, value))
    return bound(value) if isinstance(value, AttributeContainer) else inf
