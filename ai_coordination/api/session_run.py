"""Session runs in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
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
from ai_coordination.api.pagination import (
    Connection,
    CursorScope,
    connection,
    paging_arguments,
    unknown_total,
)


class SessionRun(graphene.ObjectType):
    """One execution step. Written when the step starts, sealed once when it ends, never changed;
    `threadUuid` and `asyncTaskUuid` may be set once while it is open.
    """

    class Meta:
        interfaces = (Node,)
        possible_types = (models.SessionRun,)

    session_uuid = uuid_field("The session.")
    run_uuid = uuid_field("UUID of the run. It is the token of reports and answers.")
    partition_key = text_field(fields.PARTITION_KEY, required=True)
    thread_uuid = uuid_field("Thread (conversation) that the run belongs to.", required=False)
    agent_uuid = uuid_field("The member of the coordination that ran.")
    coordination_uuid = uuid_field("The coordination of the session.")
    async_task_uuid = uuid_field(
        "Identifier of the work in the external system that does it.", required=False
    )
    session_agent_uuid = uuid_field("The session agent that ran.", required=False)
    attempt = int_field("Number of the attempt, from 1.")
    outcome = graphene.Field(enums.RunOutcome, description="Outcome. Null while the run is open.")
    output = text_field("Output of the run.")
    notes = text_field("Notes for people, such as the reason of a failure.")
    usage = graphene.Field(TokenUsage, description="Tokens of a language model that the run used.")
    updated_by = text_field("The verified caller who recorded it, or `engine`.")
    created_at = time_field("Time at which it started.", required=True)
    finished_at = time_field("Time at which it ended.")
    session = object_field("session.Session", "The session.")
    session_agent = object_field(
        "session_agent.SessionAgent", "The session agent that ran.", required=False
    )
    coordination = object_field("coordination.Coordination", "The coordination of the session.")

    resolve_output = lazy_text("output")
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

    agent_uuid = uuid_field("Only those of this member of the coordination.", required=False)
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
        description="A run, or null.",
        session_uuid=uuid_field("The session."),
        run_uuid=uuid_field("UUID of the object."),
    )
    thread_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description=(
            "A conversation: the runs of a thread, oldest first. A run that began its thread is"
            " among them once `acceptSessionAgent` has named the thread, or the run has ended."
        ),
        **paging_arguments(thread_uuid=uuid_field("Name of the thread.")),
    )
    session_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description="The runs of a session, oldest first.",
        **paging_arguments(
            session_uuid=uuid_field("The session."),
            filter=SessionRunFilter(description="Filter. Only matching rows are returned."),
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
