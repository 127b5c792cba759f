"""Stand-ins for Lambda's context and for the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ai_coordination.api.request import GraphQLRequest
from ai_coordination.caller import Caller

# What was logged or measured so far, one object a line.
Lines = Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True)
class Context:
    """Lambda's context object, as far as the handler reads it."""

    aws_request_id: str = "request-1"
    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Engine:
    """Records the requests, and returns or raises `result`."""

    result: dict[str, Any] | Exception = field(
        default_factory=lambda: {"data": {"__typename": "Query"}}
    )
    asked: list[tuple[GraphQLRequest, Caller]] = field(default_factory=list)

    def __call__(self, request: GraphQLRequest, caller: Caller) -> dict[str, Any]:
        self.asked.append((request, caller))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result
