"""Tasks: graphs of agents within a coordination."""

from ai_coordination.models.base import Versioned, table_name
from ai_coordination.models.blueprint import AgentActions, SubtaskQuery
from ai_coordination.models.budget import Budget
from ai_coordination.models.fast.attributes import ListAttribute, NumberAttribute, UnicodeAttribute


class Task(Versioned):
    """A graph of agents' actions. It counts its schedules."""

    class Meta:
        table_name = table_name("tasks")

    coordination_uuid = UnicodeAttribute(hash_key=True)
    task_uuid = UnicodeAttribute(range_key=True)
    task_name = UnicodeAttribute()
    task_description = UnicodeAttribute(null=True)
    initial_task_query = UnicodeAttribute(null=True)
    subtask_queries = ListAttribute(of=SubtaskQuery, default=list)
    agent_actions = AgentActions(default=dict)
    # An expression: see `expressions`.
    output = UnicodeAttribute(null=True)
    budget = Budget(null=True)
    schedule_count = NumberAttribute(default=0)
