"""Parse DynamoDB's responses as botocore does, but items without botocore's model.

botocore takes each attribute value apart by its model and builds it again. For a page of rows that
is most of a call's processor time, and its only effect is that binary values are decoded.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory

from ai_coordination.models import allowance

_UNCHANGED = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})


class FastItemParser(JSONParser):
    """The parser of the protocol `json`, with a faster way for maps of attribute values."""

    def parse(self, response: Any, shape: Any) -> Any:
        """Parse a response, and count its bytes: not every server sends a Content-Length."""
        allowance.received(len(response["body"]))
        return super().parse(response, shape)

    def _handle_map(self, shape: Any, value: Any) -> Any:
        if shape.value.name == "AttributeValue":
            return _item(value)
        return super()._handle_map(shape, value)  # type: ignore[misc] # unknown to the stubs


class FastParserFactory(ResponseParserFactory):
    """Uses botocore's own parser if DynamoDB ever uses another protocol."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "json":
            return FastItemParser()
        return super().create_parser(protocol_name)


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if _UNCHANGED.issuperset(value):
        return value
    return {kind: _READERS[kind](content) for kind, content in value.items()}


_READERS: dict[str, Callable[[Any], Any]] = {
    "B": b64decode,
    "BS": lambda values: [b64decode(value) for value in values],
    "L": lambda values: [_value(value) for value in values],
    "M": _item,
}
