"""A patch that makes moto's transactions fast on large tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

# Table, hash key, range key, and the item before the transaction.
_Before = tuple[Table, DynamoType, DynamoType | None, Item | None]


@contextmanager
def light_transactions() -> Iterator[None]:
    """Make moto roll back a failed transaction item by item, within the block.

    To be able to roll back, moto copies every table that the transaction names. This patch copies
    only the items that it names, which is a thousand times faster with thousands of items.
    """
    original = DynamoDBBackend.transact_write_items

    def transact(backend: DynamoDBBackend, parts: list[dict[str, Any]]) -> None:
        before = list(_before(backend, parts))
        try:
            original(backend, parts)
        except BaseException:
            for entry in before:
                _restore(*entry)
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


def _restore(
    table: Table, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None
) -> None:
    items: dict[DynamoType, Any] = table.items
    if range_key is not None:
        # moto nests the items of such a table: hash key, then range key.
        items, hash_key = items[hash_key], range_key
    if item is None:
        items.pop(hash_key, None)
    else:
        items[hash_key] = item
