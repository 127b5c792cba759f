"""Faults of a single call of a botocore client: the process dies, or a message is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError


class Died(BaseException):
    """The process has died. Nothing catches this."""


Call = Callable[[], Any]
Fault = Callable[[Call], Any]


def dies_before(call: Call) -> Any:
    raise Died


def dies_after(call: Call) -> Any:
    call()
    raise Died


def is_lost(call: Call) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://aws")


def is_not_answered(call: Call) -> Any:
    call()
    raise ReadTimeoutError(endpoint_url="https://aws")


FAULTS: list[Fault] = [dies_before, dies_after, is_lost, is_not_answered]


@contextmanager
def fault_at(number: int, fault: Fault) -> Iterator[list[str]]:
    """Inject the fault at the call of this number, counted from 1. Yields the calls so far."""
    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    made: list[str] = []

    def watched(client: Any, operation: str, parameters: Any) -> Any:
        made.append(operation)
        if len(made) == number:
            return fault(lambda: original(client, operation, parameters))
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", watched):
        yield made
