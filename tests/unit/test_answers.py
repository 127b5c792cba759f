"""Answers of DynamoDB are read as botocore reads them."""

import json
from typing import Any

import pytest
from botocore.parsers import ResponseParserFactory
from botocore.session import get_session

from ai_coordination import models
from ai_coordination.models.fast.response_parser import FastParserFactory

ITEM = {
    "text": {"S": "ä\u2028"},
    "number": {"N": "1E+2"},
    "truth": {"BOOL": False},
    "nothing": {"NULL": True},
    "sets": {"M": {"ns": {"NS": ["1", "2"]}, "ss": {"SS": ["a"]}, "none": {"M": {}}}},
    "list": {"L": [{"S": ""}, {"L": []}, {"M": {"of": {"N": "0"}, "raw": {"B": "AAH/"}}}]},
    "binary": {"B": "aGVsbG8="},
    "binaries": {"BS": ["AAH/", ""]},
}
CAPACITY = {"TableName": "t", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}}
ANSWERS: dict[str, tuple[str, int, Any]] = {
    "an item": ("GetItem", 200, {"Item": ITEM, "ConsumedCapacity": CAPACITY}),
    "no item": ("GetItem", 200, {}),
    "rows": ("Query", 200, {"Items": [ITEM, {}], "Count": 2, "LastEvaluatedKey": ITEM}),
    "a batch": (
        "BatchGetItem",
        200,
        {
            "Responses": {"t": [ITEM], "u": []},
            "UnprocessedKeys": {"t": {"Keys": [ITEM], "ConsistentRead": True}},
        },
    ),
    "an update": ("UpdateItem", 200, {"Attributes": ITEM}),
    "what no operation has": ("Query", 200, {"Items": [], "OfTomorrow": {"S": "x"}}),
    "a table": (
        "DescribeTable",
        200,
        {"Table": {"TableName": "t", "CreationDateTime": 1.5, "KeySchema": []}},
    ),
    "a refused condition": (
        "UpdateItem",
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "Message": "The conditional request failed",
            "Item": ITEM,
        },
    ),
    "a cancelled transaction": (
        "TransactWriteItems",
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [
                {"Code": "None"},
                {"Code": "ConditionalCheckFailed", "Message": "m", "Item": ITEM},
            ],
        },
    ),
    "a throttled request": ("Query", 400, {"__type": "x#ThrottlingException", "message": "slow"}),
    "no JSON": ("Query", 500, "<html>unavailable</html>"),
}


def read(factory: ResponseParserFactory, operation: str, status: int, body: Any) -> Any:
    model: Any = get_session().get_service_model("dynamodb").operation_model(operation)
    raw = body if isinstance(body, str) else json.dumps(body)
    response = {
        "status_code": status,
        "headers": {"x-amzn-RequestId": "r"},
        "body": raw.encode(),
        "context": {"operation_name": operation},
    }
    return factory.create_parser("json").parse(response, model.output_shape)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_botocore_reads_it(name: str) -> None:
    operation, status, body = ANSWERS[name]

    ours = read(FastParserFactory(), operation, status, body)

    assert ours == read(ResponseParserFactory(), operation, status, body)


def test_binary_values_are_bytes() -> None:
    read_item = read(FastParserFactory(), "GetItem", 200, {"Item": ITEM})["Item"]

    assert read_item["binary"] == {"B": b"hello"}
    assert read_item["binaries"] == {"BS": [b"\x00\x01\xff", b""]}


def test_another_protocol_has_botocores_own_parser() -> None:
    ours = FastParserFactory().create_parser("query")

    assert type(ours) is type(ResponseParserFactory().create_parser("query"))


def test_the_client_of_the_tables_reads_answers_so() -> None:
    endpoint = models.connection.client._endpoint

    assert isinstance(endpoint._response_parser_factory, FastParserFactory)
