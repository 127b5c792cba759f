"""Session runs in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields, previews
from ai_coordination.api.agent import TokenUsage
from ai_coordination.api.context import Context
from ai_coordination.api.fields import (
    Info,
    int_field,
    lazy_text,
    object_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.node import Node
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    connection,
    paging_arguments,
    unknown_total,
)

ASYNC_TASK = "Identifier of the work in the external system that does it. Null if there is none."


class SessionRun(ObjectType):
    """The record of one attempt of an agent, or of a call that was throttled and does not count as
    an attempt. It is created when the attempt starts, and sealed when it ends. Afterwards it never
    changes. While it is open, `threadUuid` and `asyncTaskUuid` may be set once.
    """

    class Meta:
        interfaces = (Node,)
        possible_types = (models.SessionRun,)

    session_uuid = uuid_field("UUID of the session.")
    run_uuid = uuid_field("UUID of the run. Reports and answers must name it.")
    partition_key = text_field(fields.PARTITION_KEY, required=True)
    thread_uuid = uuid_field(
        "Name of the thread (conversation) that the run belongs to. Null if it is not known yet.",
        required=False,
    )
    agent_uuid = uuid_field("`agentUuid` of the agent that ran.")
    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    async_task_uuid = uuid_field(ASYNC_TASK, required=False)
    session_agent_uuid = uuid_field(
        "UUID of the session agent that ran. Null for a run recorded without one.", required=False
    )
    attempt = int_field(
        "Number of the attempt, from 1. The run after one that was throttled has the same number."
    )
    turn = int_field("Number of the agent's turn, from 1. Attempts count within a turn.")
    iteration = int_field(
        "The session's `iterationCount` when the run started. Null for a run that a caller has"
        " recorded, and for one of an earlier version of the engine.",
        required=False,
    )
    outcome = graphene.Field(enums.RunOutcome, description="Outcome. Null while the run is open.")
    output = previews.text_field(
        "The result, or the question that ended the run; of a failed attempt, an output that did"
        " not fit the action's `outputSchema`. Null if there is none.",
        lazy_text("output"),
    )
    notes = text_field("Notes for people, such as the reason of a failure. Null if there are none.")
    usage = graphene.Field(
        TokenUsage,
        description="Tokens of a language model that the run used. Null if it was not reported.",
    )
    updated_by = text_field("The verified caller who recorded the run, or `engine`.")
    created_at = time_field("Time at which the run started.", required=True)
    finished_at = time_field("Time at which the run ended. Null while it is open.")
    session = object_field("session.Session", "The session.")
    session_agent = object_field(
        "session_agent.SessionAgent",
        "The session agent that ran. Null for a run recorded without one, or if it was deleted.",
        required=False,
    )
    coordination = object_field(
        "coordination.Coordination", "The coordination that the session belongs to."
    )

    @staticmethod
    def resolve_turn(run: models.SessionRun, info: Info) -> int:
        return int(run.turn or 1)

    resolve_notes = lazy_text("notes")

    @staticmethod
    async def resolve_session(run: models.SessionRun, info: Info) -> Any:
        key = run.coordination_uuid, run.session_uuid
        return await fields.load_parent(info.context, models.Session, *key)

    @staticmethod
    async def resolve_session_agent(run: models.SessionRun, info: Info) -> Any:
        if run.session_agent_uuid is None:
            return None
        key = run.session_uuid, run.session_agent_uuid
        return await info.context.load(models.SessionAgent, *key)

    @staticmethod
    async def resolve_coordination(run: models.SessionRun, info: Info) -> Any:
        key = info.context.caller.partition_key, run.coordination_uuid
        return await fields.load_parent(info.context, models.Coordination, *key)


SessionRunConnection = connection(SessionRun)


class SessionRunFilter(graphene.InputObjectType):
    """Filter for runs of a session."""

    agent_uuid = uuid_field("Only runs of agents with this `agentUuid`.", required=False)
    thread_uuid = uuid_field("Only runs of this thread.", required=False)
    session_agent_uuid = uuid_field("Only runs of this session agent.", required=False)


def runs_of(
    context: Context,
    session_uuid: str,
    *,
    first: int | None,
    after: str | None = None,
    filter: dict[str, Any] | None = None,
) -> Connection:
    """Return a page of a session's runs.

    It has no total: counting runs would add a write to each attempt.
    """
    filters = {name: value for name, value in (filter or {}).items() if value is not None}
    scope = CursorScope("runs", context.caller.partition_key, session_uuid, filters)
    request = scope.page_request(first, after)
    page = services.session_run.page(context.caller, session_uuid, request, **filters)
    return Connection(page, request, scope, lambda row: row.run_uuid, unknown_total)


class SessionRunQueries:
    """Fields of Query."""

    session_run = graphene.Field(
        SessionRun,
        description="The run with this UUID. Null if it does not exist.",
        session_uuid=uuid_field("UUID of the session."),
        run_uuid=uuid_field("UUID of the run."),
    )
    thread_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description=(
            "The runs of a thread (conversation), oldest first. The run that starts a thread is"
            " listed after `acceptSessionAgent` has named the thread, or after the run has ended."
        ),
        **paging_arguments(thread_uuid=uuid_field("Name of the thread.")),
    )
    session_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description="The runs of a session, oldest first.",
        **paging_arguments(
            session_uuid=uuid_field("UUID of the session."),
            filter=SessionRunFilter(description=fields.FILTER),
        ),
    )

    @staticmethod
    def resolve_session_run(
        root: None, info: Info, session_uuid: str, run_uuid: str
    ) -> models.SessionRun | None:
        return services.session_run.get(info.context.caller, session_uuid, run_uuid)

    @staticmethod
    def resolve_thread_runs(
        root: None, info: Info, thread_uuid: str, first: int | None, after: str | None = None
    ) -> Connection:
        caller = info.context.caller
        scope = CursorScope("thread", caller.partition_key, thread_uuid)
        request = scope.page_request(first, after)
        page = services.session_run.thread_page(caller, thread_uuid, request)
        return Connection(page, request, scope, lambda row: row.run_uuid, unknown_total)

    @staticmethod
    def resolve_session_runs(
        root: None, info: Info, session_uuid: str, **arguments: Any
    ) -> Connection:
        return runs_of(info.context, session_uuid, **arguments)
