"""The lean client and botocore's are told the same by DynamoDB Local, answers and refusals."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ai_coordination.models import Idempotency, Session, connection
from ai_coordination.models.fast.lean.client import OPERATIONS, LeanClient
from tests.support.lean import botocore_client

TABLE: str = Idempotency.Meta.table_name
TWO_KEYS: str = Session.Meta.table_name
MEMBERS: dict[str, Any] = {
    "text": {"S": 'ä "B" \u2028 😀'},
    "number": {"N": "-1.5"},
    "nothing": {"NULL": True},
    "truth": {"BOOL": False},
    "raw": {"B": b"\x00\xff"},
    "raws": {"BS": [b"a", b"b"]},
    "sets": {"M": {"SS": {"SS": ["a", "ü"]}, "NS": {"NS": ["1"]}}},
    "list": {"L": [{"L": []}, {"M": {}}, {"S": ""}]},
}
ALL: dict[str, Any] = {"ReturnConsumedCapacity": "TOTAL"}
A, B, C = ({"key": {"S": name}} for name in "abc")
ABSENT = "attribute_not_exists(#k)"
NAMED: dict[str, Any] = {"ExpressionAttributeNames": {"#k": "key"}}
ON_TABLE: dict[str, Any] = {"TableName": TABLE}
OLD: dict[str, Any] = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

# In this order: each sees what those before have written.
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("PutItem", {**ON_TABLE, "Item": {**A, **MEMBERS}, **ALL}),
    ("GetItem", {**ON_TABLE, "Key": A, "ConsistentRead": True, **ALL}),
    ("GetItem", {**ON_TABLE, "Key": B}),
    ("PutItem", {**ON_TABLE, "Item": {**A, "n": {"N": "1"}}, "ReturnValues": "ALL_OLD"}),
    ("PutItem", {**ON_TABLE, "Item": A, "ConditionExpression": ABSENT, **NAMED, **OLD}),
    (
        "UpdateItem",
        {
            **ON_TABLE,
            "Key": A,
            "UpdateExpression": "SET #t = :t ADD n :n",
            "ExpressionAttributeNames": {"#t": "text"},
            "ExpressionAttributeValues": {":t": MEMBERS["raw"], ":n": {"N": "2"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {TABLE: [{"PutRequest": {"Item": {**B, **MEMBERS}}}]}, **ALL},
    ),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [A, B, C]}}, **ALL}),
    ("TransactGetItems", {"TransactItems": [{"Get": {**ON_TABLE, "Key": key}} for key in (B, C)]}),
    ("TransactWriteItems", {"TransactItems": [{"Put": {**ON_TABLE, "Item": C}}], **ALL}),
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Delete": {**ON_TABLE, "Key": A}},
                {
                    "ConditionCheck": {
                        **ON_TABLE,
                        "Key": B,
                        "ConditionExpression": ABSENT,
                        **NAMED,
                        **OLD,
                    }
                },
            ]
        },
    ),
    (
        "TransactWriteItems",
        {
            "TransactItems": [{"Put": {**ON_TABLE, "Item": C}}] * 2,
            "ClientRequestToken": "the same item twice",
        },
    ),
    (
        "Query",
        {
            **ON_TABLE,
            "KeyConditionExpression": "#k = :k",
            "ExpressionAttributeValues": {":k": B["key"]},
            **NAMED,
            **ALL,
        },
    ),
    ("Scan", {**ON_TABLE, "Limit": 1, "Select": "COUNT"}),
    ("DeleteItem", {**ON_TABLE, "Key": A, "ReturnValues": "ALL_OLD"}),
    ("DeleteItem", {**ON_TABLE, "Key": A, "ConditionExpression": "attribute_exists(#k)", **NAMED}),
    ("GetItem", {"TableName": "there-is-none", "Key": A}),
    ("GetItem", {**ON_TABLE, "Key": {"key": {"N": "1"}}}),
    ("GetItem", {**ON_TABLE, "Key": {**A, "more": {"S": "x"}}}),
    ("PutItem", {**ON_TABLE, "Item": {**A, "large": {"S": "x" * 409_600}}}),
    ("UpdateItem", {**ON_TABLE, "Key": A, "UpdateExpression": "nonsense"}),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [A] * 2}}}),
    ("Query", {**ON_TABLE, "KeyConditionExpression": "#k = :k"}),
]


@pytest.fixture(scope="module")
def clients(engine: None, dynamodb_local_endpoint: str) -> tuple[LeanClient, Any]:
    ours = connection.client
    assert isinstance(ours, LeanClient)
    return ours, botocore_client(dynamodb_local_endpoint)


def told(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    """An answer or a refusal, without what differs from request to request."""
    try:
        answer = client._make_api_call(operation, dict(parameters))
    except ClientError as error:
        answer = {"raised": str(error), **error.response}
    metadata = answer.pop("ResponseMetadata")
    headers = {
        name: value
        for name, value in metadata["HTTPHeaders"].items()
        if name not in ("date", "x-amzn-requestid")
    }
    known = metadata["HTTPStatusCode"], metadata["RetryAttempts"], len(metadata["RequestId"])
    return answer, known, headers


def test_answers_and_refusals_are_the_same_as_those_of_botocore(
    clients: tuple[LeanClient, Any],
) -> None:
    """The calls are made twice in all, from tables without items."""
    results: list[list[Any]] = []
    for client in clients:
        for key in (A, B, C):
            connection.client.delete_item(TableName=TABLE, Key=key)
        results.append([told(client, operation, given) for operation, given in CALLS])

    assert {operation for operation, _ in CALLS} == OPERATIONS
    for call, ours, theirs in zip(CALLS, *results, strict=True):
        answer, *rest = ours
        expected, *their_rest = theirs
        # Ours has each member that DynamoDB has sent, theirs those that botocore knows.
        assert {key: answer.get(key) for key in expected} == expected, call
        assert answer.keys() - expected.keys() <= {"Message", "message"}, call
        assert rest == their_rest, call


def test_a_parameter_may_be_what_botocore_takes_and_json_has_not(
    clients: tuple[LeanClient, Any],
) -> None:
    """Sets, tuples and generators are lists, and bytes base64."""
    item = {"key": {"S": "sets"}, "texts": {"SS": {"a", "b"}}, "raw": {"B": bytearray(b"x")}}
    answers = []
    for client in clients:
        client._make_api_call("PutItem", {**ON_TABLE, "Item": item})
        request = {TABLE: {"Keys": (key for key in [{"key": {"S": "sets"}}])}}
        found = client._make_api_call("BatchGetItem", {"RequestItems": request})
        (held,) = found["Responses"][TABLE]
        answers.append(held | {"texts": sorted(held["texts"]["SS"])})

    assert answers == [{"key": {"S": "sets"}, "texts": ["a", "b"], "raw": {"B": b"x"}}] * 2
    with pytest.raises(TypeError, match="object is not a value"):
        clients[0]._make_api_call("GetItem", {**ON_TABLE, "Key": {"key": {"S": object()}}})


def test_what_is_no_operation_on_items_is_botocores(clients: tuple[LeanClient, Any]) -> None:
    ours, theirs = clients
    named = {"TableName": TABLE}

    assert (
        ours._make_api_call("DescribeTable", named)["Table"]
        == (theirs.describe_table(**named)["Table"])
    )
    assert ours.describe_table(**named)["Table"]["TableName"] == TABLE
