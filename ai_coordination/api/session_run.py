"""Session runs in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.agent import TokenUsage
from ai_coordination.api.context import Context
from ai_coordination.api.fields import Info, instant, large, one, text, uuid, whole
from ai_coordination.api.node import Node
from ai_coordination.api.pagination import Connection, List, connection, paged, unknown


class SessionRun(graphene.ObjectType):
    """One execution step. Written when the step starts, sealed once when it ends, never changed;
    `threadUuid` and `asyncTaskUuid` may be set once while it is open.
    """

    class Meta:
        interfaces = (Node,)
        possible_types = (models.SessionRun,)

    session_uuid = uuid("The session.")
    run_uuid = uuid("UUID of the run. It is the token of reports and answers.")
    partition_key = text(fields.PARTITION_KEY, required=True)
    thread_uuid = uuid("Thread (conversation) that the run belongs to.", required=False)
    agent_uuid = uuid("The member of the coordination that ran.")
    coordination_uuid = uuid("The coordination of the session.")
    async_task_uuid = uuid(
        "Identifier of the work in the external system that does it.", required=False
    )
    session_agent_uuid = uuid("The session agent that ran.", required=False)
    attempt = whole("Number of the attempt, from 1.")
    outcome = graphene.Field(enums.RunOutcome, description="Outcome. Null while the run is open.")
    output = text("Output of the run.")
    notes = text("Notes for people, such as the reason of a failure.")
    usage = graphene.Field(TokenUsage, description="Tokens of a language model that the run used.")
    updated_by = text("The verified caller who recorded it, or `engine`.")
    created_at = instant("Time at which it started.", required=True)
    finished_at = instant("Time at which it ended.")
    session = one("session.Session", "The session.")
    session_agent = one("session_agent.SessionAgent", "The session agent that ran.", required=False)
    coordination = one("coordination.Coordination", "The coordination of the session.")

    resolve_output = large("output")
    resolve_notes = large("notes")

    @staticmethod
    async def resolve_session(run: models.SessionRun, info: Info) -> Any:
        key = run.coordination_uuid, run.session_uuid
        return await fields.parent(info.context, models.Session, *key)

    @staticmethod
    async def resolve_session_agent(run: models.SessionRun, info: Info) -> Any:
        if run.session_agent_uuid is None:
            return None
        key = run.session_uuid, run.session_agent_uuid
        return await info.context.load(models.SessionAgent, *key)

    @staticmethod
    async def resolve_coordination(run: models.SessionRun, info: Info) -> Any:
        key = info.context.caller.partition_key, run.coordination_uuid
        return await fields.parent(info.context, models.Coordination, *key)


SessionRunConnection = connection(SessionRun)


class SessionRunFilter(graphene.InputObjectType):
    """Filter for runs of a session."""

    agent_uuid = uuid("Only those of this member of the coordination.", required=False)
    thread_uuid = uuid("Only runs of this thread.", required=False)
    session_agent_uuid = uuid("Only runs of this session agent.", required=False)


def runs_of(
    context: Context,
    session_uuid: str,
    *,
    first: int | None,
    after: str | None = None,
    filter: dict[str, Any] | None = None,
) -> Connection:
    """A page of a session's runs. Their number is counted nowhere: it is on the hot path."""
    chosen = {name: value for name, value in (filter or {}).items() if value is not None}
    place = List("runs", context.caller.partition_key, session_uuid, chosen)
    wanted = place.wanted(first, after)
    page = services.session_run.page(context.caller, session_uuid, wanted, **chosen)
    return Connection(page, wanted, place, lambda row: row.run_uuid, unknown)


class SessionRunQueries:
    """Fields of Query."""

    session_run = graphene.Field(
        SessionRun,
        description="A run, or null.",
        session_uuid=uuid("The session."),
        run_uuid=uuid("UUID of the object."),
    )
    thread_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description=(
            "A conversation: the runs of a thread, oldest first. A run that began its thread is"
            " among them once `acceptSessionAgent` has named the thread, or the run has ended."
        ),
        **paged(thread_uuid=uuid("Name of the thread.")),
    )
    session_runs = graphene.Field(
        SessionRunConnection,
        required=True,
        description="The runs of a session, oldest first.",
        **paged(
            session_uuid=uuid("The session."),
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
        place = List("thread", caller.partition_key, thread_uuid)
        wanted = place.wanted(first, after)
        page = services.session_run.thread_page(caller, thread_uuid, wanted)
        return Connection(page, wanted, place, lambda row: row.run_uuid, unknown)

    @staticmethod
    def resolve_session_runs(
        root: None, info: Info, session_uuid: str, **arguments: Any
    ) -> Connection:
        return runs_of(info.context, session_uuid, **arguments)
