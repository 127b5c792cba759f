"""The output of a session in the API."""

from typing import Any

from ai_coordination import models, services
from ai_coordination.api import fields, previews
from ai_coordination.api.fields import Info
from ai_coordination.states import SessionStatus


async def _resolve(session: models.Session, info: Info) -> Any:
    """Return the stored value, or read what the last agents said."""
    if session.status != SessionStatus.COMPLETED:
        return None
    full_session = await fields.load_full(info.context, session)
    if full_session.output_expression is not None:
        return full_session.output

    async def read() -> models.Text | None:
        read: models.Text | None = await info.context.run(
            services.session_output.of_last_agents, info.context.caller, session.session_uuid
        )
        return read

    return await info.context.once(("output", session.session_uuid), read)


FIELD = previews.text_field(
    "The result of the session: a text, or JSON as text. It is the value of the task's `output` or,"
    " without one, what the agents without successors said: of one agent, its output; of several, a"
    " JSON object with the output of each under its `agentUuid`. Null until the session has"
    " completed.",
    _resolve,
)
