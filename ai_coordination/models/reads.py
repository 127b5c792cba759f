"""Read one item, several items, or one page of a list."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, Generic, NamedTuple, TypeVar

from pynamodb.constants import (
    ITEMS,
    KEYS,
    LAST_EVALUATED_KEY,
    RESPONSES,
    UNPROCESSED_KEYS,
)
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, Index

from ai_coordination.context import InvocationContext
from ai_coordination.errors import Throttled
from ai_coordination.models import key_ranges
from ai_coordination.models.base import BUSY, Item, Owned, connection

E = TypeVar("E", bound=Owned)
Key = tuple[type[Owned], str, str]

MOST_KEYS_OF_A_BATCH = 100
MOST_FRUITLESS_BATCHES = 6
FIRST_WAIT_SECONDS = 0.05
MOST_READS_OF_A_PAGE = 5
ROWS_OF_A_FILTERED_READ = 200


def get(model: type[E], hash_key: str, range_key: str, *, tenant: str) -> E | None:
    """Read an item consistently. Returns None if the tenant has no such item."""
    try:
        item = model.get(hash_key, range_key, consistent_read=True)
    except model.DoesNotExist:
        return None
    return item if item.partition_key == tenant else None


def get_of_any_tenant(model: type[E], hash_key: str, range_key: str) -> E | None:
    """Read an item consistently, for a caller who then shows a secret that the item knows.

    Nothing of the item may reach the caller before that.
    """
    try:
        return model.get(hash_key, range_key, consistent_read=True)
    except model.DoesNotExist:
        return None


def batch_get(
    keys: Sequence[Key],
    *,
    tenant: str,
    context: InvocationContext,
    batch_size: int = MOST_KEYS_OF_A_BATCH,
    at_once: int = 1,
) -> list[Any]:
    """Read items consistently, in the order of their keys; None for each that does not exist.

    One call reads up to `batch_size` items, of any tables, and up to `at_once` calls are made at
    the same time. Raises Throttled.
    """
    unique = list(dict.fromkeys(keys))
    batches = [unique[start : start + batch_size] for start in range(0, len(unique), batch_size)]

    def read(batch: Sequence[Key]) -> list[tuple[Key, Owned]]:
        return list(_batch(batch, context))

    threads = min(at_once, len(batches))
    answers = context.map(read, batches, threads, "read") if threads > 1 else map(read, batches)
    items = {
        key: item for answer in answers for key, item in answer if item.partition_key == tenant
    }
    return [items.get(key) for key in keys]


def batch_get_of_tenants(keys: Collection[Key], *, context: InvocationContext) -> dict[Key, Any]:
    """Read at most MOST_KEYS_OF_A_BATCH items consistently in one call: those that exist.

    They are of any tenants, so the caller checks whose they are. Raises Throttled.
    """
    return dict(_batch(keys, context))


def _batch(keys: Iterable[Key], context: InvocationContext) -> Iterator[tuple[Key, Owned]]:
    models_by_table = {model.Meta.table_name: model for model, _, _ in keys}
    asked: dict[str, Any] = {table: {KEYS: [], "ConsistentRead": True} for table in models_by_table}
    for model, hash_key, range_key in keys:
        hash_name, range_name = model.key_names()
        asked[model.Meta.table_name][KEYS].append(
            {hash_name: {"S": hash_key}, range_name: {"S": range_key}}
        )
    for table, item in _batch_items(asked, context):
        model = models_by_table[table]
        hash_name, range_name = model.key_names()
        yield (model, item[hash_name]["S"], item[range_name]["S"]), model.of(item)


def _batch_items(asked: dict[str, Any], context: InvocationContext) -> Iterator[tuple[str, Item]]:
    """Read items, and ask again for those that DynamoDB left out because of size or load.

    Raises Throttled if it repeatedly leaves out all of them.
    """
    fruitless = 0
    while asked:
        answer = connection.dispatch("BatchGetItem", {"RequestItems": asked})
        for table, items in answer[RESPONSES].items():
            yield from ((table, item) for item in items)
        left = answer.get(UNPROCESSED_KEYS) or {}
        fruitless = fruitless + 1 if _keys_in(left) == _keys_in(asked) else 0
        if fruitless == MOST_FRUITLESS_BATCHES:
            raise Throttled(BUSY)
        if fruitless:
            context.sleep(context.random() * FIRST_WAIT_SECONDS * 2**fruitless)
        asked = left


def _keys_in(asked: dict[str, Any]) -> int:
    return sum(len(of_table[KEYS]) for of_table in asked.values())


class Page(NamedTuple, Generic[E]):
    """Some rows of a list. The next page continues after `position`, even if there are no rows."""

    rows: list[E]
    has_next: bool
    position: str | None


class PageRequest(NamedTuple):
    """Which page to read: `first` rows after the range key `position`, or from the start.

    Only range keys from `since`, and before `until`, are read. No row has such a key itself.
    """

    first: int
    position: str | None = None
    newest_first: bool = False
    since: str | None = None
    until: str | None = None


def all_of(conditions: Sequence[Condition]) -> Condition | None:
    """Combine conditions by AND. Returns None if there are none."""
    return reduce(Condition.__and__, conditions) if conditions else None


def page(
    model: type[E],
    hash_key: str,
    request: PageRequest,
    *,
    tenant: str,
    index: Index[Any] | None = None,
    condition: Condition | None = None,
) -> Page[E]:
    """Read one page of the rows with `hash_key`, in the order of the range key.

    With a condition the number of reads is limited, so a page may have fewer rows, or none,
    although more follow. Another tenant's partition looks empty.
    """
    range_key = _range_key(model, index)
    rows: list[E] = []
    start: dict[str, Any] | None = None
    between = key_ranges.between(
        range_key,
        after=request.position,
        newest_first=request.newest_first,
        since=request.since,
        until=request.until,
    )
    for _ in range(MOST_READS_OF_A_PAGE):
        answer = _query(model, hash_key, between, condition, request, index, start)
        rows += [_row(model, item, index) for item in answer[ITEMS]]
        start = answer.get(LAST_EVALUATED_KEY)
        if start is None or len(rows) > request.first:
            break
    if rows and rows[0].partition_key != tenant:
        return Page([], False, None)
    if (
        start is not None
        and not rows
        and not _is_owned(model, hash_key, request, index, tenant=tenant)
    ):
        return Page([], False, None)
    return _cut(rows, request.first, range_key.attr_name, start)


def _is_owned(
    model: type[E], hash_key: str, request: PageRequest, index: Index[Any] | None, *, tenant: str
) -> bool:
    """Whether the tenant owns a partition of which no row passed the filter.

    So `has_next` does not reveal that another tenant's partition has rows.
    """
    answer = _query(model, hash_key, None, None, request._replace(first=0), index, None)
    return all(model.of(item).partition_key == tenant for item in answer[ITEMS])


def all_rows(
    model: type[E],
    hash_key: str,
    *,
    tenant: str,
    attributes: Sequence[str] | None = None,
    condition: Condition | None = None,
    consistent: bool = True,
) -> list[E]:
    """Read all rows with `hash_key`, with only these attributes if any are named.

    Rows for which `condition` does not hold are left out. Reading them costs the same. Only for
    partitions of limited size, such as the agents of a session.
    """
    rows: list[E] = []
    start: dict[str, Any] | None = None
    while True:
        answer = connection.query(
            model.Meta.table_name,
            hash_key,
            filter_condition=condition,
            attributes_to_get=attributes,
            consistent_read=consistent,
            exclusive_start_key=start,
        )
        rows += [model.of(item) for item in answer[ITEMS]]
        start = answer.get(LAST_EVALUATED_KEY)
        if start is None:
            return [row for row in rows if row.partition_key == tenant]


def _range_key(model: type[E], index: Index[Any] | None) -> Any:
    if index is None:
        return getattr(model, model.key_names()[1])
    return next(key for key in index.Meta.attributes.values() if key.is_range_key)


def due_rows(
    model: type[E], index: Index[Any], hash_key: str, latest: str, most: int
) -> Iterator[list[E]]:
    """Read an index up to the range key `latest`, page by page. For the engine: of all tenants."""
    start: dict[str, Any] | None = None
    while True:
        answer = connection.query(
            model.Meta.table_name,
            hash_key,
            range_key_condition=_range_key(model, index) <= latest,
            index_name=index.Meta.index_name,
            limit=most,
            exclusive_start_key=start,
        )
        yield [model.of(item) for item in answer[ITEMS]]
        start = answer.get(LAST_EVALUATED_KEY)
        if start is None:
            return


def in_index(model: type[E], index: Index[Any], hash_key: str, range_key: str) -> E | None:
    """Read a row of an index. Indexes lag: one that was written seconds ago may be missing."""
    answer = connection.query(
        model.Meta.table_name,
        hash_key,
        range_key_condition=_range_key(model, index) == range_key,
        index_name=index.Meta.index_name,
        limit=1,
    )
    return next((_row(model, item, index) for item in answer[ITEMS]), None)


def _row(model: type[E], item: Item, index: Index[Any] | None) -> E:
    row = model.of(item)
    row.partial = index is not None and not isinstance(index.Meta.projection, AllProjection)
    return row


def _query(
    model: type[E],
    hash_key: str,
    between: Condition | None,
    condition: Condition | None,
    request: PageRequest,
    index: Index[Any] | None,
    start: dict[str, Any] | None,
) -> dict[str, Any]:
    return connection.query(
        model.Meta.table_name,
        hash_key,
        range_key_condition=between,
        filter_condition=condition,
        index_name=index.Meta.index_name if index is not None else None,
        limit=request.first + 1 if condition is None else ROWS_OF_A_FILTERED_READ,
        scan_index_forward=not request.newest_first,
        exclusive_start_key=start,
    )


def _cut(rows: list[E], first: int, range_key: str, start: dict[str, Any] | None) -> Page[E]:
    if len(rows) > first:
        rows = rows[:first]
        return Page(rows, True, getattr(rows[-1], range_key))
    if start is not None:
        return Page(rows, True, start[range_key]["S"])
    return Page(rows, False, getattr(rows[-1], range_key) if rows else None)
