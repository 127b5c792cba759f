"""GetItem, BatchGetItem, Query and Scan.

Source: Amazon DynamoDB API Reference. Every read is consistent here: one that need not be is only
cheaper.
"""

from collections.abc import Mapping
from typing import Any

from ai_coordination.local.database import capacity, values
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.key_conditions import KIND, KeyCondition, fulfills
from ai_coordination.local.database.pages import FILTER, PROJECTION, Page, projected, projection_of
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.rows import Range, Rows, Stored
from ai_coordination.local.database.schema import Table
from ai_coordination.local.database.tables import Tables
from ai_coordination.local.database.values import Item

MOST_KEYS = 100
LARGEST_BATCH_BYTES = 16 * 1024 * 1024

Request = Mapping[str, Any]

_START_KEY_DIFFERS = "The provided starting key does not match the range key predicate"


class Reads:
    """The operations that read."""

    def __init__(self, tables: Tables, rows: Rows) -> None:
        self._tables = tables
        self._rows = rows

    def get(self, request: Request) -> dict[str, Any]:
        """GetItem."""
        table = self._tables.named(request.get("TableName"))
        if request.get("Key") is None:
            raise Invalid("Cannot have null key for GetItem, DeleteItem, or UpdateItem")
        key = values.canonical_item(request["Key"])
        projection = projection_of(request, Placeholders(request, PROJECTION), last=True)
        found = self._rows.get(table, table.check_key(key))
        answer: dict[str, Any] = {}
        if found is not None:
            answer["Item"] = projected(found.item, projection)
        if capacity.wants(request):
            consistent = bool(request.get("ConsistentRead"))
            units = capacity.read_units(found.size if found else 0, consistent=consistent)
            answer["ConsumedCapacity"] = capacity.consumed(request, table.name, units, {})
        return answer

    def batch_get(self, request: Request) -> dict[str, Any]:
        """BatchGetItem. What would make the answer larger than 16 MB is left over."""
        asked: Mapping[str, Any] = request.get("RequestItems") or {}
        _check_batch(asked)
        responses: dict[str, list[Item]] = {}
        left: dict[str, Any] = {}
        units: list[dict[str, Any]] = []
        room = _Room()
        for name, part in asked.items():
            table = self._tables.named(name)
            found, keys_left = self._batch_of(table, part, room)
            projection = projection_of(part, Placeholders(part, PROJECTION), last=True)
            responses[name] = [projected(stored.item, projection) for stored in found]
            if keys_left:
                left[name] = {**part, "Keys": keys_left}
            if capacity.wants(request):
                consistent = bool(part.get("ConsistentRead"))
                total = sum(capacity.read_units(one.size, consistent=consistent) for one in found)
                units.append(capacity.consumed(request, name, float(total), {}))
        answer: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": left}
        if capacity.wants(request):
            answer["ConsumedCapacity"] = units
        return answer

    def _batch_of(
        self, table: Table, part: Request, room: "_Room"
    ) -> tuple[list[Stored], list[Any]]:
        """What is found in one table, and the keys that are left over."""
        keys = [values.canonical_item(key) for key in part["Keys"]]
        encoded = [table.check_key(key) for key in keys]
        if len(set(encoded)) < len(encoded):
            raise Invalid("Provided list of item keys contains duplicates")
        found: list[Stored] = []
        for place, item_key in enumerate(encoded):
            stored = self._rows.get(table, item_key)
            if stored is None:
                continue
            if not room.takes(stored):
                return found, keys[place:]
            found.append(stored)
        return found, []

    def query(self, request: Request) -> dict[str, Any]:
        """Query."""
        if request.get(KIND) is None:
            raise Invalid(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in "
                "the request."
            )
        placeholders = Placeholders(request, KIND, FILTER, PROJECTION)
        condition = KeyCondition(request[KIND], placeholders)
        page = Page(self._tables, request, placeholders)
        page.check_filter()
        hash_value, bounds = condition.bounds(page.keys)
        hash_key, after = values.key(hash_value), page.after()
        if after is not None:
            if after[0] != hash_key or not fulfills(after[1], bounds):
                raise Invalid(_START_KEY_DIFFERS)
            after = after[1:]
        backward = request.get("ScanIndexForward") is False
        wanted = Range(hash_key, bounds, after, backward)
        return page.read(self._rows.query(page.table, page.index, wanted))

    def scan(self, request: Request) -> dict[str, Any]:
        """Scan, without segments."""
        page = Page(self._tables, request, Placeholders(request, FILTER, PROJECTION))
        return page.read(self._rows.scan(page.table, page.index, page.after()))


class _Room:
    """The room of an answer to BatchGetItem. Exact sizes are calculated only where it is tight."""

    def __init__(self) -> None:
        self._taken: list[Stored] = []
        self._most_bytes = 0

    def takes(self, stored: Stored) -> bool:
        """Whether an item fits in; then it is in."""
        self._most_bytes += stored.most_bytes
        if self._most_bytes > LARGEST_BATCH_BYTES:
            size = sum(taken.size for taken in self._taken) + stored.size
            if size > LARGEST_BATCH_BYTES:
                return False
        self._taken.append(stored)
        return True


def _check_batch(asked: Mapping[str, Any]) -> None:
    if not asked:
        raise Invalid("BatchGetItem must have some requests set")
    for name, part in asked.items():
        if not part.get("Keys"):
            raise Invalid(
                "The list of keys in RequestItems for BatchGetItem is required: "
                f"{name} has empty list"
            )
    if sum(len(part["Keys"]) for part in asked.values()) > MOST_KEYS:
        raise Invalid("Too many items requested for the BatchGetItem call")
