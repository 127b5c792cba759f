"""Labels of sessions: a key and a value by which sessions are found."""

from typing import Any

from ai_coordination.models import keys
from ai_coordination.models.base import Owned, table_name
from ai_coordination.models.fast.attributes import MapAttribute, UnicodeAttribute


class Label(MapAttribute[Any, Any]):
    """One label, as its session shows it."""

    key = UnicodeAttribute()
    value = UnicodeAttribute()


class SessionLabel(Owned):
    """One label of one session, written and deleted with it.

    A tenant's sessions with the same label are one partition, in order of creation.
    """

    class Meta:
        table_name = table_name("session_labels")

    tenant_label = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)
    coordination_uuid = UnicodeAttribute()


def tenant_label(partition_key: str, key: str, value: str) -> str:
    """Return the key that lists the sessions with a label. No label's key contains a NUL."""
    return keys.tenant_key(partition_key, f"{key}\0{value}")
