"""What coordinations and tasks say about agents: members, actions, subtask queries."""

from typing import Any, TypeVar

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import MAP

from ai_coordination.models.texts import TextAttribute


class AgentRuntime(MapAttribute[Any, Any]):
    """How the engine reaches an agent. `parameters` are stored as JSON text, so they come back
    exactly as they were given.

    Where they are large, `kept_parameters` says where all of them are, and `parameters` holds only
    those that the engine itself looks at: see `services.members`.
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
    """A copy without `agent_uuid` and `position`, for an item that is one agent's own."""
    kept = {**part.attribute_values, "agent_uuid": None}
    if "position" in kept:
        kept["position"] = 0  # The default, which is not stored.
    return type(part)(**kept)


class RetryPolicy(MapAttribute[Any, Any]):
    """Attempts of an agent, and the seconds between them."""

    max_attempts = NumberAttribute()
    interval_seconds = NumberAttribute()
    backoff_rate = NumberAttribute()


_USUAL_RETRY = RetryPolicy(max_attempts=3, interval_seconds=1.0, backoff_rate=2.0)


class AgentAction(MapAttribute[Any, Any]):
    """What one agent does in a task: its place in the graph and its rules.

    What is as usual is not stored, since each agent of each session has a copy. So these defaults
    are what items without them mean, and stay.
    """

    agent_uuid = UnicodeAttribute(null=True)
    predecessors = ListAttribute(of=UnicodeAttribute, default=list)
    primary_path = BooleanAttribute(default=True)
    user_in_the_loop = UnicodeAttribute(null=True)
    timeout_seconds = NumberAttribute(default=300)
    # None was given: a start sets the one of its member's kind. Version 0.1.0 stored none of this.
    timeout_by_kind = BooleanAttribute(null=True)
    answer_timeout_seconds = NumberAttribute(null=True)
    retry = RetryPolicy(default=lambda: _USUAL_RETRY)
    on_failure = UnicodeAttribute(default="fail_session")
    position = NumberAttribute(default=0)

    def serialize(self, values: Any, *, null_check: bool = True) -> dict[str, Any]:
        """The rules that are not as usual."""
        stored = super().serialize(values, null_check=null_check)
        return {name: rule for name, rule in stored.items() if USUAL.get(name) != rule}


USUAL = MapAttribute.serialize(AgentAction(), AgentAction())

# Outside of the class: inside it pynamodb would take it for an attribute of the map.
_ELEMENT = AgentAction()


class AgentActions(Attribute[dict[str, AgentAction]]):
    """Actions by agent uuid. A DynamoDB map keeps no order: `position` does."""

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


class InputFile(MapAttribute[Any, Any]):
    """A file that agents of a session may read where it lies."""

    name = UnicodeAttribute()
    uri = UnicodeAttribute()
    media_type = UnicodeAttribute(null=True)


class LogEntry(MapAttribute[Any, Any]):
    """An event of a session."""

    at = UnicodeAttribute()
    level = UnicodeAttribute()
    message = UnicodeAttribute()
    session_agent_uuid = UnicodeAttribute(null=True)
    run_uuid = UnicodeAttribute(null=True)


class TokenUsage(MapAttribute[Any, Any]):
    """What a run used of a language model."""

    input_tokens = NumberAttribute()
    output_tokens = NumberAttribute()
