"""Coordinations: the blueprints of a tenant."""

from ai_coordination.models.base import Versioned, table_name
from ai_coordination.models.blueprint import Agent
from ai_coordination.models.fast.attributes import ListAttribute, NumberAttribute, UnicodeAttribute


class Coordination(Versioned):
    """A blueprint. ChildCounts counts its children."""

    class Meta:
        table_name = table_name("coordinations")

    partition_key = UnicodeAttribute(hash_key=True)
    coordination_uuid = UnicodeAttribute(range_key=True)
    endpoint_id = UnicodeAttribute()
    part_id = UnicodeAttribute()
    coordination_name = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    coordination_description = UnicodeAttribute(null=True)
    agents = ListAttribute(of=Agent, default=list)
    # Only in items of version 0.1.0, until they are migrated: see `services.counts`.
    task_count = NumberAttribute(null=True)
    session_count = NumberAttribute(null=True)
