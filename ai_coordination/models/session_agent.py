"""Session agents: the state of one agent in a session."""

from typing import Self

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination.models.base import Item, Versioned, table_name
from ai_coordination.models.blueprint import Agent, AgentAction, TokenUsage
from ai_coordination.models.due_times import DueIndex, HasDueTime
from ai_coordination.models.texts import TextAttribute

# What a list of work shows of an agent: no texts, and none of its sets, which may be large. AWS
# changes no projection, so what a question to a person will hold is there already: `turn`, the
# names with `asked_` and `claimed_` are not written yet.
_LISTED = [
    "partition_key",
    "coordination_uuid",
    "agent_uuid",
    "agent_action",
    "ordinal",
    "iteration",
    "state",
    "attempt",
    "turn",
    "current_run_uuid",
    "deadline_at",
    "asked_at",
    "asked_title",
    "asked_user",
    "asked_group",
    "claimed_by",
    "claimed_at",
    "version",
    "updated_by",
    "created_at",
    "updated_at",
]


class OpenSessionAgents(GlobalSecondaryIndex["SessionAgent"]):
    """What is to be done in a tenant, by state, oldest first.

    Sparse: `open_as` (tenant and state) and `open_since` (instant and agent) are there while an
    agent asks a person, or waits for an EXTERNAL worker.
    """

    class Meta:
        index_name = "open"
        projection = IncludeProjection(_LISTED)

    open_as = UnicodeAttribute(hash_key=True)
    open_since = UnicodeAttribute(range_key=True)


class AskedSessionAgents(GlobalSecondaryIndex["SessionAgent"]):
    """What one person or one group of a tenant is asked, by the time that an answer has.

    Sparse; nothing is in it yet. `asked_of` is `{tenant}#u#{user}` or `{tenant}#g#{group}`, and
    `asked_order` is `{due or 9999}#{asked}#{agent}`.
    """

    class Meta:
        index_name = "asked"
        projection = IncludeProjection(_LISTED)

    asked_of = UnicodeAttribute(hash_key=True)
    asked_order = UnicodeAttribute(range_key=True)


class SessionAgent(HasDueTime, Versioned):
    """One agent's part in a session. Edges are ordinals; an ordinal gives the address."""

    class Meta:
        table_name = table_name("session_agents")

    open = OpenSessionAgents()
    asked = AskedSessionAgents()
    due = DueIndex()

    session_uuid = UnicodeAttribute(hash_key=True)
    session_agent_uuid = UnicodeAttribute(range_key=True)
    coordination_uuid = UnicodeAttribute()
    agent_uuid = UnicodeAttribute()
    agent = Agent(null=True)
    agent_action = AgentAction()
    ordinal = NumberAttribute()
    iteration = NumberAttribute(default=0)
    predecessors = NumberSetAttribute(null=True)
    successors = NumberSetAttribute(null=True)
    # Those of its successors that wait for it alone, as the graph was when the session started.
    sole_successors = NumberSetAttribute(null=True)
    waiting_on = NumberSetAttribute(null=True)
    last = BooleanAttribute(null=True)
    skip = BooleanAttribute(null=True)
    subtask_query = TextAttribute(null=True)
    user_input = TextAttribute(null=True)
    agent_input = TextAttribute(null=True)
    agent_output = TextAttribute(null=True)
    notes = TextAttribute(null=True)
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=0)
    current_run_uuid = UnicodeAttribute(null=True)
    thread_uuid = UnicodeAttribute(null=True)
    # The predecessor whose thread it continues, or a constant of `graph`: planned with the graph.
    # Without it, in items of 0.1.0, the claim chooses.
    thread_from = NumberAttribute(null=True)
    # A rejected answer and what was said of it, until the agent has answered anew.
    rejected_output = TextAttribute(null=True)
    rejected_because = TextAttribute(null=True)
    usage = TokenUsage(null=True)
    not_before = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    lease_owner = UnicodeAttribute(null=True)
    takeovers = NumberAttribute(null=True)
    deadline_at = UnicodeAttribute(null=True)
    open_as = UnicodeAttribute(null=True)
    open_since = UnicodeAttribute(null=True)
    run_count = NumberAttribute(default=0)

    @classmethod
    def of(cls, item: Item) -> Self:
        """The agent that a raw item holds, whose copies do not say whose they are."""
        entity = super().of(item)
        for part in (entity.agent, entity.agent_action):
            if part is not None and part.agent_uuid is None:
                part.agent_uuid = entity.agent_uuid
        return entity

    @property
    def in_degree(self) -> int:
        """How many predecessors have not finished: the size of the set, never a counter."""
        return len(self.waiting_on or ())


def open_as(partition_key: str, state: str) -> str:
    """The key under which a tenant's open agents of a state are listed."""
    return f"{partition_key}#{state}"


def opened(agent: SessionAgent, state: str, now: str) -> dict[str, str]:
    """What puts an agent into the tenant's list of open work."""
    return {
        "open_as": open_as(agent.partition_key, state),
        "open_since": f"{now}#{agent.session_agent_uuid}",
    }
