"""Repeat the DynamoDB calls of the engine with a bare boto3 client."""

import json
import re
import uuid
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import boto3
from botocore import xform_name
from botocore.client import BaseClient

from ai_coordination.context import InvocationContext

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Calls = list[tuple[str, dict[str, Any]]]


def recorded(work: Callable[[], Any]) -> tuple[Any, Calls]:
    """Return the result of `work`, and the calls that it makes with their parameters."""
    calls: Calls = []
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record_and_call(client: Any, operation: str, parameters: Any) -> Any:
        calls.append((operation, json.loads(json.dumps(parameters))))
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", record_and_call):
        return work(), calls


class Bare:
    """A boto3 client with default settings, and the calls that it makes one after another."""

    def __init__(self, calls: Calls, created: str | None) -> None:
        self._client: Any = boto3.client("dynamodb")
        self._calls = calls
        self._created = created

    def next(self) -> Callable[[], Any]:
        """Return a function that makes the calls again. They create a new entity each time."""
        calls = [
            (getattr(self._client, xform_name(operation)), self._renewed(parameters))
            for operation, parameters in self._calls
        ]
        return lambda: [call(**parameters) for call, parameters in calls]

    def whole(self, kept: set[str]) -> Callable[[], Any]:
        """Return a function that makes all calls again, with new UUIDs except the `kept` ones."""
        text = json.dumps(self._calls)
        new = {one: InvocationContext().new_uuid() for one in set(_UUID.findall(text)) - kept}
        self._calls = json.loads(_UUID.sub(lambda found: new.get(found[0], found[0]), text))
        calls = self.each()
        return lambda: [call() for call in calls]

    def each(self) -> deque[Callable[[], Any]]:
        """Return the calls in a queue, from which several threads can take them."""
        return deque(
            partial(getattr(self._client, xform_name(operation)), **parameters)
            for operation, parameters in self._calls
        )

    def _renewed(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self._created is None:
            return parameters
        text = json.dumps(parameters | {"ClientRequestToken": str(uuid.uuid4())})
        renewed: dict[str, Any] = json.loads(
            text.replace(self._created, InvocationContext().new_uuid())
        )
        return renewed
