"""Compute what writes cost by AWS's rules, because DynamoDB Local counts transactions wrongly.

A table's unit is one KB of the larger of the item before and after, twice in a transaction. An
index is charged a write of what it holds for each row that appears, changes or goes; a row whose
key changes goes and appears.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from ai_coordination import config
from ai_coordination.models import TABLES
from ai_coordination.models.base import SharedConnection

KB = 1024
_PLAIN = {"UpdateItem": "Update", "PutItem": "Put", "DeleteItem": "Delete"}
_READS = {"GetItem", "BatchGetItem", "Query"}
_TABLES = {table.Meta.table_name: table for table in TABLES}

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Write:
    """A written item: its `size` in bytes, and the units of each index that changed."""

    kind: str
    table: str
    key: tuple[str, ...]
    size: int
    units: int
    indexes: dict[str, int]
    transaction: bool

    @property
    def name(self) -> str:
        """Return the table's name without the prefix."""
        return self.table.removeprefix(config.settings().table_prefix)

    @property
    def total(self) -> int:
        return self.units + sum(self.indexes.values())


@dataclass(frozen=True)
class Read:
    """A call that read, with the `units` that DynamoDB reports."""

    operation: str
    units: float


Mark = tuple[int, int, int]
"""A moment: how many calls, reads and writes there were."""


class Ledger:
    """All reads and writes of the engine in order, and the number of calls."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.reads: list[Read] = []
        self.calls: list[str] = []

    def mark(self) -> Mark:
        return len(self.calls), len(self.reads), len(self.writes)

    def between(self, start: Mark, end: Mark) -> dict[str, Any]:
        """Return the calls, the read units and the writes between two moments."""
        (call, read, write), (next_call, next_read, next_write) = start, end
        return {
            "calls": Counter(self.calls[call:next_call]),
            "reads": sum(one.units for one in self.reads[read:next_read]),
            "writes": [
                [f"{one.kind} {one.name}", one.size, one.transaction, one.units, one.indexes]
                for one in self.writes[write:next_write]
            ],
        }


@contextmanager
def kept() -> Iterator[Ledger]:
    """Read each item before and after each write. No other thread may write in between."""
    ledger = Ledger()
    attempt = SharedConnection.attempt

    def watched(connection: SharedConnection, operation: str, request: dict[str, Any]) -> Any:
        ledger.calls.append(operation)
        if operation in _READS:
            answer = attempt(connection, operation, request | {"ReturnConsumedCapacity": "TOTAL"})
            ledger.reads.append(Read(operation, _reported(answer["ConsumedCapacity"])))
            return answer
        parts = _parts(operation, request)
        before = [_stored(connection, kind, part) for kind, part in parts]
        try:
            return attempt(connection, operation, request)
        finally:
            for (kind, part), old in zip(parts, before, strict=True):
                now = _stored(connection, kind, part)
                in_transaction = operation == "TransactWriteItems"
                ledger.writes.append(_write(kind, part, old, now, in_transaction))

    with patch.object(SharedConnection, "attempt", watched):
        yield ledger


def _reported(capacity: Any) -> float:
    several = capacity if isinstance(capacity, list) else [capacity]
    return float(sum(one["CapacityUnits"] for one in several))


def _parts(operation: str, request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if operation == "BatchWriteItem":
        return [
            ("Delete", {"TableName": table, **one["DeleteRequest"]})
            for table, parts in request["RequestItems"].items()
            for one in parts
        ]
    if operation != "TransactWriteItems":
        return [(_PLAIN[operation], request)]
    return [(kind, part) for one in request["TransactItems"] for kind, part in one.items()]


def _key_names(table: str) -> list[str]:
    keys = [one for one in _TABLES[table].get_attributes().values() if one.is_hash_key]
    keys += [one for one in _TABLES[table].get_attributes().values() if one.is_range_key]
    return [str(key.attr_name) for key in keys]


def _stored(connection: SharedConnection, kind: str, part: dict[str, Any]) -> Item | None:
    table = part["TableName"]
    source = part["Item"] if kind == "Put" else part["Key"]
    key = {name: source[name] for name in _key_names(table)}
    request = {"TableName": table, "Key": key, "ConsistentRead": True}
    answer = connection.client._make_api_call("GetItem", request)
    item: Item | None = answer.get("Item")
    return item


def _write(
    kind: str, part: dict[str, Any], old: Item | None, now: Item | None, transaction: bool
) -> Write:
    table = part["TableName"]
    size = max(size_of(old), size_of(now))
    units = units_of(size) * (2 if transaction else 1)
    indexes = {
        index.Meta.index_name: cost
        for index in _TABLES[table]._indexes.values()
        if (cost := _index_units(table, index, old, now))
    }
    source = now or old or {}
    key = tuple(source[name]["S"] for name in _key_names(table) if name in source)
    return Write(kind, table, key, size, units, indexes, transaction)


def _index_units(table: str, index: Any, old: Item | None, now: Item | None) -> int:
    keys = [attribute.attr_name for attribute in index.Meta.attributes.values()]
    kept = {*keys, *_key_names(table), *(index.Meta.projection.non_key_attributes or ())}
    everything = index.Meta.projection.projection_type == "ALL"
    before, after = (_row(item, keys, None if everything else kept) for item in (old, now))
    if before == after:
        return 0
    if before and after and all(before[name] == after[name] for name in keys):
        return units_of(max(size_of(before), size_of(after)))
    return sum(units_of(size_of(row)) for row in (before, after) if row)


def _row(item: Item | None, keys: list[str], kept: set[str] | None) -> Item | None:
    if item is None or any(key not in item for key in keys):
        return None
    return {name: value for name, value in item.items() if kept is None or name in kept}


def units_of(size: int) -> int:
    return max(1, math.ceil(size / KB))


def size_of(item: Item | None) -> int:
    """Return the bytes that DynamoDB charges for an item: its names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in (item or {}).items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    return _SIZES[kind](content)


def _number(content: str) -> int:
    digits = content.lstrip("-").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + content.startswith("-")


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda content: len(content.encode()),
    "N": _number,
    "B": len,
    "BOOL": lambda content: 1,
    "NULL": lambda content: 1,
    "SS": lambda content: sum(len(one.encode()) for one in content),
    "NS": lambda content: sum(map(_number, content)),
    "L": lambda content: 3 + sum(1 + _value(one) for one in content),
    "M": lambda content: 3 + len(content) + size_of(content),
}
