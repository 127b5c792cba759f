"""The tables of a database: created, described, deleted, and their time to live.

Source: Amazon DynamoDB API Reference. A table is active at once.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ai_coordination.local.database import schema
from ai_coordination.local.database.errors import Invalid, no_such_table
from ai_coordination.local.database.rows import Rows
from ai_coordination.local.database.schema import Table
from ai_coordination.local.errors import Refused
from ai_coordination.local.sqlite import File

CREATE = """CREATE TABLE IF NOT EXISTS tables (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, request TEXT NOT NULL,
    created_at REAL NOT NULL, time_to_live TEXT
)"""
MOST_OF_A_LIST = 100

Request = Mapping[str, Any]


class Tables:
    """All tables of the file by name."""

    def __init__(self, file: File, rows: Rows, utc: Callable[[], datetime]) -> None:
        self._file = file
        self._rows = rows
        self._utc = utc
        file.create(CREATE)
        self._tables = {
            table.name: table for table in map(_read, file.rows("SELECT * FROM tables"))
        }

    def all(self) -> list[Table]:
        """The tables in the order of their names."""
        return [self._tables[name] for name in sorted(self._tables)]

    def named(self, name: Any) -> Table:
        """The table of a name. Raises Invalid, and Refused where there is none."""
        table = self._tables.get(name)
        if table is None:
            schema.check_name(name)
            raise no_such_table()
        return table

    def create(self, request: Request) -> dict[str, Any]:
        """CreateTable."""
        name = schema.check_name(request.get("TableName"))
        if name in self._tables:
            raise Refused("ResourceInUseException", "Cannot create preexisting table")
        created_at = self._utc().timestamp()
        schema.table_of(0, request, created_at)
        written = json.dumps(request)
        number, *_ = self._file.first(
            "INSERT INTO tables (name, request, created_at) VALUES (?, ?, ?) RETURNING number",
            (name, written, created_at),
        )
        table = schema.table_of(number, json.loads(written), created_at)
        self._tables[name] = table
        return {"TableDescription": self._description(table)}

    def describe(self, request: Request) -> dict[str, Any]:
        """DescribeTable."""
        return {"Table": self._description(self.named(request.get("TableName")))}

    def delete(self, request: Request) -> dict[str, Any]:
        """DeleteTable."""
        table = self.named(request.get("TableName"))
        described = self._description(table)
        self._rows.clear(table)
        self._file.rows("DELETE FROM tables WHERE number = ?", (table.number,))
        del self._tables[table.name]
        return {"TableDescription": described}

    def list(self, request: Request) -> dict[str, Any]:
        """ListTables."""
        after = request.get("ExclusiveStartTableName") or ""
        most = request.get("Limit") or MOST_OF_A_LIST
        names = [name for name in sorted(self._tables) if name > after]
        answer: dict[str, Any] = {"TableNames": names[:most]}
        if len(names) > most:
            answer["LastEvaluatedTableName"] = names[most - 1]
        return answer

    def describe_time_to_live(self, request: Request) -> dict[str, Any]:
        """DescribeTimeToLive."""
        attribute = self.named(request.get("TableName")).time_to_live
        if attribute is None:
            return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        described = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
        return {"TimeToLiveDescription": described}

    def update_time_to_live(self, request: Request) -> dict[str, Any]:
        """UpdateTimeToLive."""
        table = self.named(request.get("TableName"))
        wanted = request["TimeToLiveSpecification"]
        attribute = wanted["AttributeName"] if wanted["Enabled"] else None
        if table.time_to_live is None and attribute is None:
            raise Invalid("TimeToLive is already disabled")
        if table.time_to_live is not None and attribute is not None:
            same = table.time_to_live == attribute
            where = "already enabled" if same else "active on a different AttributeName"
            raise Invalid(f"TimeToLive is {where}")
        self._file.rows(
            "UPDATE tables SET time_to_live = ? WHERE number = ?", (attribute, table.number)
        )
        self._tables[table.name] = replace(table, time_to_live=attribute)
        return {"TimeToLiveSpecification": dict(wanted)}

    def _description(self, table: Table) -> dict[str, Any]:
        return schema.description(table, *self._rows.totals(table))


def _read(row: tuple[int, str, str, float, str | None]) -> Table:
    number, _, request, created_at, time_to_live = row
    table = schema.table_of(number, json.loads(request), created_at)
    return replace(table, time_to_live=time_to_live)
