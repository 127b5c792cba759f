"""Custom scalars: DateTime and JSON."""

import math
import re
from datetime import UTC, datetime
from typing import Any

import graphene
from graphql import (
    FloatValueNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    value_from_ast_untyped,
)

from ai_coordination.api import decimals
from ai_coordination.api.decimals import Inexact

# RFC 3339. Python also parses other forms of ISO 8601, such as week dates, which few clients read.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class DateTime(graphene.Scalar):
    """Time in UTC, in ISO 8601 (RFC 3339): `2026-11-22T14:27:00.123456+00:00`. An input may have
    another offset.
    """

    class Meta:
        specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"

    @staticmethod
    def serialize(value: str) -> str:
        # Times are stored in the format in which they are shown.
        return value

    @staticmethod
    def parse_value(value: Any) -> datetime:
        try:
            if not _INSTANT.fullmatch(value):
                raise ValueError("not in the format of RFC 3339")
            return datetime.fromisoformat(value).astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise GraphQLError(
                f"DateTime cannot represent {str(value)[:100]!r}: use ISO 8601 with the offset"
                " from UTC, such as 2026-11-22T14:27:00Z"
            ) from error

    @classmethod
    def parse_literal(cls, node: ValueNode, variables: dict[str, Any] | None = None) -> datetime:
        return cls.parse_value(value_from_ast_untyped(node, variables))


class JSON(graphene.Scalar):
    """Any JSON value."""

    @staticmethod
    def serialize(value: Any) -> Any:
        return value

    @staticmethod
    def parse_value(value: Any) -> Any:
        return value

    @staticmethod
    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        _check_decimals(node)
        return _defined(value_from_ast_untyped(node, variables))


def _check_decimals(node: ValueNode) -> None:
    """Raise GraphQLError for a number that a double cannot represent exactly."""
    if isinstance(node, FloatValueNode):
        number = decimals.parse(node.value)
        if isinstance(number, Inexact) or not math.isfinite(number):
            raise GraphQLError(decimals.INEXACT, node)
    elif isinstance(node, ListValueNode):
        for element in node.values:
            _check_decimals(element)
    elif isinstance(node, ObjectValueNode):
        for member in node.fields:
            _check_decimals(member.value)


def _defined(value: Any) -> Any:
    """Replace variables without a value: omit them from objects, and use null in lists."""
    if isinstance(value, dict):
        return {name: _defined(inner) for name, inner in value.items() if inner is not Undefined}
    if isinstance(value, list):
        return [None if inner is Undefined else _defined(inner) for inner in value]
    return value
