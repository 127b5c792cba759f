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

from ai_coordination.context import InvocationContext
from ai_coordination.models import base, connection

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Calls = list[tuple[str, dict[str, Any]]]


def recorded(work: Callable[[], Any]) -> tuple[Any, Calls]:
    """Return the result of `work`, and the calls that it makes with their parameters."""
    calls: Calls = []
    kind = type(connection.client)
    original = kind._make_api_call

    def record_and_call(client: Any, operation: str, parameters: Any) -> Any:
        calls.append((operation, json.loads(json.dumps(parameters))))
        return original(client, operation, parameters)

    with patch.object(kind, "_make_api_call", record_and_call):
        return work(), calls


class Bare:
    """A boto3 client with the engine's settings, and the calls that it makes one after another.

    The settings are time-outs, retries, the size of the pool, a short user agent, and that
    parameters are not validated.
    """

    def __init__(self, calls: Calls, created: str | None) -> None:
        self._client: Any = boto3.client("dynamodb", config=base._CONFIG)
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
        renewed = json.loads(_UUID.sub(lambda found: new.get(found[0], found[0]), text))
        # DynamoDB would refuse another request with a token that it has seen.
        self._calls = [(name, _with_new_token(parameters)) for name, parameters in renewed]
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
        text = json.dumps(_with_new_token(parameters))
        renewed: dict[str, Any] = json.loads(
            text.replace(self._created, InvocationContext().new_uuid())
        )
        return renewed


def _with_new_token(parameters: dict[str, Any]) -> dict[str, Any]:
    if "TransactItems" not in parameters:
        return parameters
    return parameters | {"ClientRequestToken": str(uuid.uuid4())}
