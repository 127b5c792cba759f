"""The parts of coordinations and tasks: members, actions, subtask queries."""

from typing import Any, TypeVar

from pynamodb.constants import MAP

from ai_coordination.models.fast.attributes import (
    BooleanAttribute,
    FastAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from ai_coordination.models.fast.item_encoder import encode_map
from ai_coordination.models.texts import TextAttribute


class AgentRuntime(MapAttribute[Any, Any]):
    """How the engine reaches an agent.

    `parameters` are stored as JSON text, so they are returned exactly as given. If they are large,
    `kept_parameters` names the text that holds all of them, and `parameters` has only those that
    the engine itself reads: see `services.members`.
    """

    kind = UnicodeAttribute()
    target = UnicodeAttribute(null=True)
    parameters = JSONAttribute(null=True)
    kept_parameters = TextAttribute(null=True)


class Agent(MapAttribute[Any, Any]):
    """A member of a coordination: a logical reference to an agent that runs elsewhere."""

    agent_uuid = UnicodeAttribute(null=True)
    agent_name = UnicodeAttribute()
    agent_description = UnicodeAttribute(null=True)
    runtime = AgentRuntime()


P = TypeVar("P", bound=MapAttribute[Any, Any])


def anonymous(part: P) -> P:
    """Return a copy without `agent_uuid` and `position`, for the item of a single agent."""
    kept = {**part.attribute_values, "agent_uuid": None}
    if "position" in kept:
        kept["position"] = 0  # The default, which is not stored.
    # Its constructor would set one after the other, each a default before.
    copy = type(part).__new__(type(part))
    copy.attribute_values = kept
    return copy


class RetryPolicy(MapAttribute[Any, Any]):
    """Attempts of an agent, and the seconds between them."""

    max_attempts = NumberAttribute()
    interval_seconds = NumberAttribute()
    backoff_rate = NumberAttribute()


_USUAL_RETRY = RetryPolicy(max_attempts=3, interval_seconds=1.0, backoff_rate=2.0)


class AskRule(MapAttribute[Any, Any]):
    """How an agent asks a person about its output. `AgentAction.user_in_the_loop` has the kind."""

    title = UnicodeAttribute(null=True)
    # One of them, or neither. They may have variables of the task query.
    assignee = UnicodeAttribute(null=True)
    group = UnicodeAttribute(null=True)
    # JSON text: the schema of the reply.
    form = TextAttribute(null=True)
    options = ListAttribute(of=UnicodeAttribute, default=list)
    # JSON text: what counts as the answer if nobody has answered in time.
    default_answer = UnicodeAttribute(attr_name="default", null=True)
    on_timeout = UnicodeAttribute(default="fail")
    on_rejection = UnicodeAttribute(default="fail")

    def serialize(self, values: Any, *, null_check: bool = True) -> dict[str, Any]:
        """Return only what differs from its default."""
        stored = encode_map(self, values, null_check=null_check)
        return {name: value for name, value in stored.items() if _USUAL_ASK.get(name) != value}


_USUAL_ASK = MapAttribute.serialize(AskRule(), AskRule())


class ForEach(MapAttribute[Any, Any]):
    """Run an agent, or a copy of a task, once for each element of a list."""

    items = UnicodeAttribute()
    max_concurrency = NumberAttribute(null=True)
    tolerated_failures = NumberAttribute(null=True)


class Repeat(MapAttribute[Any, Any]):
    """Run an agent, or a copy of a task, until a condition holds."""

    until = UnicodeAttribute()
    max_rounds = NumberAttribute(default=3)


class AgentAction(MapAttribute[Any, Any]):
    """One agent's settings in a task: its place in the graph and its rules.

    Default values are not stored, because each agent of each session has a copy. So the defaults
    here are part of the stored format and must not change.
    """

    agent_uuid = UnicodeAttribute(null=True)
    predecessors = ListAttribute(of=UnicodeAttribute, default=list)
    primary_path = BooleanAttribute(default=True)
    user_in_the_loop = UnicodeAttribute(null=True)
    timeout_seconds = NumberAttribute(default=300)
    # No timeout was given, so a start sets the default of the runtime's kind. Absent in 0.1.0.
    timeout_by_kind = BooleanAttribute(null=True)
    answer_timeout_seconds = NumberAttribute(null=True)
    heartbeat_seconds = NumberAttribute(null=True)
    retry = RetryPolicy(default=lambda: _USUAL_RETRY)
    on_failure = UnicodeAttribute(default="fail_session")
    max_turns = NumberAttribute(default=10)
    # Expressions, as they were written: see `expressions`.
    when = UnicodeAttribute(null=True)
    input = UnicodeAttribute(null=True)
    # A JSON Schema as text.
    output_schema = TextAttribute(null=True)
    delay_seconds = NumberAttribute(default=0)
    for_each = ForEach(null=True)
    repeat = Repeat(null=True)
    # The task that is run in place of the agent.
    task_uuid = UnicodeAttribute(null=True)
    # The members to which the agent may delegate.
    delegates_to = ListAttribute(of=UnicodeAttribute, default=list)
    ask = AskRule(null=True)
    position = NumberAttribute(default=0)

    def serialize(self, values: Any, *, null_check: bool = True) -> dict[str, Any]:
        """Return only the rules that differ from their defaults."""
        stored = encode_map(self, values, null_check=null_check)
        return {name: rule for name, rule in stored.items() if USUAL.get(name) != rule}


USUAL = MapAttribute.serialize(AgentAction(), AgentAction())

# Not in the class, where pynamodb would take it for an attribute of the map.
_ELEMENT = AgentAction()


class AgentActions(FastAttribute[dict[str, AgentAction]]):
    """Actions by agent uuid. A DynamoDB map has no order, so `position` stores it."""

    attr_type = MAP

    def serialize(self, value: dict[str, AgentAction]) -> dict[str, Any]:
        return {uuid: {MAP: _ELEMENT.serialize(action)} for uuid, action in value.items()}

    def deserialize(self, value: dict[str, Any]) -> dict[str, AgentAction]:
        actions = [_ELEMENT.deserialize(item[MAP]) for item in value.values()]
        return {action.agent_uuid: action for action in sorted(actions, key=lambda a: a.position)}


class SubtaskQuery(MapAttribute[Any, Any]):
    """One piece of work for one agent."""

    agent_uuid = UnicodeAttribute()
    subtask_query = TextAttribute()
    session_agent_uuid = UnicodeAttribute(null=True)
