"""A GraphQL request, independent of its transport."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ai_coordination.errors import BadUserInput


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The request parameters of the GraphQL over HTTP specification."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    read_only: bool = False
    """Whether it came by GET, which must not change anything."""
    sent_bytes: Callable[[Any], int] | None = field(default=None, compare=False)
    """Returns the size of a value in Lambda's result. None if the response has no such limit."""


class MutationByGet(BadUserInput):
    """A mutation was sent by GET. Nothing was executed."""

    def __init__(self) -> None:
        super().__init__("Send mutations by POST. GET is only for queries.")
