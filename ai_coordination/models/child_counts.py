"""A small item next to each coordination and task, for creating their children."""

from ai_coordination.models.base import Entity, table_name
from ai_coordination.models.fast.attributes import NumberAttribute, UnicodeAttribute


class ChildCounts(Entity):
    """How many children a coordination has. A task has such an item too, which counts nothing.

    It is created and deleted together with its parent. So a child is created on condition that this
    item exists, which costs the same however large the parent is. `within` is the coordination's
    UUID for a task, and the word `tenant` for a coordination.
    """

    class Meta:
        table_name = table_name("child_counts")

    parent_uuid = UnicodeAttribute(hash_key=True)
    within = UnicodeAttribute(range_key=True)
    task_count = NumberAttribute(default=0)
    session_count = NumberAttribute(default=0)
