"""Labels of sessions: a key and a value by which sessions are found."""

from pynamodb.attributes import UnicodeAttribute

from ai_coordination.models import keys
from ai_coordination.models.base import Table, table_name


class SessionLabel(Table):
    """One label of one session, written and deleted with it. Nothing writes it yet.

    A tenant's sessions with the same label are one partition, in order of creation.
    """

    class Meta:
        table_name = table_name("session_labels")

    tenant_label = UnicodeAttribute(hash_key=True)
    session_uuid = UnicodeAttribute(range_key=True)
    partition_key = UnicodeAttribute()
    coordination_uuid = UnicodeAttribute()


def tenant_label(partition_key: str, key: str, value: str) -> str:
    """Return the key that lists the sessions with a label. No label's key contains a NUL."""
    return keys.tenant_key(partition_key, f"{key}\0{value}")
