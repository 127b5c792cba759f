"""Attribute values: what is valid, and the one form in which each value is stored.

In this form numbers have no needless zeros, and sets are sorted. So two values are equal for
DynamoDB exactly where they are equal for Python.

Source: Amazon DynamoDB Developer Guide, "Supported data types and naming rules", and "Quotas".
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ai_coordination.local.database import decimals
from ai_coordination.local.database.errors import Invalid

# {"S": "text"}, {"L": [{"N": "1"}]}: one type and its content.
Value = Mapping[str, Any]
Item = Mapping[str, Value]

MOST_LEVELS = 32
ORDERED_TYPES = frozenset({"S", "N", "B"})

_PARAMETERS = "One or more parameter values were invalid"


def canonical_item(item: Mapping[str, Any]) -> dict[str, Value]:
    """An item of a request in the form in which it is stored. Raises Invalid."""
    _check_names(item)
    return {name: canonical(value) for name, value in item.items()}


def _check_names(item: Mapping[str, Any]) -> None:
    if "" in item:
        raise Invalid("Empty attribute name")


def canonical(value: Mapping[str, Any], level: int = 1) -> Value:
    """A value of a request in the form in which it is stored. Raises Invalid."""
    if len(value) != 1:
        how = "has more than one datatypes set" if value else "is empty"
        raise Invalid(
            f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes"
        )
    [(kind, content)] = value.items()
    if kind in ("S", "BOOL"):
        return {kind: content}
    if kind in ("L", "M"):
        return {kind: _document(kind, content, level)}
    return {kind: _READERS[kind](content)}


def _document(kind: str, content: Any, level: int) -> Any:
    if level >= MOST_LEVELS:
        raise Invalid(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
            "levels beyond supported limit"
        )
    if kind == "L":
        return [canonical(element, level + 1) for element in content]
    _check_names(content)
    return {name: canonical(member, level + 1) for name, member in content.items()}


def check_levels(item: Item) -> None:
    """Raises Invalid where an update has nested documents too deeply."""
    for value in item.values():
        if "L" in value or "M" in value:
            canonical(value)


def _null(content: bool) -> bool:
    if not content:
        raise Invalid(f"{_PARAMETERS}: Null attribute value types must have the value of true")
    return True


def _texts(content: Sequence[str]) -> list[str]:
    if not content:
        raise Invalid(f"{_PARAMETERS}: An string set  may not be empty")
    if len(set(content)) != len(content):
        shown = ", ".join(content)
        raise Invalid(f"{_PARAMETERS}: Input collection [{shown}] contains duplicates")
    return sorted(content)


def _numbers(content: Sequence[str]) -> list[str]:
    if not content:
        raise Invalid(f"{_PARAMETERS}: An number set  may not be empty")
    numbers = {decimals.canonical(number) for number in content}
    if len(numbers) != len(content):
        raise Invalid("Input collection contains duplicates")
    return sorted(numbers, key=Decimal)


def _binaries(content: Sequence[bytes]) -> list[bytes]:
    if not content:
        raise Invalid(f"{_PARAMETERS}: Binary sets should not be empty")
    binaries = {bytes(binary) for binary in content}
    if len(binaries) != len(content):
        raise Invalid(f"{_PARAMETERS}: Input collection contains duplicates")
    return sorted(binaries)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "N": decimals.canonical,
    "B": bytes,
    "NULL": _null,
    "SS": _texts,
    "NS": _numbers,
    "BS": _binaries,
}


def type_of(value: Value) -> str:
    """The type of a value: `S`, `N`, …"""
    return next(iter(value))


def order(value: Value) -> Any:
    """What values of one ordered type are compared by: texts by code points, as in UTF-8."""
    [(kind, content)] = value.items()
    return Decimal(content) if kind == "N" else content


def key(value: Value) -> bytes:
    """Bytes that sort as the values of keys do: texts and binaries by their bytes."""
    [(kind, content)] = value.items()
    if kind == "S":
        return str(content).encode("utf-8", "surrogatepass")
    return decimals.key(content) if kind == "N" else bytes(content)


def same_elements(kind: str, elements: Sequence[Any]) -> list[Any]:
    """The elements of a set in the order in which sets are stored, each once."""
    unique = set(elements)
    return sorted(unique, key=Decimal) if kind == "NS" else sorted(unique)


def _base64(binary: bytes) -> str:
    return b64encode(binary).decode()


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_base64)
_WIRE = json.JSONEncoder(separators=(",", ":"), default=_base64, ensure_ascii=False)


def dumped(item: Item) -> str:
    """An item as JSON, its binaries in base64."""
    return _ENCODER.encode(item)


def bytes_of_answer(answer: Mapping[str, Any]) -> int:
    """How many bytes an answer has as JSON."""
    return len(_WIRE.encode(answer).encode("utf-8", "surrogatepass"))


def loaded(text: str) -> dict[str, Value]:
    """The item that `dumped` has written."""
    item: dict[str, Value] = json.loads(text)
    # Only few items hold binaries; a text that looks like one costs a walk, and no more.
    if '"B":' in text or '"BS":' in text:
        return {name: _with_binaries(value) for name, value in item.items()}
    return item


def _with_binaries(value: Value) -> Value:
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: b64decode(content)}
        case "BS":
            return {kind: [b64decode(binary) for binary in content]}
        case "L":
            return {kind: [_with_binaries(element) for element in content]}
        case "M":
            return {kind: {name: _with_binaries(member) for name, member in content.items()}}
    return value
