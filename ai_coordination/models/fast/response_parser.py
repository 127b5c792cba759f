"""How DynamoDB's answers are read: as botocore does, but for the items, which are read at once.

botocore takes each attribute value apart by its model and builds it again. In a page of rows that
is most of a call's processor time, and all that comes of it is that binary values are decoded.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory

from ai_coordination.models import allowance

_AS_THEY_CAME = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})


class FastItemParser(JSONParser):
    """The parser of the protocol `json`, but for maps of attribute values."""

    def parse(self, response: Any, shape: Any) -> Any:
        """As botocore's. The bytes are counted here: not every server says beforehand how many."""
        allowance.received(len(response["body"]))
        return super().parse(response, shape)

    def _handle_map(self, shape: Any, value: Any) -> Any:
        if shape.value.name == "AttributeValue":
            return _item(value)
        return super()._handle_map(shape, value)  # type: ignore[misc] # unknown to the stubs


class FastParserFactory(ResponseParserFactory):
    """Should DynamoDB speak another protocol one day, botocore's own parser reads it."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "json":
            return FastItemParser()
        return super().create_parser(protocol_name)


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if _AS_THEY_CAME.issuperset(value):
        return value
    return {kind: _READERS[kind](content) for kind, content in value.items()}


_READERS: dict[str, Callable[[Any], Any]] = {
    "B": b64decode,
    "BS": lambda several: [b64decode(one) for one in several],
    "L": lambda several: [_value(one) for one in several],
    "M": _item,
}
