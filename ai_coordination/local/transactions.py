"""Transactions of embedded DynamoDB that cost what they touch, and not what the tables hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

# Table, key and what was there.
_Before = tuple[Table, DynamoType, DynamoType | None, Item | None]


@contextmanager
def light_transactions() -> Iterator[None]:
    """For a transaction that may fail moto copies each table that it names, with all it holds.

    Here the items alone are kept that it names, and put back where it fails: a thousand times as
    fast where a table holds thousands.
    """
    original = DynamoDBBackend.transact_write_items

    def transact(backend: DynamoDBBackend, parts: list[dict[str, Any]]) -> None:
        before = list(_before(backend, parts))
        try:
            original(backend, parts)
        except BaseException:
            for one in before:
                _put_back(*one)
            raise

    with (
        patch.object(DynamoDBBackend, "transact_write_items", transact),
        patch.object(Table, "__deepcopy__", lambda table, memo: table, create=True),
    ):
        yield


def _before(backend: DynamoDBBackend, parts: list[dict[str, Any]]) -> Iterator[_Before]:
    for part in parts:
        for operation in part.values():
            table = backend.tables.get(operation["TableName"])
            key = operation.get("Key") or operation.get("Item") or {}
            if table is not None and set(table.table_key_attrs) <= key.keys():
                hash_key = DynamoType(key[table.hash_key_attr])
                range_name = table.range_key_attr
                range_key = None if range_name is None else DynamoType(key[range_name])
                yield table, hash_key, range_key, deepcopy(table.get_item(hash_key, range_key))


def _put_back(
    table: Table, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None
) -> None:
    held: dict[DynamoType, Any] = table.items
    if range_key is not None:
        held, hash_key = held[hash_key], range_key
    if item is None:
        held.pop(hash_key, None)
    else:
        held[hash_key] = item
