"""The output of a session whose task has no expression for it."""

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.models import allowance, reads
from ai_coordination.runtimes import joined_outputs


def of_last_agents(caller: Caller, session_uuid: str) -> models.Text | None:
    """Return what the agents without successors have said; of several, the JSON of all.

    Only agents that the session has had from its start count: others lead to these. Raises
    TextUnavailable, Throttled, and QueryTooComplex if they are too large for the request.
    """
    model = models.SessionAgent
    is_last = model.successors.does_not_exist() & model.parent_ordinal.does_not_exist()
    agents = reads.all_rows(model, session_uuid, tenant=caller.partition_key, condition=is_last)
    outputs = [joined_outputs.output_of(agent) for agent in agents]
    if len(outputs) < 2:
        return next(iter(outputs), None)
    # The outputs are joined in memory, so those from the bucket count as what items have.
    size = sum(texts.size(text) for text in outputs if isinstance(text, models.LargeText))
    allowance.charge(min(size, joined_outputs.LARGEST_BYTES))
    return joined_outputs.join(caller.partition_key, agents)
