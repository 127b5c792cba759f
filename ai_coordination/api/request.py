"""One GraphQL request, whichever way it came."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ai_coordination.errors import BadUserInput


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What the GraphQL over HTTP specification calls the request parameters.

    `read_only` is set for requests by GET, which may not change anything. `sent_bytes` measures a
    value as it goes into Lambda's answer, where the answer goes through Lambda.
    """

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    read_only: bool = False
    sent_bytes: Callable[[Any], int] | None = field(default=None, compare=False)


class MutationByGet(BadUserInput):
    """A mutation in a request that may only read. Nothing was executed."""

    def __init__(self) -> None:
        super().__init__("A mutation needs a POST request; GET is for queries alone.")
