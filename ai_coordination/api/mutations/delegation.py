"""The mutation by which an agent delegates work."""

from typing import Any

import graphene

from ai_coordination.api import fields
from ai_coordination.api.agent import TokenUsageInput
from ai_coordination.api.context import Context
from ai_coordination.api.fields import optional_list_field, text_field, uuid_field
from ai_coordination.api.mutations.execution import RUN, SESSION, SESSION_AGENT
from ai_coordination.api.mutations.session_agent import SessionAgentPayload
from ai_coordination.api.scalars import JSON
from ai_coordination.engine import delegation_command


class DelegatedWorkInput(graphene.InputObjectType):
    """One piece of delegated work."""

    agent_uuid = uuid_field("The member that does the work: one of `delegatesTo`.")
    subtask_query = text_field("The work. All pieces together have at most 2 MB.", required=True)
    after = optional_list_field(
        graphene.Int,
        "Positions in the list, from 0, of earlier pieces that end before this one starts. Their"
        " results are part of its input.",
        default_value=[],
    )


class DelegateSessionAgentInput(graphene.InputObjectType):
    """Input of `delegateSessionAgent`."""

    session_uuid = uuid_field(SESSION)
    session_agent_uuid = uuid_field(SESSION_AGENT)
    run_uuid = uuid_field(RUN)
    work = graphene.List(
        graphene.NonNull(DelegatedWorkInput),
        required=True,
        description="The pieces of work, 1 to 100. Those that wait for no other run in parallel.",
    )
    notes = text_field("Why the agent delegates, for people.")
    resume = JSON(
        description=(
            "JSON of at most 2 MB that the agent receives together with the results, to continue."
        )
    )
    usage = TokenUsageInput(description="Tokens of a language model that the run used.")


def _delegate(context: Context, arguments: dict[str, Any]) -> SessionAgentPayload:
    agent = delegation_command.delegate(context.engine, context.caller, **arguments)
    return SessionAgentPayload(session_agent=agent)


class DelegationMutations:
    """Fields of Mutation."""

    delegate_session_agent = fields.mutation_field(
        SessionAgentPayload,
        DelegateSessionAgentInput,
        _delegate,
        "Ends a run with work for other agents. They are added to the session, and when all of them"
        " have ended, the agent runs again with their results. Repeating the delegation is"
        " harmless. In the agent's last turn (`maxTurns`), or if the session would have more than"
        " 1,000 agents, this fails with INVALID_STATE, and so does the agent.",
    )
