"""Session agents in the API."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import ask as asks
from ai_coordination.api import enums, fields, heartbeats, neighbours, previews
from ai_coordination.api.agent import Agent, TokenUsage
from ai_coordination.api.agent_action import AgentAction
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    connection_field,
    int_field,
    lazy_text,
    list_field,
    object_field,
    optional_list_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.growths import Growths
from ai_coordination.api.node import Node
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    connection,
)
from ai_coordination.api.session_run import runs_of
from ai_coordination.models.reads import Page

NOTES = "Notes for people: the reason of a failure, or a person's remark. Null if there are none."


class SessionAgent(Growths, ObjectType):
    """One agent in one session: its state, its input and its output."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.SessionAgent,)

    session_uuid = uuid_field("UUID of the session.")
    session_agent_uuid = uuid_field("UUID of the session agent.")
    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    agent_uuid = uuid_field("`agentUuid` of the agent in its coordination.")
    agent_action = graphene.Field(
        AgentAction,
        required=True,
        description="Settings of the agent: timeouts, retries, failure policy and approval.",
    )
    subtask_query = text_field(
        "The work of the agent, with its variables replaced. It is the task query if the agent has"
        " no work of its own. Before the start: as it was given."
    )
    user_input = previews.text_field(asks.USER_INPUT, asks.resolve_user_input)
    agent_input = previews.text_field(
        "The text passed to the agent in its current attempt: its own work, and the outputs of its"
        " predecessors. Each attempt replaces it.",
        lazy_text("agent_input"),
    )
    agent_output = previews.text_field(
        "The result of the agent. Null until it has answered.", lazy_text("agent_output")
    )
    in_degree = int_field(
        "Number of agents that it waits for: its predecessors, and what it has added, as far as"
        " they have not ended."
    )
    state = graphene.Field(enums.SessionAgentState, required=True, description="Current state.")
    notes = text_field(NOTES)
    attempt = int_field(
        "Number of the current attempt, from 1. 0 before the first. A run that was throttled does"
        " not count, so the number goes back by one until the next run."
    )
    usage = graphene.Field(
        TokenUsage,
        description="The sum over the agent's runs that have ended, failed ones included, also over"
        " retries. Null if none has reported any.",
    )
    turn = int_field(asks.TURN)
    ask = graphene.Field(asks.Ask, resolver=asks.resolve_ask, description=asks.ASK)
    resume = asks.RESUME
    heartbeat = heartbeats.FIELD
    deadline_at = time_field(
        "When the current attempt times out, or the time for a person's answer ends. Null if there"
        " is no deadline."
    )
    started_at = time_field(
        "When the agent began in this iteration of the session: its first attempt, or its adding"
        " agents by `forEach`, `repeat` or `taskUuid`. Null until then, and of agents that an"
        " earlier version of the engine started."
    )
    finished_at = time_field(
        "When the agent ended: COMPLETED, FAILED, SKIPPED or CANCELLED. A retry that resets the"
        " agent removes both times."
    )
    version = int_field(fields.VERSION)
    updated_by = text_field(fields.UPDATED_BY)
    created_at = time_field(fields.CREATED_AT, required=True)
    updated_at = time_field(fields.UPDATED_AT, required=True)
    agent = graphene.Field(
        Agent,
        description=(
            "The agent as its coordination defined it when the session started. Null before the"
            " start."
        ),
    )
    current_run = object_field(
        "session_run.SessionRun",
        "The run in progress, or the last one. Reports and answers need its `runUuid`. Null before"
        " the first attempt.",
        required=False,
    )
    session = object_field("session.Session", "The session.")
    coordination = object_field(
        "coordination.Coordination", "The coordination that the session belongs to."
    )
    predecessor_uuids = list_field(
        graphene.ID, "`sessionAgentUuid`s of the agents that must end before this one starts."
    )
    successor_uuids = list_field(
        graphene.ID, "`sessionAgentUuid`s of the agents that start after this one has ended."
    )
    predecessors = connection_field(
        "session_agent.SessionAgentConnection", "Agents that must end before this one starts."
    )
    successors = connection_field(
        "session_agent.SessionAgentConnection", "Agents that start after this one has ended."
    )
    session_runs = connection_field(
        "session_run.SessionRunConnection",
        "Runs of the agent, one for each attempt and each call that was throttled, oldest first.",
    )

    resolve_subtask_query = lazy_text("subtask_query")
    resolve_notes = lazy_text("notes")
    resolve_usage = lazy_text("total_usage")
    resolve_agent = lazy_text("member")
    resolve_started_at = lazy_text("started_at")
    resolve_finished_at = lazy_text("finished_at")
    resolve_turn = asks.resolve_turn
    resolve_predecessor_uuids = neighbours.uuids_resolver("predecessors")
    resolve_successor_uuids = neighbours.uuids_resolver("successors")

    @staticmethod
    async def resolve_agent_action(agent: models.SessionAgent, info: Info) -> models.AgentAction:
        action = agent.agent_action
        is_started = agent.iteration > 0
        if is_started or not (action.timeout_by_kind and fields.selects(info, "timeoutSeconds")):
            return action
        key = info.context.caller.partition_key, agent.coordination_uuid
        coordination = await fields.load_parent(info.context, models.Coordination, *key)
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
        return await fields.load_parent(info.context, models.Session, *key)

    @staticmethod
    async def resolve_coordination(agent: models.SessionAgent, info: Info) -> Any:
        key = info.context.caller.partition_key, agent.coordination_uuid
        return await fields.load_parent(info.context, models.Coordination, *key)

    @staticmethod
    async def resolve_predecessors(
        agent: models.SessionAgent, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await neighbours.page_of(info, agent, "predecessors", first, after)

    @staticmethod
    async def resolve_successors(
        agent: models.SessionAgent, info: Info, first: int | None, after: str | None = None
    ) -> Connection:
        return await neighbours.page_of(info, agent, "successors", first, after)

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


SessionAgentConnection = connection(SessionAgent)


class SessionAgentFilter(graphene.InputObjectType):
    """Filter for agents of a session."""

    state = optional_list_field(enums.SessionAgentState, fields.ANY_OF)
    agent_uuid = uuid_field("Only session agents with this `agentUuid`.", required=False)
    parent_uuid = uuid_field(
        "Only session agents that this one has added, superseded ones included.", required=False
    )
    top_level = graphene.Boolean(
        description="True: only agents without a parent. False: only those with one."
    )


def agents_of(
    context: Context,
    session_uuid: str,
    *,
    first: int | None,
    after: str | None = None,
    filter: dict[str, Any] | None = None,
    count: Callable[[Page[models.SessionAgent]], Any],
) -> Connection:
    """Return a page of a session's agents. `count` returns the number of all of them."""
    filters = {name: value for name, value in (filter or {}).items() if value not in (None, [])}
    scope = CursorScope("agents", context.caller.partition_key, session_uuid, filters)
    request = scope.page_request(first, after)
    page = services.session_agent.page(context.caller, session_uuid, request, **filters)
    return Connection(
        page,
        request,
        scope,
        lambda row: row.session_agent_uuid,
        lambda: None if filters else count(page),
    )
