"""Scalars that GraphQL does not bring."""

from datetime import UTC, datetime
from typing import Any

import graphene
from graphql import GraphQLError, Undefined, ValueNode, value_from_ast_untyped


class DateTime(graphene.Scalar):
    """ISO 8601 instant in UTC, e.g. `2026-11-22T14:27:00.123456+00:00`."""

    class Meta:
        specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"

    @staticmethod
    def serialize(value: str) -> str:
        # Stored as it is shown.
        return value

    @staticmethod
    def parse_value(value: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError("no offset from UTC")
            return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise GraphQLError(
                f"DateTime cannot represent {str(value)[:100]!r}: it takes an ISO 8601 instant"
                " with its offset from UTC"
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
        return _defined(value_from_ast_untyped(node, variables))


def _defined(value: Any) -> Any:
    """A variable that the request leaves out is left out of an object, and null in a list."""
    if isinstance(value, dict):
        return {name: _defined(inner) for name, inner in value.items() if inner is not Undefined}
    if isinstance(value, list):
        return [None if inner is Undefined else _defined(inner) for inner in value]
    return value
