"""One page of a Query or a Scan: its expressions, and what it returns of the rows.

Source: Amazon DynamoDB API Reference, Query and Scan.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ai_coordination.local.database import capacity, paths, syntax, values
from ai_coordination.local.database.conditions import Condition
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.paths import Path
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.rows import Stored
from ai_coordination.local.database.schema import Index
from ai_coordination.local.database.tables import Tables
from ai_coordination.local.database.values import Item, Value

LARGEST_PAGE_BYTES = 1024 * 1024
PROJECTION, FILTER = "ProjectionExpression", "FilterExpression"

Request = Mapping[str, Any]

_SELECTS = ("ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES")


class _Rest(NamedTuple):
    """What a page has read."""

    items: list[Item]
    matched: int
    read: list[Stored]
    last: Item | None


class Page:
    """One page of a Query or a Scan: its expressions, checked, and what is read by them."""

    def __init__(self, tables: Tables, request: Request, placeholders: Placeholders) -> None:
        """All expressions but those of the page have used the placeholders. Raises Invalid."""
        self._request = request
        self._limit = request.get("Limit")
        if self._limit is not None and self._limit < 1:
            raise Invalid("Limit must be greater than or equal to 1")
        text = request.get(FILTER)
        self._filter = None if text is None else Condition(FILTER, text, placeholders)
        self._projection = projection_of(request, placeholders)
        placeholders.check_all_used()
        self.table = tables.named(request.get("TableName"))
        self.index = self.table.index(request.get("IndexName"))
        self.keys = self.index.keys if self.index else self.table.keys
        _check_select(request, self.index)
        if self.index is not None:
            if request.get("ConsistentRead"):
                raise Invalid("Consistent read cannot be true when querying a GSI")
            _check_projected(self.index, self._filtered(), self._projection or ())

    def check_filter(self) -> None:
        """Raises Invalid where a Query filters by what its key condition is for."""
        for name in self._filtered():
            if name in self.keys.types:
                raise Invalid(
                    "Filter Expression can only contain non-primary key attributes: "
                    f"Primary key attribute: {name}"
                )

    def _filtered(self) -> list[Any]:
        """The attributes that the filter reads."""
        return [path[0] for path in self._filter.paths] if self._filter else []

    def after(self) -> tuple[bytes, ...] | None:
        """Where the page begins: the place of a row; None at the start. Raises Invalid."""
        given = self._request.get("ExclusiveStartKey")
        if given is None:
            return None
        types = {**self.keys.types, **self.table.keys.types}
        if given.keys() != types.keys():
            raise Invalid("Exclusive Start Key must have same size as table's key schema")
        start = values.canonical_item(given)
        if any(kind not in start[name] for name, kind in types.items()):
            raise Invalid("Type mismatch for attribute to update")
        try:
            self.table.check_key(self.table.keys.of(start))
        except Invalid as error:
            raise Invalid(f"The provided starting key is invalid: {error.message}") from error
        item = self.table.keys.encoded(start)
        return item if self.index is None else (*self.keys.encoded(start), *item)

    def read(self, rows: Iterator[Stored]) -> dict[str, Any]:
        """The answer, from the rows in their order."""
        rest = self._collected(rows)
        answer: dict[str, Any] = {"Count": rest.matched, "ScannedCount": len(rest.read)}
        if self._request.get("Select") != "COUNT":
            answer["Items"] = rest.items
        if rest.last is not None:
            answer["LastEvaluatedKey"] = {
                **self.keys.of(rest.last),
                **self.table.keys.of(rest.last),
            }
        if capacity.wants(self._request):
            answer["ConsumedCapacity"] = self._consumed(_bytes(rest.read))
        return answer

    def _collected(self, rows: Iterator[Stored]) -> _Rest:
        """Reads until the page has its number of rows, or 1 MB, filtered ones included."""
        items: list[Item] = []
        read: list[Stored] = []
        limit = math.inf if self._limit is None else self._limit
        matched = most_bytes = 0
        for stored in rows:
            row = self._row(stored)
            read.append(row)
            most_bytes += row.most_bytes
            if self._filter is None or self._filter.holds(row.item):
                matched += 1
                items.append(projected(row.item, self._projection))
            # The exact size is calculated only where it may be too large.
            is_full = most_bytes >= LARGEST_PAGE_BYTES and _bytes(read) >= LARGEST_PAGE_BYTES
            if len(read) >= limit or (is_full and next(rows, None)):
                return _Rest(items, matched, read, stored.item)
        return _Rest(items, matched, read, None)

    def _row(self, stored: Stored) -> Stored:
        if self.index is None or self.index.projected is None:
            return stored
        return Stored(self.index.row(stored.item), stored.most_bytes)

    def _consumed(self, size: int) -> dict[str, Any]:
        consistent = bool(self._request.get("ConsistentRead"))
        units = capacity.read_units(size, consistent=consistent)
        if self.index is None:
            return capacity.consumed(self._request, self.table.name, units, {})
        of_index = {self.index.name: units}
        return capacity.consumed(self._request, self.table.name, 0.0, of_index)


def _bytes(rows: list[Stored]) -> int:
    return sum(row.size for row in rows)


def _check_select(request: Request, index: Index | None) -> None:
    select, projects = request.get("Select"), request.get(PROJECTION) is not None
    if select is None:
        return
    fault = None
    if select not in _SELECTS:
        fault = f"Select must be {', '.join(_SELECTS[:-1])}, or {_SELECTS[-1]}"
    elif select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        fault = "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    elif select == "SPECIFIC_ATTRIBUTES" and not projects:
        fault = (
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        )
    elif select == "COUNT" and projects:
        fault = "Cannot specify the ProjectionExpression when choosing to get only the Count"
    elif select == "ALL_ATTRIBUTES" and index is not None and index.projected is not None:
        fault = (
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not "
            f"supported for global secondary index {index.name} because its projection type is not "
            "ALL"
        )
    if fault:
        raise Invalid(fault)


def _check_projected(index: Index, filtered: list[Any], projection: tuple[Path, ...]) -> None:
    if index.projected is None:
        return
    missing = [name for name in filtered if name not in index.projected]
    if missing:
        raise Invalid(
            f"One or more parameter values were invalid: Secondary index {index.name} does not "
            f"project one or more filter attributes: [{', '.join(missing)}]"
        )
    missing = [path[0] for path in projection if path[0] not in index.projected]
    if missing:
        raise Invalid(
            f"One or more parameter values were invalid: Global secondary index {index.name} does "
            f"not project [{', '.join(missing)}]"
        )


def projection_of(
    request: Request, placeholders: Placeholders, *, last: bool = False
) -> tuple[Path, ...] | None:
    """The paths of a projection; None: all attributes. `last`: no other expression follows."""
    text = request.get(PROJECTION)
    projected = None
    if text is not None:
        trees = syntax.projection(PROJECTION, text)
        projected = tuple(placeholders.path(PROJECTION, tree) for tree in trees)
        paths.check_distinct(PROJECTION, projected)
    if last:
        placeholders.check_all_used()
    return projected


def projected(item: Item, projection: tuple[Path, ...] | None) -> Mapping[str, Value]:
    return item if projection is None else paths.project(item, projection)
