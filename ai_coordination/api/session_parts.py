"""The parts of a session in the API: entries of its log, and its progress."""

import graphene

from ai_coordination.api import enums
from ai_coordination.api.fields import int_field, text_field, time_field, uuid_field
from ai_coordination.api.objects import ObjectType


class LogEntry(ObjectType):
    """An event of a session, such as its start, a failure or an answer. The last 100 are kept."""

    at = time_field("Time of the event.", required=True)
    level = graphene.Field(enums.LogLevel, required=True, description="Severity.")
    message = text_field("Description of the event, for people.", required=True)
    session_agent_uuid = uuid_field(
        "UUID of the session agent that the event is about. Null for the session itself.",
        required=False,
    )
    run_uuid = uuid_field(
        "UUID of the run that the event is about. Null if it is not about a run.", required=False
    )


class Label(ObjectType):
    """A key and a value by which sessions are found."""

    key = text_field("The key, such as `customer`.", required=True)
    value = text_field("The value, such as `ACME`.", required=True)


class LabelInput(graphene.InputObjectType):
    """A label of a session."""

    key = text_field("1 to 64 of A-Z a-z 0-9 _ . - /", required=True)
    value = text_field("At most 256 characters, on one line.", required=True)


LABELS = "Labels by which the session can be found: at most 10, each with a key of its own."


class SessionProgress(ObjectType):
    """Number of a session's agents in each state, without superseded ones."""

    total = int_field("All agents that the session has now. More may be added while it runs.")
    initial = int_field("Agents that wait for their predecessors or for their next attempt.")
    in_progress = int_field("Agents in progress.")
    waiting_for_input = int_field("Agents that wait for a person's answer.")
    completed = int_field("Agents that have completed.")
    failed = int_field("Agents that have failed.")
    skipped = int_field("Agents that were skipped, after a failure or by a condition.")
    cancelled = int_field("Agents that were cancelled.")
