"""Session agents: one agent's part in a session."""

from typing import Self

from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from ai_coordination import ids, timestamps
from ai_coordination.models.base import Item, Versioned, table_name
from ai_coordination.models.blueprint import Agent, AgentAction
from ai_coordination.models.due_times import DueIndex, HasDueTime
from ai_coordination.models.fast.attributes import (
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from ai_coordination.models.growth import Growth
from ai_coordination.models.texts import TextAttribute
from ai_coordination.models.times import TimeAttribute
from ai_coordination.models.token_usage import HasUsageSum, TokenUsage
from ai_coordination.states import SessionAgentState

# What a list of open work shows: no texts and no sets, because they may be large.
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
    """A tenant's open work by state, oldest first.

    Sparse: an agent has `open_as` (tenant and state) and `open_since` (time and agent) while it
    asks a person or waits for an external worker.
    """

    class Meta:
        index_name = "open"
        projection = IncludeProjection(_LISTED)

    open_as = UnicodeAttribute(hash_key=True)
    open_since = UnicodeAttribute(range_key=True)


class AskedSessionAgents(GlobalSecondaryIndex["SessionAgent"]):
    """The questions to one person or one group of a tenant, by the time when they expire.

    Sparse: an agent has `asked_of` and `asked_order` while its question is to a user
    or a group: the user is its assignee, or has claimed the question.
    """

    class Meta:
        index_name = "asked"
        projection = IncludeProjection(_LISTED)

    asked_of = UnicodeAttribute(hash_key=True)
    asked_order = UnicodeAttribute(range_key=True)


class SessionAgent(HasDueTime, HasUsageSum, Versioned):
    """One agent's part in a session. Edges are ordinals, from which the UUIDs are computed.

    It keeps the sum of what its runs used, also over retries.
    """

    class Meta:
        table_name = table_name("session_agents")

    open = OpenSessionAgents()
    asked = AskedSessionAgents()
    due = DueIndex()

    session_uuid = UnicodeAttribute(hash_key=True)
    session_agent_uuid = UnicodeAttribute(range_key=True)
    coordination_uuid = UnicodeAttribute()
    agent_uuid = UnicodeAttribute()
    member = Agent(attr_name="agent", null=True)
    agent_action = AgentAction()
    ordinal = NumberAttribute()
    iteration = NumberAttribute(default=0)
    predecessors = NumberSetAttribute(null=True)
    successors = NumberSetAttribute(null=True)
    # The successors that have no other predecessor, at the time of the start.
    sole_successors = NumberSetAttribute(null=True)
    # What it waits for: predecessors, order predecessors, and the sinks of its last growth.
    waiting_on = NumberSetAttribute(null=True)
    # The predecessors that were skipped by a condition. If all were, it is skipped too.
    dead = NumberSetAttribute(null=True)
    # Edges that limit how many agents of a growth run at a time. They carry no outputs, and a
    # failure or a skip of the agent before does not matter.
    order_predecessors = NumberSetAttribute(attr_name="after", null=True)
    order_successors = NumberSetAttribute(attr_name="before", null=True)
    # The agent that added this one, which growth of it (from 1), and which element of its list.
    parent_ordinal = NumberAttribute(attr_name="parent", null=True)
    round = NumberAttribute(null=True)
    item_index = NumberAttribute(null=True)
    # How many agents are above it. Absent at the top.
    depth = NumberAttribute(null=True)
    # The task query of the copy of a task that it is part of, if its rules need it.
    task_query = TextAttribute(null=True)
    # The agents that it has added. `grown` counts those growths that its rule made.
    grew = ListAttribute(of=Growth, null=True)
    grown = NumberAttribute(null=True)
    # A large growth is not written completely: its plan. See `engine.agent.growth.grow`.
    growing = TextAttribute(null=True)
    # It has waited for `delay_seconds`, or waits now.
    delayed = BooleanAttribute(null=True)
    # A retry has replaced it. It is no part of the session, except as history.
    superseded = BooleanAttribute(null=True)
    # No agent that was reset with it follows it: the session waits for it.
    is_sink = BooleanAttribute(attr_name="last", null=True)
    # A predecessor's failure policy says that it is skipped once all of them have ended.
    skip_requested = BooleanAttribute(attr_name="skip", null=True)
    subtask_query = TextAttribute(null=True)
    user_input = TextAttribute(null=True)
    agent_input = TextAttribute(null=True)
    agent_output = TextAttribute(null=True)
    notes = TextAttribute(null=True)
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=0)
    current_run_uuid = UnicodeAttribute(null=True)
    thread_uuid = UnicodeAttribute(null=True)
    # The predecessor whose thread it continues, or a constant of `graph`. Planned with the graph;
    # for items of version 0.1.0, which lack it, the claim decides.
    thread_from = NumberAttribute(null=True)
    # 1 if absent. One more after each question that was answered, and each output that was sent
    # back. Attempts count within a turn.
    turn = NumberAttribute(null=True)
    # JSON that the runtime needs to continue with the turn: see `engine.agent.resume`.
    resume = TextAttribute(null=True)
    # Whether the agent asks, or has asked last, a question of its own. Otherwise its output is to
    # be judged, or nothing is asked. Question and form (JSON) stay until the next question.
    asked_question = BooleanAttribute(null=True)
    question = TextAttribute(null=True)
    question_form = TextAttribute(null=True)
    asked_at = UnicodeAttribute(null=True)
    # Whom it asks whenever it asks: a user, or a group. Known from the time it is planned.
    asked_user = UnicodeAttribute(null=True)
    asked_group = UnicodeAttribute(null=True)
    # Only while it asks. The title is that of a question about its output.
    asked_title = UnicodeAttribute(null=True)
    asked_of = UnicodeAttribute(null=True)
    asked_order = UnicodeAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    # What a person said last: `reply` to a question, `user_input` and `choice` about an output. A
    # reply is JSON if the question has a form, and the input if the action has one.
    # `answer_mark` identifies the answer and its run, so that the same answer again is known, also
    # when the agent has asked again since.
    reply = TextAttribute(null=True)
    answer_mark = UnicodeAttribute(null=True)
    approved = BooleanAttribute(null=True)
    choice = UnicodeAttribute(null=True)
    answer_comment = TextAttribute(null=True)
    answered_at = UnicodeAttribute(null=True)
    answered_by = UnicodeAttribute(null=True)
    # A rejected output and the person's remark, until the agent's next output.
    rejected_output = TextAttribute(null=True)
    rejected_because = TextAttribute(null=True)
    # Of the run that has ended last. A completed run is sealed with it.
    usage = TokenUsage(null=True)
    # The part of the agent's sum that is not in the session's sum yet.
    unsettled_usage = TokenUsage(null=True)
    # What it has reserved in the session's budget, and not given back.
    reserved_tokens = NumberAttribute(null=True)
    reserved_nanodollars = NumberAttribute(null=True)
    not_before = UnicodeAttribute(null=True)
    # How often the attempt that is outstanding was throttled, and the first time. Absent otherwise.
    throttles = NumberAttribute(null=True)
    throttled_since = UnicodeAttribute(null=True)
    # Why the attempt before a throttled one failed: the notes say how that one was throttled.
    last_failure = TextAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    lease_owner = UnicodeAttribute(null=True)
    takeovers = NumberAttribute(null=True)
    deadline_at = UnicodeAttribute(null=True)
    # What the runtime needs to find the work that was accepted elsewhere, or waits there for a
    # person's reply, as JSON; and when the engine looks at it. With `poll_at`, a lease is of a
    # worker that polls.
    remote = UnicodeAttribute(null=True)
    poll_at = UnicodeAttribute(null=True)
    # The last sign of life of the current run, and what it said of its progress.
    alive_at = UnicodeAttribute(null=True)
    heartbeat_note = UnicodeAttribute(null=True)
    heartbeat_percent = NumberAttribute(null=True)
    open_as = UnicodeAttribute(null=True)
    open_since = UnicodeAttribute(null=True)
    # When it began in this iteration, if its current run does not say so: see `started_at`.
    began_at = TimeAttribute(attr_name="began", null=True)
    # When it ended. Absent until then, and for what earlier versions ended.
    finished_at = TimeAttribute(attr_name="ended", null=True)
    run_count = NumberAttribute(default=0)
    # Counts the writes that callers can see the effect of, other than update mutations, which
    # `version` counts. 0 if absent.
    change_count = NumberAttribute(attr_name="rev", null=True)

    @classmethod
    def of(cls, item: Item) -> Self:
        """Return the agent that a raw item stores, with `agent_uuid` added to its copies."""
        entity = super().of(item)
        for part in (entity.member, entity.agent_action):
            if part is not None and part.agent_uuid is None:
                part.agent_uuid = entity.agent_uuid
        return entity

    @property
    def total_usage(self) -> TokenUsage | None:
        """The sum over its runs. Earlier versions kept only the usage of the last one."""
        return super().total_usage or self.usage

    @property
    def started_at(self) -> str | None:
        """When it began in this iteration: was claimed first, or added agents. None until then.

        Its first run says so in its UUID. It is stored only once there may be another run, because
        the item of a claimed agent is large, and each KB costs.
        """
        if self.began_at is not None or not self.attempt or self.current_run_uuid is None:
            return None if self.began_at is None else str(self.began_at)
        return timestamps.of_milliseconds(ids.milliseconds_of(self.current_run_uuid))

    @property
    def revision(self) -> int:
        """How often it has changed visibly. It never decreases, unlike times of several clocks."""
        return int(self.version) + int(self.change_count or 0)

    @property
    def in_degree(self) -> int:
        """How many predecessors have not finished: the size of the set, not a counter."""
        return len(self.waiting_on or ())

    @property
    def has_only_dead_predecessors(self) -> bool:
        """Whether it has predecessors, and conditions have skipped all of them."""
        own = self.predecessors or set()
        return bool(own) and own <= (self.dead or set())

    @property
    def input_expression(self) -> str | None:
        """What shapes the agent's own input. With a rule, it is for the agents that are added."""
        return None if self.has_rule else self.agent_action.input

    @property
    def was_skipped_by_condition(self) -> bool:
        """Whether its condition, or those of all its predecessors, and no failure, skipped it."""
        return bool(self.state == SessionAgentState.SKIPPED and not self.skip_requested)

    @property
    def has_rule(self) -> bool:
        """Whether its action lets it add agents before its own turn, if at all."""
        action = self.agent_action
        rules = (action.for_each, action.repeat, action.task_uuid)
        return any(rule is not None for rule in rules)

    @property
    def collects(self) -> bool:
        """Whether nothing is invoked for it: its output is what the agents that it added said."""
        return self.has_rule and self.agent_action.task_uuid is None

    @property
    def last_growth(self) -> Growth | None:
        """The agents that its rule has added last."""
        growths = [growth for growth in self.grew or () if growth.turn is None]
        return growths[-1] if growths else None

    @property
    def parent_uuid(self) -> str | None:
        """The UUID of the agent that has added it."""
        ordinal = self.parent_ordinal
        return None if ordinal is None else ids.session_agent_uuid(self.session_uuid, int(ordinal))

    @property
    def children(self) -> list[int]:
        """The ordinals of the agents that it has added, without superseded ones."""
        return [ordinal for growth in self.grew or () for ordinal in growth.ordinals()]

    @property
    def current_turn(self) -> int:
        """Which turn the agent is in, from 1."""
        return int(self.turn or 1)

    @property
    def has_open_question(self) -> bool:
        """Whether it waits for the reply to a question of its own, and has no output."""
        return bool(self.state == SessionAgentState.WAITING_FOR_INPUT and self.asked_question)


def open_as(partition_key: str, state: str) -> str:
    """Return the key that lists a tenant's open agents of a state."""
    return f"{partition_key}#{state}"


def opened(agent: SessionAgent, state: str, now: str) -> dict[str, str]:
    """What puts an agent into the tenant's list of open work."""
    return {
        "open_as": open_as(agent.partition_key, state),
        "open_since": f"{now}#{agent.session_agent_uuid}",
    }
