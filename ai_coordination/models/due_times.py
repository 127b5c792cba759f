"""Whatever must still happen has a time at which it is looked for: the sparse index `due`.

An item is in the index while it has `due_at`. Its shards spread the writes of many sessions; all
items of one session are in the same. Items of version 0.1.0 are in the first eight of them.
"""

from typing import Any, TypeVar
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

SHARDS = tuple(f"due-{number}" for number in range(32))

M = TypeVar("M")


class DueIndex(GlobalSecondaryIndex[Any]):
    """What is due, by shard and time."""

    class Meta:
        index_name = "due"
        projection = IncludeProjection(["partition_key", "due_count"])

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class HasDueTime:
    """The attributes of an item that may be due.

    `due_count` counts the sweeps that have found it since a worker last looked at it, `looks` the
    workers that have looked at it since it last made progress.
    """

    due_shard = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    due_count = NumberAttribute(null=True)
    looks = NumberAttribute(null=True)


def shard(session_uuid: str) -> str:
    """The shard of a session and its agents."""
    return SHARDS[crc32(session_uuid.encode()) % len(SHARDS)]


def set_due(kind: type[Any], session_uuid: str, at: str) -> list[Action]:
    """The item has made progress, and is looked for at an instant.

    That instant is always written, also where it is the one that was read: somebody may have
    moved it since. The same value again costs no write to the index.
    """
    return [
        kind.due_shard.set(shard(session_uuid)),
        kind.due_at.set(at),
        kind.due_count.remove(),
        kind.looks.remove(),
    ]


def postpone(kind: type[Any], at: str) -> list[Action]:
    """A sweep has found the item due, and looks for it again at an instant."""
    return [kind.due_at.set(at), kind.due_count.add(1)]


def record_look(kind: type[Any], at: str, looks: int) -> list[Action]:
    """A worker looks at the item for the n-th time without progress so far."""
    return [kind.due_at.set(at), kind.looks.set(looks), kind.due_count.remove()]


def existing_or(item: Any, at: str, *, earliest: str, latest: str) -> str:
    """The time that an item has, where it lies between two others; else `at`."""
    return str(item.due_at) if item.due_at and earliest <= item.due_at <= latest else at


def clear(kind: type[Any]) -> list[Action]:
    """Nothing has to happen to the item any more."""
    return [
        kind.due_shard.remove(),
        kind.due_at.remove(),
        kind.due_count.remove(),
        kind.looks.remove(),
    ]
