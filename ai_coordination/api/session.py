"""Sessions in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import enums, fields, previews, session_changes, session_output
from ai_coordination.api.agent import InputFile, SubtaskQuery, TokenUsage
from ai_coordination.api.budget import Budget
from ai_coordination.api.fields import (
    Info,
    connection_field,
    int_field,
    lazy_text,
    list_field,
    object_field,
    text_field,
    time_field,
    uuid_field,
)
from ai_coordination.api.node import Node
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import Connection
from ai_coordination.api.session_agent import SessionAgentFilter, agents_of
from ai_coordination.api.session_parts import Label, LogEntry, SessionProgress
from ai_coordination.api.session_run import SessionRunFilter, runs_of
from ai_coordination.models.reads import Page

TASK_QUERY = (
    "The work of the whole session: a text, or a JSON object whose members replace `{variables}` in"
    " the subtask queries."
)


class Session(ObjectType):
    """One execution of a graph of agents, usually started from a task."""

    class Meta:
        interfaces = (Node,)
        possible_types = (models.Session,)

    coordination_uuid = uuid_field("UUID of the coordination that the session belongs to.")
    session_uuid = uuid_field("UUID of the session.")
    partition_key = text_field(fields.PARTITION_KEY, required=True)
    task_uuid = uuid_field(
        "UUID of the task that the session was started from. Null if it has none.", required=False
    )
    schedule_uuid = uuid_field(
        "UUID of the schedule that started the session. Null if a caller did.", required=False
    )
    coordination_name = text_field(
        "Name of the coordination at the time of the start. Null before the start."
    )
    task_name = text_field(
        "Name of the task at the time of the start. Null before the start, and without a task."
    )
    labels = list_field(Label, "Labels by which the session can be found, as its creator set them.")
    user_id = text_field("The user for whom the session runs. Null if none was named.")
    task_query = previews.text_field(TASK_QUERY, lazy_text("task_query"))
    status = graphene.Field(enums.SessionStatus, required=True, description="Current status.")
    iteration_count = int_field(
        "How often the session was started: 0 before the start, then 1, and 1 more with each retry."
    )
    input_files = list_field(InputFile, "Files that the agents of the session may read.")
    subtask_queries = list_field(
        SubtaskQuery,
        "The work of each agent. After a start from a task the variables are replaced.",
    )
    logs = list_field(
        LogEntry,
        "Events of the session as a whole, oldest first: why it failed or was cancelled, and that"
        " it was started again. At most 100: later ones are left out.",
    )
    version = int_field(
        "Number of the current version. Each change of the session's own fields adds one; changes"
        " of its agents do not. Pass it as `expectedVersion`."
    )
    updated_by = text_field(fields.UPDATED_BY)
    created_at = time_field(fields.CREATED_AT, required=True)
    updated_at = time_field(fields.UPDATED_AT, required=True)
    started_at = time_field("Time of the last start or retry. Null before the start.")
    finished_at = time_field("Time at which the session ended. Null until then.")
    deadline_at = time_field(
        "When the session fails because its time is over. Null if its budget has no seconds, and"
        " before the start."
    )
    budget = graphene.Field(Budget, description="What the session may spend. Null: no limit.")
    output = session_output.FIELD
    usage = graphene.Field(
        TokenUsage,
        description=(
            "The sum over the session's runs, also over retries. What an agent used is added when"
            " the agent has ended or asks a person. Null if no run has reported any."
        ),
    )
    dollars = graphene.Float(
        description=(
            "What the session's runs have cost, by the prices that the deployment configured when"
            " they ended. It is added together with `usage`. Null if no price was known."
        )
    )
    coordination = object_field(
        "coordination.Coordination", "The coordination that the session belongs to."
    )
    task = object_field(
        "task.Task",
        "The task that the session was started from. Null if it has none, or if it was deleted.",
        required=False,
    )
    session_agents = connection_field(
        "session_agent.SessionAgentConnection",
        "Agents of the session, in the order in which they were added.",
        filter=SessionAgentFilter(description=fields.FILTER),
    )
    session_runs = connection_field(
        "session_run.SessionRunConnection",
        "Runs of the session, oldest first.",
        filter=SessionRunFilter(description=fields.FILTER),
    )
    changes = session_changes.FIELD
    progress = graphene.Field(SessionProgress, description="Number of agents in each state.")
    mermaid = text_field(
        "The agent graph as a Mermaid flowchart. The colour of an agent shows its state. What an"
        " agent has added is a group before it; more than 50 agents at once are one box with the"
        " number in each state."
    )

    resolve_input_files = lazy_text("input_files")
    resolve_logs = lazy_text("logs")
    resolve_deadline_at = lazy_text("time_ends_at")
    resolve_budget = lazy_text("budget")
    resolve_usage = lazy_text("total_usage")
    resolve_dollars = lazy_text("dollars")

    @staticmethod
    async def resolve_subtask_queries(
        session: models.Session, info: Info
    ) -> list[models.SubtaskQuery]:
        context = info.context
        full_session = await fields.load_full(context, session)
        if full_session.subtask_queries or not full_session.graph_size:
            return list(full_session.subtask_queries)
        # A session started from a task stores them in its graph, not in its item.
        agents = await context.agents_of(session)
        queries: list[models.SubtaskQuery] = context.memoized(
            ("work", session.session_uuid),
            lambda: services.session_graph.subtask_queries(agents),
        )
        return queries

    @staticmethod
    def resolve_labels(session: models.Session, info: Info) -> list[models.Label]:
        return list(session.labels or ())

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
            return int((await fields.load_full(info.context, session)).agent_count)

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
        if (final := services.session_graph.final_progress(session)) is not None:
            return final

        async def count() -> dict[str, int]:
            agents = await info.context.agents_of(session)
            return services.session_graph.progress(services.session_graph.present(agents))

        progress: dict[str, int] = await info.context.once(
            ("progress", session.session_uuid), count
        )
        return progress

    @staticmethod
    async def resolve_mermaid(session: models.Session, info: Info) -> str:
        async def draw() -> str:
            agents = services.session_graph.present(await info.context.agents_of(session))
            coordination = await _coordination(session, info)
            names = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
            return services.diagrams.of_session(agents, names)

        picture: str = await info.context.once(("picture", session.session_uuid), draw)
        return picture


async def _coordination(session: models.Session, info: Info) -> Any:
    key = info.context.caller.partition_key, session.coordination_uuid
    return await fields.load_parent(info.context, models.Coordination, *key)
