"""Which calls to AWS a piece of work makes, for tests that state exact numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore.client import BaseClient


class Call(NamedTuple):
    """One API call: ("dynamodb", "GetItem"). The SDK's own repeats of it are not counted."""

    service: str
    operation: str


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Every call any botocore client begins inside the block, from any thread, in order.

    Works alike on embedded AWS, on an emulator and on AWS, and for clients made earlier.
    """
    calls: list[Call] = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record_and_call(client: Any, operation: str, parameters: Any) -> Any:
        calls.append(Call(client.meta.service_model.service_name, operation))
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", record_and_call):
        yield calls


@contextmanager
def recorded_parameters(operation: str) -> Iterator[list[dict[str, Any]]]:
    """The parameters of every call of one operation inside the block, likewise."""
    given: list[dict[str, Any]] = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record_and_call(client: Any, name: str, parameters: Any) -> Any:
        if name == operation:
            given.append(parameters)
        return original(client, name, parameters)

    with patch.object(BaseClient, "_make_api_call", record_and_call):
        yield given
