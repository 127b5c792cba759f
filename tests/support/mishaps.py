"""What may happen to one call of any botocore client: death, loss, or somebody else first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError


class Died(BaseException):
    """The process is gone: nothing catches this."""


Call = Callable[[], Any]
Mishap = Callable[[Call], Any]


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


MISHAPS: list[Mishap] = [dies_before, dies_after, is_lost, is_not_answered]


@contextmanager
def mishap_at(number: int, mishap: Mishap) -> Iterator[list[str]]:
    """Something happens at the call of this number, counted from 1."""
    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    made: list[str] = []

    def watched(client: Any, operation: str, parameters: Any) -> Any:
        made.append(operation)
        if len(made) == number:
            return mishap(lambda: original(client, operation, parameters))
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", watched):
        yield made
