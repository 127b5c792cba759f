"""DynamoDB in dictionaries, for simulations: a hundredth of what embedded AWS takes for a call.

It answers what the engine's models ask, as DynamoDB does: tests/simulation/test_store.py holds it
against embedded AWS and DynamoDB Local. An item is never changed, only replaced.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from pynamodb.exceptions import CancellationReason, VerboseClientError

from ai_coordination.models import TABLES
from tests.simulation import expressions
from tests.simulation.expressions import Item, NotUnderstood

Request = Mapping[str, Any]
Key = tuple[str, str]

WRITES = frozenset({"TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem"})
REFUSED = "ConditionalCheckFailed"


class _Refused(Exception):
    """A condition does not hold for the item that is there, or for none."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.item = item


class _Index(NamedTuple):
    """Its range key, which an item lacks that is not in it, and what it holds of an item."""

    order: str
    projected: Collection[str]


class Store:
    """All tables, empty at first."""

    def __init__(self) -> None:
        self.items: dict[str, dict[Key, Item]] = {table.Meta.table_name: {} for table in TABLES}
        self._keys = {table.Meta.table_name: _keys_of(table) for table in TABLES}
        self._indexes = dict(_indexes())
        self._tokens: set[str] = set()
        # How many there were: who looks again sees by it whether there is anything to see.
        self.writes = 0

    def call(self, operation: str, request: Request, *, repeated: bool = False) -> Any:
        """What `operation` answers. Raises VerboseClientError as pynamodb does."""
        self.writes += operation in WRITES
        match operation:
            case "GetItem":
                found = self.items[request["TableName"]].get(self._key(request))
                return {} if found is None else {"Item": found}
            case "BatchGetItem":
                return self._batch(request["RequestItems"])
            case "Query":
                return self._query(request)
            case "TransactWriteItems":
                return self._transact(request)
        try:
            return self._write(operation, request)
        except _Refused as caught:
            refused = caught
        raise _error(operation, refused.item, repeated)

    def conflict(self, operation: str, request: Request) -> VerboseClientError:
        """What DynamoDB says where a transaction is just then at work on the same item."""
        if operation != "TransactWriteItems":
            return _verbose(_told("TransactionConflictException"), operation)
        others = [None for _ in request["TransactItems"][1:]]
        return _cancelled([CancellationReason("TransactionConflict"), *others])

    def key_of(self, request: Request) -> dict[str, str]:
        """The key of a request, or of a part of one: its attributes by their names."""
        given = request["Key"] if "Key" in request else request["Item"]
        return {name: given[name]["S"] for name in self._keys[request["TableName"]] if name}

    def _key(self, request: Request) -> Key:
        hash_key, *range_key = self.key_of(request).values()
        return hash_key, range_key[0] if range_key else ""

    def _batch(self, wanted: Request) -> dict[str, Any]:
        found: dict[str, list[Item]] = defaultdict(list)
        for table, asked in wanted.items():
            for key in asked["Keys"]:
                item = self.items[table].get(self._key({"TableName": table, "Key": key}))
                if item is not None:
                    found[table].append(item)
        return {"Responses": dict(found), "UnprocessedKeys": {}}

    def _query(self, request: Request) -> dict[str, Any]:
        understood = not request.keys() & {"FilterExpression", "ExclusiveStartKey", "Select"}
        if not understood or not request.get("ScanIndexForward", True):
            raise NotUnderstood(request)
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        test = expressions.condition(request["KeyConditionExpression"])
        table = request["TableName"]
        index = self._indexes.get((table, request.get("IndexName")))
        order = index.order if index else str(self._keys[table][1])
        found = [
            item
            for item in self.items[table].values()
            if order in item and test(item, names, values)
        ]
        found = sorted(found, key=lambda item: str(item[order]["S"]))[: request.get("Limit")]
        if index is not None:
            found = _projected(found, index.projected)
        if "ProjectionExpression" in request:
            wanted = request["ProjectionExpression"].replace(" ", "").split(",")
            found = _projected(found, [names.get(name, name) for name in wanted])
        return {"Items": found}

    def _write(self, operation: str, request: Request) -> dict[str, Any]:
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        table, key = self.items[request["TableName"]], self._key(request)
        old = table.get(key)
        condition = request.get("ConditionExpression")
        if condition and not expressions.condition(condition)(old or {}, names, values):
            wants_it = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise _Refused(old if wants_it else None)
        if operation in ("PutItem", "Put"):
            table[key] = request["Item"]
        elif operation in ("UpdateItem", "Update"):
            new = dict(old or request["Key"])
            change = expressions.update(request["UpdateExpression"])
            change(old or {}, new, names, values)
            table[key] = new
            if request.get("ReturnValues") == "ALL_NEW":
                return {"Attributes": new}
        elif operation in ("DeleteItem", "Delete"):
            table.pop(key, None)
        elif operation != "ConditionCheck":
            raise NotUnderstood(operation)
        return {}

    def _transact(self, request: Request) -> dict[str, Any]:
        """All of it or nothing; the second time with the same token nothing."""
        if request["ClientRequestToken"] in self._tokens:
            return {}
        parts = [next(iter(part.items())) for part in request["TransactItems"]]
        before = [(part["TableName"], self._key(part)) for _, part in parts]
        kept = [self.items[table].get(key) for table, key in before]
        reasons = list(self._reasons(parts))
        if any(reasons):
            for (table, key), item in zip(before, kept, strict=True):
                self.items[table].pop(key, None)
                if item is not None:
                    self.items[table][key] = item
            raise _cancelled(reasons)
        self._tokens.add(request["ClientRequestToken"])
        return {}

    def _reasons(self, parts: Sequence[tuple[str, Request]]) -> Iterator[CancellationReason | None]:
        for operation, part in parts:
            try:
                self._write(operation, part)
            except _Refused as refused:
                item: Any = refused.item
                yield CancellationReason(REFUSED, REFUSED, item)
            else:
                yield None


def _keys_of(table: Any) -> tuple[str, str | None]:
    hash_key, range_key = [*table.key_names(), None][:2]
    return hash_key, range_key


def _indexes() -> Iterator[tuple[tuple[str, str | None], _Index]]:
    for table in TABLES:
        name = table.Meta.table_name
        for index in table._indexes.values():
            keys = {one.attr_name: one for one in index.Meta.attributes.values()}
            order = next(name for name, one in keys.items() if one.is_range_key)
            projection = index.Meta.projection.non_key_attributes or ()
            own = filter(None, _keys_of(table))
            yield (name, index.Meta.index_name), _Index(order, {*keys, *own, *projection})


def _projected(items: list[Item], names: Collection[str]) -> list[Item]:
    return [{name: item[name] for name in names if name in item} for item in items]


def _told(code: str, **more: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": code}, **more}


def _error(operation: str, item: Item | None, repeated: bool) -> VerboseClientError:
    told = _told(f"{REFUSED}Exception", ResponseMetadata={"RetryAttempts": int(repeated)})
    return _verbose(told if item is None else {**told, "Item": item}, operation)


def _cancelled(reasons: Sequence[CancellationReason | None]) -> VerboseClientError:
    told = _told("TransactionCanceledException")
    return _verbose(told, "TransactWriteItems", reasons)


def _verbose(
    told: Any, operation: str, reasons: Sequence[CancellationReason | None] = ()
) -> VerboseClientError:
    given = {"Error": told["Error"]}
    error = VerboseClientError(given, operation, cancellation_reasons=reasons)
    error.__cause__ = ClientError(told, operation)
    return error
