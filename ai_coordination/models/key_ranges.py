"""The range of keys of a list that is left to read.

A query has one condition on its range key. The keys of a list have the same length, so a text that
is longer or shorter lies between two of them.
"""

from typing import Any

from pynamodb.expressions.condition import Condition

# After all characters of keys.
_LAST = "~"


def between(
    range_key: Any,
    *,
    after: str | None,
    newest_first: bool,
    since: str | None,
    until: str | None,
) -> Condition | None:
    """Return the condition for the keys that follow `after`, in the order of the list.

    `since` and `until` limit the keys, and are no keys themselves. None: all keys are left.
    """
    low, high = since, until
    if after is not None and newest_first:
        high = _just_before(after)
    elif after is not None:
        low = after + _LAST
    condition: Condition | None = None
    if low is not None and high is not None:
        # DynamoDB refuses a range whose ends are not in order. With both ends equal, it is empty.
        condition = range_key.between(low, max(low, high))
    elif low is not None:
        condition = range_key > low
    elif high is not None:
        condition = range_key < high
    return condition


def _just_before(key: str) -> str:
    """Return a text between a key and all keys before it."""
    return key[:-1] + chr(ord(key[-1]) - 1) + _LAST
