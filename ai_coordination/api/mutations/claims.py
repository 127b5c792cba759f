"""The mutations by which a person claims a question, and releases it again."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api import fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import uuid_field
from ai_coordination.api.mutations.execution import SESSION
from ai_coordination.api.mutations.session_agent import SessionAgentPayload
from ai_coordination.engine import claim_commands

SESSION_AGENT = "UUID of the session agent that waits for an answer."
RUN = "`runUuid` of the run that ended with the question: that of `currentRun`."


class ClaimSessionAgentInput(graphene.InputObjectType):
    """Input of `claimSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)


class ReleaseSessionAgentInput(graphene.InputObjectType):
    """Input of `releaseSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)


def _on_question(
    command: Callable[..., models.SessionAgent],
) -> Callable[[Context, dict[str, Any]], SessionAgentPayload]:
    def resolve(context: Context, arguments: dict[str, Any]) -> SessionAgentPayload:
        agent = command(context.engine, context.caller, **arguments)
        return SessionAgentPayload(session_agent=agent)

    return resolve


class ClaimMutations:
    """Fields of Mutation."""

    claim_session_agent = fields.mutation_field(
        SessionAgentPayload,
        ClaimSessionAgentInput,
        _on_question(claim_commands.claim),
        "Claims the question of an agent for the calling user: until it is released, nobody else"
        " can answer. Repeating the claim is harmless. Fails with INVALID_STATE if another user has"
        " claimed it, whom the message names, and with FORBIDDEN if the question is to others. The"
        " deadline for the answer stays.",
    )
    release_session_agent = fields.mutation_field(
        SessionAgentPayload,
        ReleaseSessionAgentInput,
        _on_question(claim_commands.release),
        "Releases a question that the calling user has claimed. A question that nobody has claimed"
        " is returned as it is. Fails with INVALID_STATE if another user has claimed it. A service"
        " of the tenant can release each claim.",
    )
