"""Due times: when an item with outstanding work is checked, in the sparse index `due`.

An item is in the index while it has `due_at`. Shards spread the writes of many sessions; all items
of one session are in the same shard. Items of version 0.1.0 are in the first eight shards.
"""

from typing import Any, TypeVar
from zlib import crc32

from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination.models.fast.attributes import (
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

SHARDS = tuple(f"due-{number}" for number in range(32))

M = TypeVar("M")


class DueIndex(GlobalSecondaryIndex[Any]):
    """Items with outstanding work, by shard and due time."""

    class Meta:
        index_name = "due"
        projection = IncludeProjection(["partition_key", "due_count"])

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class HasDueTime:
    """The attributes of an item that may have outstanding work.

    `due_count` counts the sweeps that have found it since a worker last looked at it. `looks`
    counts the workers that have looked at it since it last made progress. Events that are not sent
    yet are one reason to be due: see `engine.events.outbox`.
    """

    due_shard = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    due_count = NumberAttribute(null=True)
    looks = NumberAttribute(null=True)
    unsent_events = UnicodeSetAttribute(null=True)


def shard(session_uuid: str) -> str:
    """Return the shard of a session and its agents."""
    return SHARDS[crc32(session_uuid.encode()) % len(SHARDS)]


def set_due(model: type[Any], session_uuid: str, at: str) -> list[Action]:
    """Record progress, and set the due time.

    The due time is written even if it equals the one that was read, because a sweep may have moved
    it since. Writing an unchanged value costs no write to the index.
    """
    return [
        model.due_shard.set(shard(session_uuid)),
        model.due_at.set(at),
        model.due_count.remove(),
        model.looks.remove(),
    ]


def postpone(model: type[Any], at: str) -> list[Action]:
    """Move the due time on. Used by the sweep that has found the item due."""
    return [model.due_at.set(at), model.due_count.add(1)]


def record_look(model: type[Any], at: str, looks: int) -> list[Action]:
    """Count a worker's look at an item that has made no progress, and set the next due time."""
    return [model.due_at.set(at), model.looks.set(looks), model.due_count.remove()]


def existing_or(item: Any, at: str, *, earliest: str, latest: str) -> str:
    """Return the item's due time if it is between `earliest` and `latest`, otherwise `at`."""
    return str(item.due_at) if item.due_at and earliest <= item.due_at <= latest else at


def clear(model: type[Any]) -> list[Action]:
    """Remove the due time: no work is outstanding."""
    return [
        model.due_shard.remove(),
        model.due_at.remove(),
        model.due_count.remove(),
        model.looks.remove(),
    ]
