"""The queries of session agents."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.fields import Info, text_field, uuid_field
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    paging_arguments,
    unknown_total,
)
from ai_coordination.api.session_agent import (
    SessionAgent,
    SessionAgentConnection,
    SessionAgentFilter,
    agents_of,
)
from ai_coordination.models.reads import Page


class InboxFilter(graphene.InputObjectType):
    """Whose questions: exactly one of these. A question that was claimed is that of the user."""

    mine = graphene.Boolean(
        description="True: those to the calling user, and those that the user has claimed."
    )
    group = text_field("Those to this group that nobody has claimed.")
    assignee = text_field("Those to this user, and those that the user has claimed.")


class SessionAgentQueries:
    """Fields of Query."""

    session_agent = graphene.Field(
        SessionAgent,
        description="The session agent with this UUID. Null if it does not exist.",
        session_uuid=uuid_field("UUID of the session."),
        session_agent_uuid=uuid_field("UUID of the session agent."),
    )
    session_agents = graphene.Field(
        SessionAgentConnection,
        required=True,
        description="The agents of a session, in the order in which they were added.",
        **paging_arguments(
            session_uuid=uuid_field("UUID of the session."),
            filter=SessionAgentFilter(description=fields.FILTER),
        ),
    )
    open_session_agents = graphene.Field(
        SessionAgentConnection,
        required=True,
        description=(
            "The open work of all sessions of the tenant, oldest first. WAITING_FOR_INPUT: agents"
            " that wait for a person's answer (an inbox). IN_PROGRESS: EXTERNAL agents whose result"
            " is to be reported (a work list). With `of`: the questions to a user or a group,"
            " those first whose time for the answer ends first."
        ),
        **paging_arguments(
            state=graphene.Argument(
                enums.SessionAgentState,
                required=True,
                description="WAITING_FOR_INPUT or IN_PROGRESS. No other state is allowed.",
            ),
            coordination_uuid=uuid_field("Only agents of this coordination.", required=False),
            agent_uuid=uuid_field("Only session agents with this `agentUuid`.", required=False),
            task_uuid=uuid_field(
                "Only agents of sessions of this task. A page may have fewer rows than `first`,"
                " although more follow.",
                required=False,
            ),
            of=InboxFilter(
                description="Only questions to a user or a group. The state is WAITING_FOR_INPUT."
            ),
        ),
    )

    @staticmethod
    def resolve_session_agent(
        root: None, info: Info, session_uuid: str, session_agent_uuid: str
    ) -> models.SessionAgent | None:
        return services.session_agent.get(info.context.caller, session_uuid, session_agent_uuid)

    @staticmethod
    def resolve_session_agents(
        root: None, info: Info, session_uuid: str, **arguments: Any
    ) -> Connection:
        context = info.context

        def count(page: Page[models.SessionAgent]) -> int | None:
            # The session's key is not among the arguments. Its agents have it.
            if not page.rows:
                return None if arguments.get("after") else 0
            key = page.rows[0].coordination_uuid, session_uuid
            session = services.session.get(context.caller, *key)
            return None if session is None else int(session.agent_count)

        return agents_of(context, session_uuid, **arguments, count=count)

    @staticmethod
    def resolve_open_session_agents(
        root: None,
        info: Info,
        state: Any,
        first: int | None,
        after: str | None = None,
        coordination_uuid: str | None = None,
        agent_uuid: str | None = None,
        task_uuid: str | None = None,
        of: dict[str, Any] | None = None,
    ) -> Connection:
        caller = info.context.caller
        asked_of = None if of is None else services.open_agents.key_of(caller, state, **of)
        identity = [caller.partition_key, state, coordination_uuid, agent_uuid]
        # Cursors of earlier versions stay valid.
        identity += [task_uuid, asked_of] if task_uuid or asked_of else []
        scope = CursorScope("open", *identity)
        request = scope.page_request(first, after)
        page = services.open_agents.page(
            caller,
            state,
            request,
            coordination_uuid=coordination_uuid,
            agent_uuid=agent_uuid,
            task_uuid=task_uuid,
            asked_of=asked_of,
        )
        range_key = "open_since" if asked_of is None else "asked_order"
        return Connection(page, request, scope, lambda row: getattr(row, range_key), unknown_total)
