"""The output of a session whose task has no expression for it."""

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from ai_coordination.runtimes import joined_outputs


def of_last_agents(caller: Caller, session_uuid: str) -> models.Text | None:
    """Return what the agents without successors have said; of several, the JSON of all.

    Only agents that the session has had from its start count: others lead to these. Raises
    TextUnavailable, Throttled.
    """
    model = models.SessionAgent
    is_last = model.successors.does_not_exist() & model.parent_ordinal.does_not_exist()
    agents = reads.all_rows(model, session_uuid, tenant=caller.partition_key, condition=is_last)
    if not agents:
        return None
    if len(agents) == 1:
        return joined_outputs.output_of(agents[0])
    return joined_outputs.join(caller.partition_key, agents)
