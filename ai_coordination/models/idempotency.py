"""Idempotency records: which entity was created with a key."""

from ai_coordination.models.base import Table, table_name
from ai_coordination.models.fast.attributes import NumberAttribute, UnicodeAttribute


class Idempotency(Table):
    """Written in the transaction that creates the entity. DynamoDB deletes it after a week."""

    class Meta:
        table_name = table_name("idempotency")

    key = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute()
    # The fingerprint's algorithm. Absent in version 0.1.0, which had only one.
    algorithm = NumberAttribute(null=True)
    entity_hash_key = UnicodeAttribute()
    entity_range_key = UnicodeAttribute()
    expires_at = NumberAttribute()
