"""The embedded database and DynamoDB Local, asked the same."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ai_coordination.local.database import Database
from ai_coordination.local.errors import Refused
from tests.support.comparing import answer_of, client_of, comparable, refusal_of

Request = Mapping[str, Any]

# A table with a sparse index that holds a part of its items.
KEYS = {"pk": "S", "sk": "S", "g": "S", "r": "N"}
INDEX = "by_number"


def creation(name: str) -> dict[str, Any]:
    """The request that creates a table for tests."""
    return {
        "TableName": name,
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": kind} for key, kind in KEYS.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": INDEX,
                "KeySchema": _schema("g", "r"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            }
        ],
    }


def _schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


class SideBySide:
    """Both of them with one table, empty at first."""

    def __init__(self, endpoint: str) -> None:
        self._client = client_of(endpoint)
        self._database = Database()
        self.table = f"side-by-side-{uuid.uuid4()}"

    @contextmanager
    def with_table(self) -> Iterator["SideBySide"]:
        """The table is there for the block."""
        self.same("CreateTable", creation(self.table))
        yield self
        self._client.delete_table(TableName=self.table)

    def clear(self) -> None:
        """Delete all items, and expect the same ones in both."""
        scan = {"TableName": self.table, "ProjectionExpression": "pk, sk"}
        for answer in (self.of_dynamodb_local, self.of_database):
            for key in answer("Scan", scan)["Items"]:
                answer("DeleteItem", {"TableName": self.table, "Key": key})

    def of_dynamodb_local(self, operation: str, request: Request) -> Any:
        """What DynamoDB Local answers."""
        return answer_of(self._client, operation, request)

    def of_database(self, operation: str, request: Request) -> Any:
        """What the embedded database answers."""
        try:
            return comparable(self._database.call(operation, request))
        except Refused as refused:
            return comparable(refusal_of(refused))

    def same(self, operation: str, request: Request) -> Any:
        """What both answer. Fails where they differ."""
        expected = self.of_dynamodb_local(operation, request)
        assert self.of_database(operation, request) == expected, (operation, request)
        return expected

    def ask(self, operation: str, **request: Any) -> Any:
        """What both answer to a request to the table."""
        return self.same(operation, {"TableName": self.table, **request})
