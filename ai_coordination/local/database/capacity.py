"""Capacity units, which answers carry where the request wants them.

Source: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations". A read unit is 4 KB
read consistently, or 8 KB read otherwise. A write takes a unit for each KB of the larger of the
item before and after it, and twice as many in a transaction. An index is charged for each of its
rows that appears, changes or goes.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ai_coordination.local.database.schema import Table
from ai_coordination.local.database.values import Item
from ai_coordination.models import sizes

READ_BYTES = 4096
WRITE_BYTES = 1024
OF_A_TRANSACTION = 2


def read_units(size: int, *, consistent: bool) -> float:
    """The units of a read of so many bytes."""
    units = max(1, math.ceil(size / READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(*item_sizes: int) -> float:
    """The units of a write, by the sizes of the item before and after it."""
    return float(max(1, math.ceil(max(item_sizes, default=0) / WRITE_BYTES)))


def index_units(table: Table, old: Item | None, new: Item | None) -> dict[str, float]:
    """The units of a write in each index that it touches."""
    units = {}
    for index in table.indexes.values():
        before = index.row(old) if old is not None and index.has(old) else None
        after = index.row(new) if new is not None and index.has(new) else None
        if before == after:
            continue
        rows = [sizes.of_item(row) for row in (before, after) if row is not None]
        moved = len(rows) > 1 and index.keys.encoded(before or {}) != index.keys.encoded(
            after or {}
        )
        units[index.name] = sum(map(write_units, rows)) if moved else write_units(*rows)
    return units


def wants(request: Mapping[str, Any]) -> bool:
    """Whether the answer is to have the units."""
    return request.get("ReturnConsumedCapacity") in ("TOTAL", "INDEXES")


def consumed(
    request: Mapping[str, Any],
    name: str,
    table: float,
    indexes: Mapping[str, float],
    also: str = "",
) -> dict[str, Any]:
    """The units of a request in one table, as its answer shows them; `also` under another name."""
    total = table + sum(indexes.values())
    names = ("CapacityUnits", also) if also else ("CapacityUnits",)
    shown: dict[str, Any] = {"TableName": name, **dict.fromkeys(names, total)}
    if request.get("ReturnConsumedCapacity") == "INDEXES":
        shown["Table"] = dict.fromkeys(names, table)
        if indexes:
            shown["GlobalSecondaryIndexes"] = {
                index: {"CapacityUnits": units} for index, units in indexes.items()
            }
    return shown


def added(several: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sums by name."""
    sums: dict[str, float] = {}
    for units in several:
        for name, number in units.items():
            sums[name] = sums.get(name, 0.0) + number
    return sums
