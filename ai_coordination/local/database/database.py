"""DynamoDB in a file or in memory: requests in and answers out, in the form that boto3 uses."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ai_coordination.local.database import values
from ai_coordination.local.database.errors import NotSupported, check_supported
from ai_coordination.local.database.reads import Reads
from ai_coordination.local.database.rows import Rows
from ai_coordination.local.database.tables import Tables
from ai_coordination.local.database.transactions import Transactions
from ai_coordination.local.database.values import Item
from ai_coordination.local.database.writes import Writes
from ai_coordination.local.sqlite import File

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

READS = frozenset(
    {
        "BatchGetItem",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "Query",
        "Scan",
    }
)


def _utc() -> datetime:
    return datetime.now(UTC)


class Database:
    """Tables with their items. It is thread-safe: requests are serializable."""

    def __init__(self, file: File | None = None, utc: Callable[[], datetime] = _utc) -> None:
        """Without a file everything is in memory. `utc` says the time, for tokens and expiry."""
        self._file = file or File()
        self._utc = utc
        self._rows = Rows(self._file)
        self._tables = Tables(self._file, self._rows, utc)
        reads = Reads(self._tables, self._rows)
        writes = Writes(self._tables, self._rows)
        transactions = Transactions(self._file, self._tables, self._rows, utc)
        self._operations: dict[str, Operation] = {
            "BatchGetItem": reads.batch_get,
            "BatchWriteItem": writes.batch,
            "CreateTable": self._tables.create,
            "DeleteItem": writes.delete,
            "DeleteTable": self._tables.delete,
            "DescribeTable": self._tables.describe,
            "DescribeTimeToLive": self._tables.describe_time_to_live,
            "GetItem": reads.get,
            "ListTables": self._tables.list,
            "PutItem": writes.put,
            "Query": reads.query,
            "Scan": reads.scan,
            "TransactWriteItems": transactions.write,
            "UpdateItem": writes.update,
            "UpdateTimeToLive": self._tables.update_time_to_live,
        }

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request. Raises Refused where DynamoDB answers with an error.

        Nothing of a request or an answer is kept, so both may be changed afterwards.
        """
        handler = self._operations.get(operation)
        if handler is None:
            raise NotSupported(operation)
        check_supported(request)
        guard = self._file.turn if operation in READS else self._file.transaction
        with guard():
            return handler(request)

    def names(self) -> list[str]:
        """The names of all tables."""
        return [table.name for table in self._tables.all()]

    def items(self, name: str) -> list[Item]:
        """All items of a table by their keys."""
        return [values.loaded(text) for text in self.texts(name)]

    def texts(self, name: str) -> list[str]:
        """The JSON of all items of a table by their keys: equal texts are equal items."""
        with self._file.turn():
            return self._rows.all_texts(self._tables.named(name))

    def changes(self, name: str) -> int:
        """How often a table has changed since the database was opened, at most."""
        return self._rows.changes[self._tables.named(name).number]

    def clear(self) -> None:
        """Remove all items; the tables stay."""
        with self._file.transaction():
            for table in self._tables.all():
                self._rows.clear(table)

    def expire(self) -> int:
        """Remove the items whose time to live is over; how many there were.

        DynamoDB removes them within days. Source: Developer Guide, "Using time to live (TTL)".
        """
        now = self._utc().timestamp()
        with self._file.transaction():
            expired = [
                (table, item)
                for table in self._tables.all()
                if table.time_to_live is not None
                for item in map(values.loaded, self._rows.all_texts(table))
                if _is_over(item, table.time_to_live, now)
            ]
            for table, item in expired:
                self._rows.delete(table, table.keys.encoded(item), item)
        return len(expired)


def _is_over(item: Item, attribute: str, now: float) -> bool:
    ends_at = item.get(attribute, {}).get("N")
    return ends_at is not None and float(ends_at) < now
