"""PutItem, UpdateItem and DeleteItem, and how the parts of a transaction are written.

Source: Amazon DynamoDB API Reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination.local.database import capacity, paths, values
from ai_coordination.local.database.conditions import Condition
from ai_coordination.local.database.errors import (
    ConditionFailed,
    Invalid,
    InvalidUpdate,
)
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.rows import Key, Rows, Stored
from ai_coordination.local.database.schema import Table
from ai_coordination.local.database.tables import Tables
from ai_coordination.local.database.updates import KIND as UPDATE
from ai_coordination.local.database.updates import Update
from ai_coordination.local.database.values import Item
from ai_coordination.models import sizes

LARGEST_ITEM_BYTES = sizes.LARGEST_ITEM_BYTES

Request = Mapping[str, Any]

_CONDITION = "ConditionExpression"
_ON_FAILURE = "ReturnValuesOnConditionCheckFailure"
_RETURNED = {
    "Put": ("NONE", "ALL_OLD"),
    "Delete": ("NONE", "ALL_OLD"),
    "Update": ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """An item before and after a write; None where there was none."""

    old: Stored | None
    new: Stored | None

    def items(self) -> tuple[Item | None, Item | None]:
        """The items themselves."""
        return _item(self.old), _item(self.new)

    def units(self) -> float:
        """The units of the write in the table."""
        return capacity.write_units(*(stored.size for stored in (self.old, self.new) if stored))


def _item(stored: Stored | None) -> Item | None:
    return None if stored is None else stored.item


class Write:
    """One write, checked: of its own, or a part of a transaction."""

    def __init__(self, operation: str, request: Request, tables: Tables) -> None:
        """`operation` is Put, Update, Delete or ConditionCheck. Raises Invalid."""
        self._operation = operation
        self._request = request
        self._item = _given(operation, request)
        self._check_returned()
        expressions = (UPDATE, _CONDITION) if operation == "Update" else (_CONDITION,)
        placeholders = Placeholders(request, *expressions)
        text = request.get(UPDATE)
        self._update = None if text is None else Update(text, placeholders)
        text = request.get(_CONDITION)
        self._condition = None if text is None else Condition(_CONDITION, text, placeholders)
        placeholders.check_all_used()
        self.table: Table = tables.named(request.get("TableName"))
        self.key: Key = self._checked_key()

    def _check_returned(self) -> None:
        returned = self._request.get("ReturnValues")
        if returned is not None and returned not in _RETURNED[self._operation]:
            raise Invalid("Return values set to invalid value")
        on_failure = self._request.get(_ON_FAILURE)
        if on_failure not in (None, "NONE", "ALL_OLD"):
            raise Invalid(
                f"1 validation error detected: Value '{on_failure}' at "
                "'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must "
                "satisfy enum value set: [ALL_OLD, NONE]"
            )

    def _checked_key(self) -> Key:
        if self._operation == "Put":
            if any(name not in self._item for name in self.table.keys.types):
                raise Invalid("One of the required keys was not given a value")
            key = self.table.keys.of(self._item)
            if Stored(self._item, len(values.dumped(self._item))).exceeds(LARGEST_ITEM_BYTES):
                raise Invalid("Item size has exceeded the maximum allowed size")
        else:
            key = dict(self._item)
        encoded = self.table.check_key(key)
        if self._update is not None:
            self._update.check_keys(self.table.keys.types)
        return encoded

    def run(self, rows: Rows) -> Written:
        """Write it. Raises ConditionFailed, and Invalid for what does not fit the item."""
        found = rows.get(self.table, self.key)
        old = _item(found)
        if self._condition is not None and not self._condition.holds(old or {}):
            wants_it = self._request.get(_ON_FAILURE) == "ALL_OLD"
            raise ConditionFailed(old if wants_it else None)
        if self._operation == "ConditionCheck":
            return Written(found, found)
        if self._operation == "Delete":
            if old is not None:
                rows.delete(self.table, self.key, old)
            return Written(found, None)
        stored = rows.put(self.table, self.key, self._new(old), old)
        if stored.exceeds(LARGEST_ITEM_BYTES):
            raise InvalidUpdate("Item size to update has exceeded the maximum allowed size")
        return Written(found, stored)

    def _new(self, old: Item | None) -> Item:
        if self._operation == "Put":
            self.table.check_indexed(self._item)
            return self._item
        before = self._item if old is None else old
        if self._update is None:
            return before
        new = self._update.apply(before)
        values.check_levels(new)
        self.table.check_indexed(new, in_update=True)
        return new

    def returned(self, written: Written) -> Item | None:
        """The attributes that the answer has, None where it has none."""
        wanted = self._request.get("ReturnValues") or "NONE"
        old, new = written.items()
        item = old if wanted.endswith("_OLD") else new
        if wanted == "NONE" or item is None:
            return None
        if wanted.startswith("ALL_"):
            return item
        if self._update is None:
            return None
        names = {path[0]: None for path in self._update.paths if paths.read(item, path)}
        return {name: item[name] for name in item if name in names} or None

    def size(self) -> int:
        """Its bytes, as they count for the 4 MB of a transaction."""
        given = dict(self._item)
        values_given = self._request.get("ExpressionAttributeValues") or {}
        return sizes.of_item(given) + sizes.of_item(values_given)


def _given(operation: str, request: Request) -> Item:
    """The item of a Put, the key of anything else."""
    given = request.get("Item" if operation == "Put" else "Key")
    if given is None:
        if operation == "Put":
            raise Invalid("Item to put in PutItem cannot be null")
        raise Invalid("Cannot have null key for GetItem, DeleteItem, or UpdateItem")
    return values.canonical_item(given)


class Writes:
    """The operations that write one item."""

    def __init__(self, tables: Tables, rows: Rows) -> None:
        self._tables = tables
        self._rows = rows

    def put(self, request: Request) -> dict[str, Any]:
        """PutItem."""
        return self._single("Put", request)

    def update(self, request: Request) -> dict[str, Any]:
        """UpdateItem."""
        return self._single("Update", request)

    def delete(self, request: Request) -> dict[str, Any]:
        """DeleteItem."""
        return self._single("Delete", request)

    def _single(self, operation: str, request: Request) -> dict[str, Any]:
        write = Write(operation, request, self._tables)
        written = write.run(self._rows)
        answer: dict[str, Any] = {}
        returned = write.returned(written)
        if returned is not None:
            answer["Attributes"] = returned
        if capacity.wants(request):
            [answer["ConsumedCapacity"]] = consumed(request, [(write, written)])
        return answer

    def batch(self, request: Request) -> dict[str, Any]:
        """BatchWriteItem."""
        writes = [
            Write(*_single_request(name, part), self._tables)
            for name, parts in (request.get("RequestItems") or {}).items()
            for part in parts
        ]
        written = [(write, write.run(self._rows)) for write in writes]
        answer: dict[str, Any] = {"UnprocessedItems": {}}
        if capacity.wants(request):
            answer["ConsumedCapacity"] = consumed(request, written)
        return answer


def _single_request(name: str, part: Request) -> tuple[str, dict[str, Any]]:
    if "PutRequest" in part:
        return "Put", {"TableName": name, **part["PutRequest"]}
    return "Delete", {"TableName": name, **part["DeleteRequest"]}


def consumed(
    request: Request, written: Sequence[tuple[Write, Written]], factor: int = 1, also: str = ""
) -> list[dict[str, Any]]:
    """The units of writes, for each table."""
    by_table: dict[str, list[tuple[Write, Written]]] = {}
    for write, done in written:
        by_table.setdefault(write.table.name, []).append((write, done))
    return [
        capacity.consumed(
            request,
            name,
            factor * sum(done.units() for _, done in several),
            capacity.added(
                capacity.index_units(write.table, *done.items()) for write, done in several
            ),
            also,
        )
        for name, several in by_table.items()
    ]
