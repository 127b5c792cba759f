"""A small item beside each coordination and task, which creating a child needs."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from ai_coordination.models.base import Entity, table_name


class ChildCounts(Entity):
    """How many children a coordination has. A task has one too, which counts nothing.

    It is created and deleted with its parent. So its existence is the parent's, and a child is
    created on condition of it, at the same cost however large the parent is. `within` is the
    coordination of a task, and `tenant` of a coordination.
    """

    class Meta:
        table_name = table_name("child_counts")

    parent_uuid = UnicodeAttribute(hash_key=True)
    within = UnicodeAttribute(range_key=True)
    task_count = NumberAttribute(default=0)
    session_count = NumberAttribute(default=0)
