"""A short way into embedded DynamoDB, for tests that ask it thousands of times.

A call of the SDK to embedded AWS is made a signed HTTP request, taken apart, answered, written out
by AWS's model of the answer, and read again: nine tenths of its time. Here the items' operations go
from the client straight to moto's own handler, and all others the long way.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from ai_coordination.local.embedded import is_aws

OPERATIONS = {
    "BatchGetItem": DynamoHandler.batch_get_item,
    "DeleteItem": DynamoHandler.delete_item,
    "GetItem": DynamoHandler.get_item,
    "PutItem": DynamoHandler.put_item,
    "Query": DynamoHandler.query,
    "TransactWriteItems": DynamoHandler.transact_write_items,
    "UpdateItem": DynamoHandler.update_item,
}
_LOCK = RLock()


@contextmanager
def short_way() -> Iterator[None]:
    """Embedded DynamoDB is asked the short way; for a block inside one of embedded AWS.

    The calls pass `BaseClient._make_api_call`, and no seam that lies behind it.
    """
    long_way = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation not in OPERATIONS or not is_aws(client.meta.endpoint_url):
            return long_way(client, operation, parameters)
        with _LOCK:
            return _answer(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", answer):
        yield


def _answer(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    handler = DynamoHandler()
    handler.current_account = DEFAULT_ACCOUNT_ID
    handler.region = client.meta.region_name
    handler.body = json.loads(json.dumps(parameters, default=_written))
    try:
        answered = OPERATIONS[operation](handler)
    except HTTPException as refused:
        read = _read(client, operation, 400, str(refused.get_body()))
        raise client.exceptions.from_code(read["Error"]["Code"])(read, operation) from refused
    assert isinstance(answered, ActionResult)
    return _read(client, operation, 200, json.dumps(answered.result, default=_written))


def _written(value: object) -> str:
    """Binary values as they are in a request and in an answer."""
    assert isinstance(value, bytes | bytearray)
    return b64encode(value).decode()


def _read(client: Any, operation: str, status: int, body: str) -> dict[str, Any]:
    """What the client's own parser makes of it."""
    model = client.meta.service_model.operation_model(operation)
    endpoint = client._endpoint
    parser = endpoint._response_parser_factory.create_parser("json")
    given = {"status_code": status, "headers": {}, "body": body.encode()}
    read: dict[str, Any] = parser.parse(given, model.output_shape)
    if status >= 300:
        endpoint._add_modeled_error_fields(given, read, model, parser)
    read["ResponseMetadata"]["RetryAttempts"] = 0
    return read
