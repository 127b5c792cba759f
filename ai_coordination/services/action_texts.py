"""Store the long settings of a task's actions: schemas of outputs, and forms.

Each agent of each session has a copy of its action. So what exceeds a kilobyte is a large text that
the coordination owns, and the copies only reference it. It is deleted with the coordination, not
when the task changes or is deleted: sessions may still use it.
"""

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.services.members import LARGEST_PARAMETERS_BYTES


def pending_of(caller: Caller, coordination_uuid: str) -> texts.PendingTexts:
    """Return where texts are collected, to be written when the coordination is known to exist."""
    return texts.PendingTexts(texts.Owner(caller.partition_key, coordination_uuid))


def compact(pending: texts.PendingTexts, action: models.AgentAction) -> models.AgentAction:
    """Return the action as items store it, with its long settings moved to `pending`."""
    schema = pending.stored_form(action.output_schema, LARGEST_PARAMETERS_BYTES)
    ask = action.ask
    if ask is not None:
        form = pending.stored_form(ask.form, LARGEST_PARAMETERS_BYTES)
        ask = models.AskRule(**{**ask.attribute_values, "form": form})
    return models.AgentAction(**{**action.attribute_values, "output_schema": schema, "ask": ask})
