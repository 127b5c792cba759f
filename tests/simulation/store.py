"""DynamoDB for simulations: the embedded database in memory, asked without botocore.

It answers what a connection of pynamodb answers, and raises what that raises.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.exceptions import CancellationReason, VerboseClientError

from ai_coordination.local.database import Database
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.errors import Refused
from ai_coordination.local.tables import create_tables
from ai_coordination.models import TABLES, connection
from ai_coordination.models.base import Item

Request = Mapping[str, Any]

WRITES = frozenset({"TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem"})


class Store:
    """All tables, empty at first."""

    def __init__(
        self,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
        database: Database | None = None,
    ) -> None:
        self.database = database or Database(utc=utc)
        for request in _tables():
            self.database.call("CreateTable", request)
        # How many there were: who looks again sees by it whether there is anything to see.
        self.writes = 0

    def call(self, operation: str, request: Request, *, repeated: bool = False) -> Any:
        """What `operation` answers. Raises VerboseClientError as pynamodb does."""
        self.writes += operation in WRITES
        try:
            return self.database.call(operation, request)
        except Refused as refused:
            error = _error(operation, refused, repeated)
        raise error

    def conflict(self, operation: str, request: Request) -> VerboseClientError:
        """What DynamoDB says where a transaction is just then at work on the same item."""
        if operation != "TransactWriteItems":
            code = "TransactionConflictException"
            return _error(operation, Refused(code, code), repeated=False)
        conflict, *others = [{"Code": "None"} for _ in request["TransactItems"]]
        reasons = [{**conflict, "Code": "TransactionConflict"}, *others]
        code = "TransactionCanceledException"
        refused = Refused(code, code, CancellationReasons=reasons)
        return _error(operation, refused, repeated=False)

    def items(self) -> dict[str, list[Item]]:
        """Everything that is stored, by table and key."""
        return {name: self.database.items(name) for name in self.database.names()}


@cache
def _tables() -> list[dict[str, Any]]:
    """The requests that create the engine's tables."""
    with EmbeddedAws(everything=True) as aws:
        # Not the client of a test that uses DynamoDB Local.
        connection.forget_client()
        create_tables()
        connection.forget_client()
        described = [aws.database.call("DescribeTable", {"TableName": name}) for name in _names()]
    return [_creation(one["Table"]) for one in described]


def _names() -> list[str]:
    return [str(table.Meta.table_name) for table in TABLES]


def _creation(table: Mapping[str, Any]) -> dict[str, Any]:
    creation = {name: table[name] for name in ("TableName", "KeySchema", "AttributeDefinitions")}
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in table.get("GlobalSecondaryIndexes", ())
    ]
    also = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    return {**creation, **also, "BillingMode": "PAY_PER_REQUEST"}


def _error(operation: str, refused: Refused, repeated: bool) -> VerboseClientError:
    told: Any = {
        "Error": {"Code": refused.code, "Message": refused.message},
        "ResponseMetadata": {"RetryAttempts": int(repeated)},
        **refused.fields,
    }
    reasons = [
        None
        if one["Code"] == "None"
        else CancellationReason(one["Code"], one.get("Message"), one.get("Item"))
        for one in refused.fields.get("CancellationReasons", ())
    ]
    error = VerboseClientError({"Error": told["Error"]}, operation, cancellation_reasons=reasons)
    error.__cause__ = ClientError(told, operation)
    return error
