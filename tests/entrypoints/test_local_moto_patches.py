"""Transactions of embedded DynamoDB: all of one or nothing, whatever the tables hold."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto.dynamodb.models.dynamo_type import Item

from ai_coordination.local.embedded import EmbeddedAws

KEYS = [
    {"AttributeName": "shelf", "KeyType": "HASH"},
    {"AttributeName": "place", "KeyType": "RANGE"},
]
ABSENT = {"ConditionExpression": "attribute_not_exists(shelf)"}


@pytest.fixture
def client() -> Iterator[Any]:
    with EmbeddedAws():
        made: Any = get_session().create_client("dynamodb", region_name="eu-central-1")
        for name, keys in (("things", KEYS), ("lists", KEYS[:1])):
            made.create_table(
                TableName=name,
                KeySchema=keys,
                AttributeDefinitions=[
                    {"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield made


def thing(place: str, **more: str) -> dict[str, Any]:
    named = {"shelf": "a", "place": place, **more}
    return {name: {"S": text} for name, text in named.items()}


def put(place: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "things", "Item": thing(place, colour="red"), **more}}


def paint(place: str) -> dict[str, Any]:
    update = {
        "TableName": "things",
        "Key": thing(place),
        "UpdateExpression": "SET colour = :new REMOVE weight ADD seen :one",
        "ExpressionAttributeValues": {":new": {"S": "blue"}, ":one": {"N": "1"}},
    }
    return {"Update": update}


def everything(client: Any) -> list[Any]:
    return [client.scan(TableName=name)["Items"] for name in ("things", "lists")]


def commit(client: Any, *parts: Any) -> list[str]:
    """The codes of the reasons for which it was refused."""
    try:
        client.transact_write_items(TransactItems=list(parts))
    except ClientError as error:
        return [reason["Code"] for reason in error.response["CancellationReasons"]]
    return []


def test_a_transaction_that_is_refused_leaves_everything_as_it_was(client: Any) -> None:
    client.put_item(TableName="things", Item=thing("1", colour="red", weight="1"))
    client.put_item(TableName="things", Item=thing("2", colour="red"))
    client.put_item(TableName="lists", Item={"shelf": {"S": "a"}, "length": {"N": "2"}})
    before = everything(client)

    codes = commit(
        client,
        paint("1"),
        put("3"),
        {"Delete": {"TableName": "lists", "Key": {"shelf": {"S": "a"}}}},
        {"Put": {"TableName": "lists", "Item": {"shelf": {"S": "b"}}}},
        put("2", **ABSENT),
    )

    assert codes == ["None", "None", "None", "None", "ConditionalCheckFailed"]
    assert everything(client) == before


def test_a_transaction_that_is_no_transaction_leaves_everything_as_it_was(client: Any) -> None:
    before = everything(client)

    with pytest.raises(ClientError, match="multiple operations on one item"):
        client.transact_write_items(TransactItems=[put("1"), paint("2"), paint("1")])

    assert everything(client) == before


def test_a_transaction_that_goes_well_is_there_as_a_whole(client: Any) -> None:
    client.put_item(TableName="things", Item=thing("1", colour="red", weight="1"))

    assert commit(client, paint("1"), put("2", **ABSENT)) == []

    blue = {**thing("1", colour="blue"), "seen": {"N": "1"}}
    assert everything(client) == [[blue, thing("2", colour="red")], []]


def test_a_transaction_copies_what_it_touches_alone(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(50):
        client.put_item(TableName="things", Item=thing(str(place)))
    copied: list[str] = []
    copy = Item.__deepcopy__

    def count(item: Any, memo: Any) -> Any:
        copied.append(item.range_key.value)
        return copy(item, memo)

    monkeypatch.setattr(Item, "__deepcopy__", count)
    assert commit(client, paint("7"), put("8", **ABSENT)) == ["None", "ConditionalCheckFailed"]

    assert set(copied) == {"7", "8"}
