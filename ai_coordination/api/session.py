"""Sessions in the API."""

from collections.abc import Callable
from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields
from ai_coordination.api.agent import InputFile, SubtaskQuery
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
from ai_coordination.api.pagination import (
    Connection,
    List,
    connection,
    newest_first,
    paged,
    unknown,
)
from ai_coordination.api.session_agent import SessionAgentFilter, agents_of
from ai_coordination.api.session_run import SessionRunFilter, runs_of
from ai_coordination.models.reads import Page


class LogEntry(graphene.ObjectType):
    """An event of the session itself; the last 100 are kept."""

    at = instant("Time of the event.", required=True)
    level = graphene.Field(enums.LogLevel, required=True, description="Severity.")
    message = text("Description of the event.", required=True)
    session_agent_uuid = uuid("The session agent that the event concerns.", required=False)
    run_uuid = uuid("The run that the event concerns.", required=False)


class SessionProgress(graphene.ObjectType):
    """Number of a session's agents in each state."""

    total = whole("All of them.")
    initial = whole("Agents that wait for their predecessors or for their next attempt.")
    in_progress = whole("Agents in progress.")
    waiting_for_input = whole("Agents that wait for a person's answer.")
    completed = whole("Agents that have completed.")
    failed = whole("Agents that have failed.")
    skipped = whole("Agents that were skipped after a predecessor failed.")
    cancelled = whole("Agents that were cancelled.")


class Session(graphene.ObjectType):
    """One instance of a coordination, in which a task is executed."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Session,)

    coordination_uuid = uuid("The coordination that the session belongs to.")
    session_uuid = uuid("UUID of the object.")
    partition_key = text(fields.PARTITION_KEY, required=True)
    task_uuid = uuid("The task of the session. Null for a session without a task.", required=False)
    schedule_uuid = uuid("The schedule that started it, if one did.", required=False)
    user_id = text("The user on whose behalf the session runs.")
    task_query = text("The task query: text, or a JSON object whose members fill `{variables}`.")
    status = graphene.Field(enums.SessionStatus, required=True, description="Current state.")
    iteration_count = whole(
        "Number of starts: 0 before the start, then 1, and one more for each retry."
    )
    input_files = many(InputFile, "Files that the agents of the session may read.")
    subtask_queries = many(SubtaskQuery, "Subtask queries: the work of each agent.")
    logs = many(LogEntry, "Events of the session itself, oldest first.")
    version = whole(
        "Counts updates of the session itself; its agents' moves do not change it. For"
        " `expectedVersion`."
    )
    updated_by = text(fields.UPDATED_BY)
    created_at = instant(fields.CREATED_AT, required=True)
    updated_at = instant(fields.UPDATED_AT, required=True)
    started_at = instant("Time of the last start or retry.")
    finished_at = instant("Time at which it ended.")
    coordination = one("coordination.Coordination", "The coordination that the session belongs to.")
    task = one(
        "task.Task",
        "The task. Null if the session has none, or if the task was deleted.",
        required=False,
    )
    session_agents = page_of(
        "session_agent.SessionAgentConnection",
        "Its agents, in the order they were added.",
        filter=SessionAgentFilter(description="Filter. Only matching rows are returned."),
    )
    session_runs = page_of(
        "session_run.SessionRunConnection",
        "Its runs, oldest first.",
        filter=SessionRunFilter(description="Filter. Only matching rows are returned."),
    )
    progress = graphene.Field(SessionProgress, description="Number of agents in each state.")
    mermaid = text("The agent graph as a Mermaid flowchart, each agent in the colour of its state.")

    resolve_task_query = large("task_query")
    resolve_input_files = large("input_files")
    resolve_logs = large("logs")

    @staticmethod
    async def resolve_subtask_queries(
        session: models.Session, info: Info
    ) -> list[models.SubtaskQuery]:
        context, uuid = info.context, session.session_uuid
        whole = await fields.complete(context, session)
        if whole.subtask_queries or not whole.graph_size:
            return list(whole.subtask_queries)

        async def read() -> list[models.SubtaskQuery]:
            found: list[models.SubtaskQuery] = await context.run(
                services.session_graph.subtask_queries, context.caller, uuid
            )
            return found

        work: list[models.SubtaskQuery] = await context.once(("work", uuid), read)
        return work

    @staticmethod
    def resolve_status(session: models.Session, info: Info) -> str:
        return services.session.status_of(session)

    @staticmethod
    async def resolve_coordination(session: models.Session, info: Info) -> Any:
        return await _coordination(session, info)

    @staticmethod
    async def resolve_task(session: models.Session, info: Info) -> Any:
        if session.task_uuid is None:
            return None
        return await info.context.load(models.Task, session.coordination_uuid, session.task_uuid)

    @staticmethod
    async def resolve_session_agents(
        session: models.Session, info: Info, **arguments: Any
    ) -> Connection:
        async def count(_: Page[models.SessionAgent]) -> int:
            return int((await fields.complete(info.context, session)).agent_count)

        return await info.context.run(
            agents_of, info.context, session.session_uuid, count=count, **arguments
        )

    @staticmethod
    async def resolve_session_runs(
        session: models.Session, info: Info, **arguments: Any
    ) -> Connection:
        return await info.context.run(runs_of, info.context, session.session_uuid, **arguments)

    @staticmethod
    async def resolve_progress(session: models.Session, info: Info) -> dict[str, int]:
        async def count() -> dict[str, int]:
            return services.session_graph.progress(await info.context.agents_of(session))

        progress: dict[str, int] = await info.context.once(
            ("progress", session.session_uuid), count
        )
        return progress

    @staticmethod
    async def resolve_mermaid(session: models.Session, info: Info) -> str:
        async def draw() -> str:
            agents = await info.context.agents_of(session)
            coordination = await _coordination(session, info)
            names = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
            return services.session_graph.session_diagram(agents, names)

        picture: str = await info.context.once(("picture", session.session_uuid), draw)
        return picture


async def _coordination(session: models.Session, info: Info) -> Any:
    key = info.context.caller.partition_key, session.coordination_uuid
    return await fields.parent(info.context, models.Coordination, *key)


SessionConnection = connection(Session)


class SessionFilter(graphene.InputObjectType):
    """Filter for sessions."""

    status = several(enums.SessionStatus, "Matches any of these values. An empty list matches all.")
    task_uuid = uuid("Only sessions of this task.", required=False)
    user_id = text("Only sessions of this user.")


def sessions_of(
    context: Context,
    coordination_uuid: str | None,
    *,
    first: int | None,
    after: str | None = None,
    newest_first: bool | None = True,
    filter: dict[str, Any] | None = None,
    count: Callable[[], Any] = unknown,
    of_one_coordination: bool = False,
) -> Connection:
    """A page of a coordination's sessions, or of the tenant's. `count` is of all of them.

    `of_one_coordination`: what the filter names has no others. Then the coordination is no filter.
    """
    chosen = {name: value for name, value in (filter or {}).items() if value not in (None, [])}
    newest_first = newest_first is not False
    place = List("sessions", context.caller.partition_key, coordination_uuid, chosen, newest_first)
    wanted = place.wanted(first, after, newest_first)
    read = None if of_one_coordination else coordination_uuid
    page = services.session.page(context.caller, read, wanted, **chosen)
    return Connection(
        page, wanted, place, lambda row: row.session_uuid, unknown if chosen else count
    )


class SessionQueries:
    """Fields of Query."""

    session = graphene.Field(
        Session,
        description="A session, or null.",
        coordination_uuid=uuid("The coordination that the session belongs to."),
        session_uuid=uuid("UUID of the object."),
    )
    sessions = graphene.Field(
        SessionConnection,
        required=True,
        description=(
            "The sessions of a coordination. Without `coordinationUuid`: the tenant's sessions over"
            " all its coordinations."
        ),
        **paged(
            coordination_uuid=uuid("The coordination.", required=False),
            newest_first=newest_first(),
            filter=SessionFilter(description="Filter. Only matching rows are returned."),
        ),
    )

    @staticmethod
    def resolve_session(
        root: None, info: Info, coordination_uuid: str, session_uuid: str
    ) -> models.Session | None:
        return services.session.get(info.context.caller, coordination_uuid, session_uuid)

    @staticmethod
    def resolve_sessions(
        root: None, info: Info, coordination_uuid: str | None = None, **arguments: Any
    ) -> Connection:
        context = info.context

        def count() -> int | None:
            if coordination_uuid is None:
                return None
            found = services.counts.of(context.caller, coordination_uuid)
            return None if found is None else found[1]

        return sessions_of(context, coordination_uuid, count=count, **arguments)
