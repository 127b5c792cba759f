"""Session agents in the API."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.agent import Agent, AgentAction
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    instant,
    large,
    many,
    one,
    page_of,
    several,
    text,
    uuid,
    whole,
)
from ai_coordination.api.node import Node
from ai_coordination.api.pagination import Connection, List, connection, paged, unknown
from ai_coordination.api.session_run import runs_of
from ai_coordination.models.reads import Page


def _uuids(way: str) -> Callable[[models.SessionAgent, Info], Any]:
    """The resolver of one end of an agent's edges, which rows of an index leave out."""

    def shown(agent: models.SessionAgent) -> list[str]:
        return services.session_agent.addresses(agent, getattr(agent, way))

    async def later(agent: models.SessionAgent, info: Info) -> list[str]:
        return shown(await fields.complete(info.context, agent))

    return lambda agent, info: later(agent, info) if agent.partial else shown(agent)


class SessionAgent(graphene.ObjectType):
    """One agent's part in a session, with its state."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.SessionAgent,)

    session_uuid = uuid("The session.")
    session_agent_uuid = uuid("UUID of the object.")
    coordination_uuid = uuid("The coordination of the session.")
    agent_uuid = uuid("The member of the coordination.")
    agent_action = graphene.Field(
        AgentAction,
        required=True,
        description="Rules of the agent: retries, timeouts, failure policy.",
    )
    subtask_query = text("The work of an agent that was added by hand.")
    user_input = text("Text from a person.")
    agent_input = text(
        "The text that the agent is given: its own work and the outputs of its predecessors."
    )
    agent_output = text("Output of the agent.")
    in_degree = whole("Number of predecessors that have not ended.")
    state = graphene.Field(enums.SessionAgentState, required=True, description="Current state.")
    notes = text("Notes for people: the reason of a failure, or a person's remark.")
    attempt = whole("Number of the current attempt. 0 before the first.")
    deadline_at = instant("Deadline of the current attempt, or of the person who is asked.")
    version = whole(fields.VERSION)
    updated_by = text(fields.UPDATED_BY)
    created_at = instant(fields.CREATED_AT, required=True)
    updated_at = instant(fields.UPDATED_AT, required=True)
    agent = graphene.Field(
        Agent, description="The member of the coordination, as it was when the session started."
    )
    current_run = one(
        "session_run.SessionRun",
        "The run in progress, or the last one: its `runUuid` is the token of reports and answers.",
        required=False,
    )
    session = one("session.Session", "The session.")
    coordination = one("coordination.Coordination", "The coordination of the session.")
    predecessor_uuids = many(
        graphene.ID, "`sessionAgentUuid`s of the agents that this one waits for."
    )
    successor_uuids = many(graphene.ID, "`sessionAgentUuid`s of the agents that wait for this one.")
    predecessors = page_of(
        "session_agent.SessionAgentConnection", "Agents that this one waits for."
    )
    successors = page_of("session_agent.SessionAgentConnection", "Agents that wait for this one.")
    session_runs = page_of("session_run.SessionRunConnection", "Its runs, oldest first.")

    resolve_subtask_query = large("subtask_query")
    resolve_user_input = large("user_input")
    resolve_agent_input = large("agent_input")
    resolve_agent_output = large("agent_output")
    resolve_notes = large("notes")
    resolve_agent = large("agent")
    resolve_predecessor_uuids = _uuids("predecessors")
    resolve_successor_uuids = _uuids("successors")

    @staticmethod
    async def resolve_agent_action(agent: models.SessionAgent, info: Info) -> models.AgentAction:
        action = agent.agent_action
        is_started = agent.iteration > 0
        if is_started or not (action.timeout_by_kind and fields.selects(info, "timeoutSeconds")):
            return action
        key = info.context.caller.partition_key, agent.coordination_uuid
        coordination = await fields.parent(info.context, models.Coordination, *key)
        (shown,) = services.agent_rules.with_default_timeouts([action], coordination.agents)
        return shown

    @staticmethod
    async def resolve_current_run(agent: models.SessionAgent, info: Info) -> Any:
        if agent.current_run_uuid is None:
            return None
        key = agent.session_uuid, agent.current_run_uuid
        return await info.context.load(models.SessionRun, *key)

    @staticmethod
    async def resolve_session(agent: models.SessionAgent, info: Info) -> Any:
        key = agent.coordination_uuid, agent.session_uuid
        return await fields.parent(info.context, models.Session, *key)

    @staticmethod
    async def resolve_coordination(agent: models.SessionAgent, info: Info) -> Any:
        key = info.context.caller.partition_key, agent.coordination_uuid
        return await fields.parent(info.context, models.Coordination, *key)

    @staticmethod
    async def resolve_predecessors(
        agent: models.SessionAgent, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await _neighbours(info, agent, "predecessors", first, after)

    @staticmethod
    async def resolve_successors(
        agent: models.SessionAgent, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await _neighbours(info, agent, "successors", first, after)

    @staticmethod
    async def resolve_session_runs(
        agent: models.SessionAgent, info: Info, **arguments: Any
    ) -> Connection:
        return await info.context.run(
            runs_of,
            info.context,
            agent.session_uuid,
            filter={"session_agent_uuid": agent.session_agent_uuid},
            **arguments,
        )


async def _neighbours(
    info: Info, agent: models.SessionAgent, way: str, first: int | None, after: str | None
) -> Connection:
    """A page of the agents that an agent's edges name: their addresses are known."""
    tenant = info.context.caller.partition_key
    place = List(way, tenant, agent.session_uuid, agent.session_agent_uuid)
    wanted = place.wanted(first, after)
    whole = await fields.complete(info.context, agent)
    everyone = services.session_agent.addresses(agent, getattr(whole, way))
    start = 0 if wanted.position is None else bisect_right(everyone, wanted.position)
    chosen = everyone[start : start + wanted.first]
    loaded = [
        info.context.load(models.SessionAgent, agent.session_uuid, address) for address in chosen
    ]
    rows = [row for row in await info.context.all(loaded) if row is not None]
    more = start + wanted.first < len(everyone)
    return Connection(
        Page(rows, more, chosen[-1] if chosen else None),
        wanted,
        place,
        lambda row: row.session_agent_uuid,
        lambda: len(everyone),
    )


SessionAgentConnection = connection(SessionAgent)


class SessionAgentFilter(graphene.InputObjectType):
    """Filter for agents of a session."""

    state = several(
        enums.SessionAgentState, "Matches any of these values. An empty list matches all."
    )
    agent_uuid = uuid("Only those of this member of the coordination.", required=False)


def agents_of(
    context: Context,
    session_uuid: str,
    *,
    first: int | None,
    after: str | None = None,
    filter: dict[str, Any] | None = None,
    count: Callable[[Page[models.SessionAgent]], Any],
) -> Connection:
    """A page of a session's agents. `count` is of all of them."""
    chosen = {name: value for name, value in (filter or {}).items() if value not in (None, [])}
    place = List("agents", context.caller.partition_key, session_uuid, chosen)
    wanted = place.wanted(first, after)
    page = services.session_agent.page(context.caller, session_uuid, wanted, **chosen)
    return Connection(
        page,
        wanted,
        place,
        lambda row: row.session_agent_uuid,
        lambda: None if chosen else count(page),
    )


class SessionAgentQueries:
    """Fields of Query."""

    session_agent = graphene.Field(
        SessionAgent,
        description="An agent of a session, or null.",
        session_uuid=uuid("The session."),
        session_agent_uuid=uuid("UUID of the object."),
    )
    session_agents = graphene.Field(
        SessionAgentConnection,
        required=True,
        description="The agents of a session, in the order they were added.",
        **paged(
            session_uuid=uuid("The session."),
            filter=SessionAgentFilter(description="Filter. Only matching rows are returned."),
        ),
    )
    open_session_agents = graphene.Field(
        SessionAgentConnection,
        required=True,
        description=(
            "Open agents over all sessions of the tenant, oldest first: WAITING_FOR_INPUT,"
            " a person's inbox; IN_PROGRESS, the work list of EXTERNAL agents."
        ),
        **paged(
            state=graphene.Argument(
                enums.SessionAgentState,
                required=True,
                description="WAITING_FOR_INPUT or IN_PROGRESS.",
            ),
            coordination_uuid=uuid("Only agents of this coordination.", required=False),
            agent_uuid=uuid("Only agents that are this member of a coordination.", required=False),
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
            # The session's key is in no argument, only in its agents.
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
    ) -> Connection:
        caller = info.context.caller
        place = List("open", caller.partition_key, state, coordination_uuid, agent_uuid)
        wanted = place.wanted(first, after)
        page = services.session_agent.open_page(
            caller, state, wanted, coordination_uuid=coordination_uuid, agent_uuid=agent_uuid
        )
        return Connection(page, wanted, place, lambda row: row.open_since, unknown)
