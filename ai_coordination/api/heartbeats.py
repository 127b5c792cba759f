"""Signs of life of a run, as the API shows and takes them."""

import graphene

from ai_coordination import models
from ai_coordination.api import fields
from ai_coordination.api.fields import Info, text_field, time_field, uuid_field
from ai_coordination.api.objects import ObjectType

NOTE = "What the agent is doing, for people: one line of 1 to 256 characters."
PERCENT = "How much of the work is done, 0 to 100."


class Heartbeat(ObjectType):
    """A sign of life of a run."""

    at = time_field("When the run last showed a sign of life.", required=True)
    note = text_field(f"{NOTE} Null: it did not say.")
    percent = graphene.Int(description=f"{PERCENT} Null: it did not say.")


async def _resolve(agent: models.SessionAgent, info: Info) -> Heartbeat | None:
    """Return the last sign of life of an agent's current run."""
    whole = await fields.load_full(info.context, agent)
    if whole.alive_at is None:
        return None
    return Heartbeat(at=whole.alive_at, note=whole.heartbeat_note, percent=whole.heartbeat_percent)


FIELD = graphene.Field(
    Heartbeat,
    description="The last sign of life of the current run. Null if there was none.",
    resolver=_resolve,
)


class HeartbeatSessionAgentInput(graphene.InputObjectType):
    """Input of `heartbeatSessionAgent`."""

    session_uuid = uuid_field("UUID of the session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")
    run_uuid = uuid_field("UUID of the run, from `currentRun` or the agent's payload.")
    note = text_field(f"{NOTE} Replaces the last one.")
    percent = graphene.Int(description=f"{PERCENT} Replaces the last one.")
