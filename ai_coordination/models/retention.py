"""When an ended session is purged, in the sparse index `purge`.

A session is in the index from its end until it is started again or its purge begins.
"""

from typing import Any
from zlib import crc32

from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination.models.fast.attributes import UnicodeAttribute

SHARDS = tuple(f"purge-{number}" for number in range(8))


class PurgeIndex(GlobalSecondaryIndex[Any]):
    """Ended sessions by shard, and by the time at which they are purged."""

    class Meta:
        index_name = "purge"
        projection = IncludeProjection(["partition_key"])

    purge_shard = UnicodeAttribute(hash_key=True)
    purge_at = UnicodeAttribute(range_key=True)


class IsRetained:
    """The attributes of an item that is purged some time after its end."""

    purge_shard = UnicodeAttribute(null=True)
    purge_at = UnicodeAttribute(null=True)


def set_purge(model: type[Any], session_uuid: str, at: str) -> list[Action]:
    """Let a session be purged at this time."""
    shard = SHARDS[crc32(session_uuid.encode()) % len(SHARDS)]
    return [model.purge_shard.set(shard), model.purge_at.set(at)]


def clear(model: type[Any]) -> list[Action]:
    """Do not let a session be purged."""
    return [model.purge_shard.remove(), model.purge_at.remove()]
