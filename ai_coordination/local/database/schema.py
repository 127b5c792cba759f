"""Tables and their global secondary indexes: their keys, and what an index holds of an item.

Source: Amazon DynamoDB API Reference, CreateTable.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ai_coordination.local.database import values
from ai_coordination.local.database.errors import Invalid, NotSupported
from ai_coordination.local.database.values import Item, Value

LONGEST_HASH_KEY_BYTES = 2048
LONGEST_RANGE_KEY_BYTES = 1024
_PARAMETERS = "One or more parameter values were invalid"
_NOT_VALID = "One or more parameter values are not valid."
_EMPTY = "The AttributeValue for a key attribute cannot contain an empty {} value."
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The attributes of a key by name: the hash key, and the range key if there is one."""

    types: Mapping[str, str]

    @property
    def hash(self) -> str:
        """The name of the hash key."""
        return next(iter(self.types))

    @property
    def range(self) -> str | None:
        """The name of the range key; None where there is none."""
        return next(iter(list(self.types)[1:]), None)

    def of(self, item: Item) -> dict[str, Value]:
        """The key of an item that has one."""
        return {name: item[name] for name in self.types}

    def encoded(self, item: Item) -> tuple[bytes, bytes]:
        """The key of an item as bytes that sort as the key does; no range key is an empty one."""
        name = self.range
        return values.key(item[self.hash]), values.key(item[name]) if name else b""


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. It holds the items that have its key."""

    number: int
    name: str
    keys: Keys
    # None: all attributes of an item.
    projected: frozenset[str] | None

    def has(self, item: Item) -> bool:
        """Whether the index has a row of the item: a sparse index lacks some."""
        return all(name in item for name in self.keys.types)

    def row(self, item: Item) -> Item:
        """What the index holds of an item."""
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `number` identifies it in the file, and `request` is what created it."""

    number: int
    name: str
    keys: Keys
    indexes: Mapping[str, Index]
    request: Mapping[str, Any]
    created_at: float
    time_to_live: str | None = None

    def index(self, name: str | None) -> Index | None:
        """The index of a name, None for the table itself. Raises Invalid."""
        if name is None:
            return None
        if name not in self.indexes:
            raise Invalid(f"The table does not have the specified index: {name}")
        return self.indexes[name]

    def check_indexed(self, item: Item, *, in_update: bool = False) -> None:
        """Raises Invalid where the keys of an index are not what they must be."""
        for index in self.indexes.values():
            _check_index(index, item, in_update=in_update)

    def check_key(self, key: Item) -> tuple[bytes, bytes]:
        """The encoded key. Raises Invalid where these are not exactly the attributes of a key."""
        if key.keys() != self.keys.types.keys():
            raise Invalid("The number of conditions on the keys is invalid")
        for name, kind in self.keys.types.items():
            found = values.type_of(key[name])
            if found not in values.ORDERED_TYPES:
                raise Invalid("Invalid attribute value type")
            if found != kind:
                raise Invalid(f"{_PARAMETERS}: Type mismatch for key")
            if not key[name][kind]:
                raise Invalid(f"{_NOT_VALID} {_empty(kind)} Key: {name}")
        hash_key, range_key = self.keys.encoded(key)
        if len(hash_key) > LONGEST_HASH_KEY_BYTES or len(range_key) > LONGEST_RANGE_KEY_BYTES:
            raise Invalid(
                "Hash primary key values must be under 2048 bytes, and range primary key values "
                "must be under 1024 bytes"
            )
        return hash_key, range_key


def _check_index(index: Index, item: Item, *, in_update: bool) -> None:
    for name, kind in index.keys.types.items():
        if name not in item:
            continue
        found = values.type_of(item[name])
        if found not in values.ORDERED_TYPES:
            raise Invalid("Invalid attribute value type")
        if found != kind:
            raise Invalid(f"{_PARAMETERS}: Type mismatch for Index Key")
        if not item[name][kind]:
            raise Invalid(_empty_index_key(index, name, kind, in_update=in_update))
        longest = LONGEST_HASH_KEY_BYTES if name == index.keys.hash else LONGEST_RANGE_KEY_BYTES
        if len(values.key(item[name])) > longest:
            raise Invalid(f"{_PARAMETERS}: Size limit exceeded")


def _empty(kind: str) -> str:
    return _EMPTY.format("string" if kind == "S" else "binary")


def _empty_index_key(index: Index, name: str, kind: str, *, in_update: bool) -> str:
    if in_update:
        return (
            f"{_NOT_VALID} The update expression attempted to update a secondary index key to a "
            f"value that is not supported. {_empty(kind)}"
        )
    return (
        f"{_NOT_VALID} A value specified for a secondary index key is not supported. "
        f"{_empty(kind)} IndexName: {index.name}, IndexKey: {name}"
    )


def check_name(name: Any) -> str:
    """The name of a table or an index. Raises Invalid."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Invalid(
            "Invalid table/index name.  Table/index names must be between 3 and 255 characters "
            "long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
        )
    return name


def table_of(number: int, request: Mapping[str, Any], created_at: float) -> Table:
    """The table that a CreateTable request describes. Raises Invalid, NotSupported."""
    for parameter in ("LocalSecondaryIndexes", "StreamSpecification", "ResourcePolicy"):
        if request.get(parameter):
            raise NotSupported(f"{parameter} of CreateTable")
    types = {
        definition["AttributeName"]: definition["AttributeType"]
        for definition in request["AttributeDefinitions"]
    }
    keys = _keys(request["KeySchema"], types)
    indexes = {
        given["IndexName"]: _index(place, given, keys, types)
        for place, given in enumerate(request.get("GlobalSecondaryIndexes") or ())
    }
    used = {*keys.types, *(name for index in indexes.values() for name in index.keys.types)}
    if used != types.keys():
        raise Invalid(
            "The number of attributes in key schema must match the number of attributes defined in "
            "attribute definitions."
        )
    return Table(number, check_name(request["TableName"]), keys, indexes, request, created_at)


def _keys(schema: Any, types: Mapping[str, str]) -> Keys:
    names = {element["KeyType"]: element["AttributeName"] for element in schema}
    if "HASH" not in names or len(names) != len(schema) or not types.keys() >= set(names.values()):
        raise Invalid("No Hash Key specified in schema, or an attribute of it is not defined")
    ordered = [names[role] for role in ("HASH", "RANGE") if role in names]
    return Keys({name: types[name] for name in ordered})


def _index(place: int, given: Mapping[str, Any], table: Keys, types: Mapping[str, str]) -> Index:
    keys = _keys(given["KeySchema"], types)
    projection = given["Projection"]
    projected = None
    if projection["ProjectionType"] != "ALL":
        more = projection.get("NonKeyAttributes") or ()
        projected = frozenset({*keys.types, *table.types, *more})
    return Index(place, check_name(given["IndexName"]), keys, projected)


def description(table: Table, items: int, size: int) -> dict[str, Any]:
    """What DescribeTable says of a table with so many items, of so many bytes in all."""
    nothing = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    described: dict[str, Any] = {
        "AttributeDefinitions": table.request["AttributeDefinitions"],
        "TableName": table.name,
        "KeySchema": table.request["KeySchema"],
        "TableStatus": "ACTIVE",
        "CreationDateTime": datetime.fromtimestamp(table.created_at, UTC),
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **nothing},
        "TableSizeBytes": size,
        "ItemCount": items,
        "TableArn": _arn(table),
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": False,
    }
    indexes = [
        {
            "IndexName": given["IndexName"],
            "KeySchema": given["KeySchema"],
            "Projection": given["Projection"],
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": nothing,
            "IndexArn": f"{_arn(table)}/index/{given['IndexName']}",
        }
        for given in table.request.get("GlobalSecondaryIndexes") or ()
    ]
    return {**described, "GlobalSecondaryIndexes": indexes} if indexes else described


def _arn(table: Table) -> str:
    return f"arn:aws:dynamodb:local:000000000000:table/{table.name}"
