"""Idempotency records: which entity a key has created."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from ai_coordination.models.base import Table, table_name


class Idempotency(Table):
    """Written in the transaction that creates the entity; DynamoDB removes it after a week."""

    class Meta:
        table_name = table_name("idempotency")

    key = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute()
    # Of the fingerprint. Version 0.1.0 had one alone, and did not name it.
    algorithm = NumberAttribute(null=True)
    entity_hash_key = UnicodeAttribute()
    entity_range_key = UnicodeAttribute()
    expires_at = NumberAttribute()
