"""Limits of the embedded database that take too long to reach on DynamoDB Local."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination.local.database import Database
from ai_coordination.local.errors import Refused

TABLE = {
    "TableName": "things",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
}


class Clock:
    now = datetime(2026, 11, 29, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock) -> Database:
    database = Database(utc=clock)
    database.call("CreateTable", TABLE)
    return database


def put(database: Database, key: str, **more: Any) -> None:
    database.call("PutItem", {"TableName": "things", "Item": {"k": {"S": key}, **more}})


def test_a_batch_returns_16_mb_and_leaves_the_rest(database: Database) -> None:
    for number in range(43):
        put(database, f"{number:02}", text={"S": "x" * 390_000})
    put(database, "43", text={"S": "x"})
    put(database, "44", text={"S": "x" * 16_000})
    keys = [{"k": {"S": f"{number:02}"}} for number in range(45)]

    answer = database.call("BatchGetItem", {"RequestItems": {"things": {"Keys": keys}}})

    assert len(answer["Responses"]["things"]) == 44
    assert answer["UnprocessedKeys"] == {"things": {"Keys": [{"k": {"S": "44"}}]}}


def test_a_token_is_forgotten_after_ten_minutes(database: Database, clock: Clock) -> None:
    update = {
        "TableName": "things",
        "Key": {"k": {"S": "a"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    request = {"TransactItems": [{"Update": update}], "ClientRequestToken": "once"}

    for seconds in (0, 599, 1):
        clock.now += timedelta(seconds=seconds)
        database.call("TransactWriteItems", request)

    assert database.items("things") == [{"k": {"S": "a"}, "n": {"N": "2"}}]


def test_items_whose_time_to_live_is_over_are_removed(database: Database, clock: Clock) -> None:
    wanted = {"Enabled": True, "AttributeName": "ends"}
    request = {"TableName": "things", "TimeToLiveSpecification": wanted}
    database.call("UpdateTimeToLive", request)
    now = int(clock.now.timestamp())
    put(database, "over", ends={"N": str(now - 1)})
    put(database, "not yet", ends={"N": str(now + 1)})
    put(database, "never")

    removed = database.expire()

    assert removed == 1
    assert [item["k"]["S"] for item in database.items("things")] == ["never", "not yet"]


def test_what_is_stored_and_what_is_answered_share_nothing(database: Database) -> None:
    item: dict[str, Any] = {"k": {"S": "a"}, "l": {"L": [{"S": "x"}]}}
    database.call("PutItem", {"TableName": "things", "Item": item})
    item["l"]["L"].clear()
    get = {"TableName": "things", "Key": {"k": {"S": "a"}}}

    database.call("GetItem", get)["Item"]["l"]["L"].clear()

    assert database.call("GetItem", get)["Item"]["l"] == {"L": [{"S": "x"}]}


def test_an_operation_that_the_engine_does_not_use_is_refused(database: Database) -> None:
    with pytest.raises(Refused, match="ExecuteStatement is not supported"):
        database.call("ExecuteStatement", {})
