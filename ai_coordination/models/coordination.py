"""Coordinations: the blueprints of a tenant."""

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from ai_coordination.models.agent import Agent
from ai_coordination.models.base import Versioned, table_name


class Coordination(Versioned):
    """A blueprint. It counts its children, so that a delete is one conditional write."""

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
    task_count = NumberAttribute(default=0)
    session_count = NumberAttribute(default=0)
