"""Delete all items with a hash key, such as the agents of a session.

The keys come from a consistent read that checks the tenant, and a session's UUID is never used
again. So these deletions have no condition: deleting an item twice, or late, changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pynamodb.constants import ITEMS, LAST_EVALUATED_KEY, UNPROCESSED_ITEMS

from ai_coordination.context import InvocationContext
from ai_coordination.errors import Throttled
from ai_coordination.models.base import BUSY, Item, Owned, connection

ROWS = 100
MOST_AT_ONCE = 25
MOST_FRUITLESS_CALLS = 6
FIRST_WAIT_SECONDS = 0.05


def delete_all(
    model: type[Owned], hash_key: str, *, tenant: str, context: InvocationContext
) -> Iterator[int]:
    """Delete all rows with `hash_key`, page by page. Yields how many after each page.

    Raises Throttled. What was deleted before stays deleted.
    """
    start: dict[str, Any] | None = None
    names = model.key_names()
    while True:
        answer = connection.query(
            model.Meta.table_name,
            hash_key,
            attributes_to_get=[*names, "partition_key"],
            consistent_read=True,
            limit=ROWS,
            exclusive_start_key=start,
        )
        rows = [row for row in answer[ITEMS] if row["partition_key"]["S"] == tenant]
        keys = [{name: row[name] for name in names} for row in rows]
        for first in range(0, len(keys), MOST_AT_ONCE):
            _delete(model, keys[first : first + MOST_AT_ONCE], context)
        yield len(keys)
        start = answer.get(LAST_EVALUATED_KEY)
        if start is None:
            return


def _delete(model: type[Owned], keys: Sequence[Item], context: InvocationContext) -> None:
    """Delete some items, and ask again for those that DynamoDB leaves out because of load."""
    table = model.Meta.table_name
    left: Any = {table: [{"DeleteRequest": {"Key": key}} for key in keys]}
    fruitless = 0
    while left:
        before = len(left[table])
        answer = connection.dispatch("BatchWriteItem", {"RequestItems": left})
        left = answer.get(UNPROCESSED_ITEMS) or {}
        fruitless = fruitless + 1 if left and len(left[table]) == before else 0
        if fruitless == MOST_FRUITLESS_CALLS:
            raise Throttled(BUSY)
        if fruitless:
            context.sleep(context.random() * FIRST_WAIT_SECONDS * 2**fruitless)
