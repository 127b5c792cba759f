"""What has moved in a session since a client asked last, in the API."""

from typing import Any

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.context import Context
from ai_coordination.api.fields import Info, list_field, text_field
from ai_coordination.api.pagination import CursorScope
from ai_coordination.services.session_changes import Changes

MOST_CURSOR_BYTES = 8_000

# Fields of an agent whose attributes are read for the agents that have moved alone.
_OF_WHOLE_AGENTS = frozenset(
    {
        "agent",
        "agentAction",
        "agentInput",
        "agentOutput",
        "ask",
        "resume",
        "subtaskQuery",
        "userInput",
    }
)

DESCRIPTION = (
    "What has moved in the session since the answer that gave the cursor `after`. Without `after`:"
    " everything."
)
AFTER = "`cursor` of the last answer for this session."


class SessionChanges(graphene.ObjectType):
    """What has moved in a session. Ask again with `cursor` after `pollAfterSeconds`.

    Every agent and run is told in its latest state, at least once. States in between may be left
    out. Of runs that a caller has recorded, only an answer without `after` has all.
    """

    cursor = text_field("Pass it as `after` to learn what has moved since.", required=True)
    changed = graphene.Boolean(
        required=True,
        description="False: neither the session nor an agent or a run of it has moved.",
    )
    whole = graphene.Boolean(
        required=True,
        description=(
            "Whether `agents` and `runs` are all there are: forget any others. True without"
            " `after`, and after an agent was deleted."
        ),
    )
    agents = list_field(
        "ai_coordination.api.session_agent.SessionAgent",
        "Agents that were added or have moved, superseded ones included, in the order in which they"
        " were added.",
    )
    runs = list_field(
        "ai_coordination.api.session_run.SessionRun",
        "Runs that have begun or ended, oldest first.",
    )
    poll_after_seconds = graphene.Float(
        description=(
            "When to ask again: the longer nothing moves, the later, up to 15 s. Null: the session"
            " has ended, and nothing will move unless it is retried."
        )
    )

    @staticmethod
    async def resolve_agents(told: "_Told", info: Info) -> list[models.SessionAgent]:
        return told.agents

    @staticmethod
    async def resolve_runs(told: "_Told", info: Info) -> list[models.SessionRun]:
        return await _runs(info.context, told)


class _Told:
    """An answer, in the shape of its type."""

    def __init__(self, changes: Changes, scope: CursorScope, session_uuid: str) -> None:
        self.cursor = scope.sealed(changes.known)
        self.changed = changes.changed
        self.whole = changes.whole
        self.agents = changes.agents
        self.runs_of = changes.runs_of
        self.poll_after_seconds = changes.poll_after_seconds
        self.session_uuid = session_uuid


async def _resolve(session: models.Session, info: Info, after: str | None = None) -> _Told:
    context = info.context
    uuid = session.session_uuid
    scope = CursorScope("changes", context.caller.partition_key, uuid)
    known = None if after is None else scope.opened(after, MOST_CURSOR_BYTES)
    whole_session = await fields.load_full(context, session)

    async def read() -> Changes:
        changes: Changes = await context.run(
            services.session_changes.since, context.caller, whole_session, known
        )
        return changes

    try:
        changes = await context.once(("changes", uuid, known), read)
    except services.known_agents.Malformed:
        raise scope.foreign() from None
    is_partial = bool(_OF_WHOLE_AGENTS & context.selected)
    for agent in changes.agents:
        agent.partial = is_partial
    return _Told(changes, scope, uuid)


FIELD = graphene.Field(
    SessionChanges,
    required=True,
    description=DESCRIPTION,
    after=graphene.String(description=AFTER),
    resolver=_resolve,
)


async def _runs(context: Context, told: _Told) -> list[models.SessionRun]:
    """Return the runs that may have begun or ended."""
    if told.whole:
        runs: list[models.SessionRun] = await context.run(
            services.session_changes.all_runs, context.caller, told.session_uuid
        )
        return runs
    chains = await context.all(_chain(context, agent, most) for agent, most in told.runs_of)
    by_uuid = {run.run_uuid: run for chain in chains for run in chain}
    return [by_uuid[uuid] for uuid in sorted(by_uuid)]


async def _chain(context: Context, agent: models.SessionAgent, most: int) -> list[Any]:
    """Return the latest runs of an agent, at most so many, as far as they are stored."""
    runs: list[models.SessionRun] = []
    uuid = agent.current_run_uuid
    while uuid is not None and len(runs) < most:
        run = await context.load(models.SessionRun, agent.session_uuid, uuid)
        if run is None:
            break
        runs.append(run)
        uuid = run.previous_run_uuid
    return runs
