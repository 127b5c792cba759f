"""The short way into embedded DynamoDB returns the same answers, errors and items."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.models import Session, connection
from tests.support.recording import recorded_calls
from tests.support.shortcut import OPERATIONS, short_way

TABLE = Session.Meta.table_name
KEY = {"coordination_uuid": {"S": "c"}, "session_uuid": {"S": "s"}}
OTHER_KEY = {**KEY, "session_uuid": {"S": "t"}}
ITEM = {
    **KEY,
    "graph": {"B": b"\x00\xff"},
    "asking": {"NS": ["1", "2"]},
    "logs": {"L": [{"M": {"level": {"S": "é"}, "at": {"NULL": True}}}]},
    "version": {"N": "1.50"},
    "due": {"BOOL": False},
    "partition_key": {"S": "acme#sales"},
}
ABSENT = {
    "ConditionExpression": "attribute_not_exists(#key)",
    "ExpressionAttributeNames": {"#key": "session_uuid"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
OF_ONE = {
    "KeyConditionExpression": "#hash = :c",
    "ExpressionAttributeNames": {"#hash": "coordination_uuid"},
    "ExpressionAttributeValues": {":c": {"S": "c"}},
}
NEW = {":new": {"S": "x"}}


def _put(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": item, **more}


def _update(expression: str, key: dict[str, Any] = KEY, **more: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": key, "UpdateExpression": expression, **more}


def _transaction(*parts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "TransactWriteItems", {"TransactItems": list(parts), "ClientRequestToken": "once"}


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("PutItem", _put(ITEM, **ABSENT, ReturnConsumedCapacity="TOTAL")),
    ("PutItem", _put(ITEM, **ABSENT)),
    ("PutItem", _put({**KEY, "logs": {"S": "x" * 420_000}})),
    ("PutItem", _put({"session_uuid": {"S": "s"}})),
    ("PutItem", _put({**OTHER_KEY, "user_id": {"S": ""}}, ReturnValues="ALL_OLD")),
    ("GetItem", {"TableName": TABLE, "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}),
    ("GetItem", {"TableName": TABLE, "Key": {**KEY, "session_uuid": {"S": "nobody"}}}),
    ("GetItem", {"TableName": "nothing", "Key": KEY}),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [OTHER_KEY, KEY]}}}),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [KEY, KEY]}}}),
    ("Query", {"TableName": TABLE, **OF_ONE, "ReturnConsumedCapacity": "INDEXES"}),
    ("Query", {"TableName": TABLE, **OF_ONE, "Limit": 1, "ScanIndexForward": False}),
    ("Query", {"TableName": TABLE, **OF_ONE, "ProjectionExpression": "graph, asking"}),
    ("Query", {"TableName": TABLE, **OF_ONE, "FilterExpression": "attribute_exists(graph)"}),
    ("Query", {"TableName": TABLE, **OF_ONE, "IndexName": "nothing"}),
    ("Query", {"TableName": TABLE, **OF_ONE, "Limit": 1, "ExclusiveStartKey": KEY}),
    (
        "UpdateItem",
        _update(
            "DELETE asking :one SET logs = list_append(logs, :none)",
            ExpressionAttributeValues={":one": {"NS": ["1"]}, ":none": {"L": []}},
            ReturnValues="ALL_NEW",
        ),
    ),
    (
        "UpdateItem",
        _update("SET notes = :new", ExpressionAttributeValues=NEW, ReturnConsumedCapacity="TOTAL"),
    ),
    ("UpdateItem", _update("SET notes = :new nonsense", ExpressionAttributeValues=NEW)),
    (
        "UpdateItem",
        _update(
            "SET notes = :new",
            ConditionExpression="notes <> :new",
            ExpressionAttributeValues=NEW,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        ),
    ),
    _transaction(
        {"Update": _update("SET notes = :new", OTHER_KEY, ExpressionAttributeValues=NEW)},
        {"Put": _put(ITEM, **ABSENT)},
    ),
    _transaction({"Delete": {"TableName": TABLE, "Key": OTHER_KEY}}, {"Put": _put(ITEM)}),
    _transaction({"Put": _put(ITEM)}, {"Delete": {"TableName": TABLE, "Key": KEY}}),
    (
        "DeleteItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "ConditionExpression": "notes = :new",
            "ExpressionAttributeValues": NEW,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    ("DeleteItem", {"TableName": TABLE, "Key": KEY, "ReturnValues": "ALL_OLD"}),
    ("DeleteItem", {"TableName": TABLE, "Key": KEY, "ReturnValues": "ALL_OLD"}),
]


def _answers(way: AbstractContextManager[None]) -> Iterator[Any]:
    with EmbeddedAws(), way:
        create_tables()
        for operation, parameters in CALLS:
            try:
                answer = connection.client._make_api_call(operation, parameters)
            except ClientError as error:
                answer = {**error.response, "type": type(error), "text": str(error)}
            metadata = answer.pop("ResponseMetadata")
            yield operation, answer, metadata["HTTPStatusCode"], metadata["RetryAttempts"]


def test_each_call_is_answered_as_the_long_way_answers_it() -> None:
    long, short = list(_answers(nullcontext())), list(_answers(short_way()))

    assert {operation for operation, *_ in long} == OPERATIONS.keys()
    assert {status for _, _, status, _ in long} == {200, 400}
    for one, other in zip(long, short, strict=True):
        assert other == one


def test_what_is_stored_and_what_is_answered_share_nothing() -> None:
    with EmbeddedAws(), short_way():
        create_tables()
        connection.client.put_item(TableName=TABLE, Item=ITEM)
        first = connection.client.get_item(TableName=TABLE, Key=KEY)["Item"]
        first["logs"]["L"].clear()

        assert connection.client.get_item(TableName=TABLE, Key=KEY)["Item"] == ITEM


def test_the_calls_are_counted_on_both_ways(embedded_aws: EmbeddedAws) -> None:
    create_tables()

    with recorded_calls() as calls:
        connection.client.put_item(TableName=TABLE, Item=ITEM)
        connection.client.list_tables()

    assert calls == [("dynamodb", "PutItem"), ("dynamodb", "ListTables")]


def test_an_error_is_one_of_the_clients_own() -> None:
    with EmbeddedAws(), short_way():
        client = connection.client
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_item(TableName="nothing", Key=KEY)
