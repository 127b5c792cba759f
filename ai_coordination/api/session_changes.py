"""What has moved in a session since a client asked last, in the API."""

import graphene

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.fields import Info, list_field, text_field
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import CursorScope
from ai_coordination.services.session_changes import Changes
from ai_coordination.states import SessionAgentState

MOST_CURSOR_BYTES = 8_000

# Fields of an agent whose attributes are read for the agents that have moved alone.
_TEXTS = frozenset({"agentInput", "agentOutput", "resume", "subtaskQuery", "userInput"})

DESCRIPTION = (
    "What has moved in the session since the answer that gave the cursor `after`. Without `after`:"
    " everything."
)
AFTER = "`cursor` of the last answer for this session."


class SessionChanges(ObjectType):
    """What has moved in a session. Ask again with `cursor` after `pollAfterSeconds`.

    Every agent and run is told in its latest state, at least once. States in between may be left
    out. Of runs that a caller has recorded or deleted, only an answer without `after` tells.
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
    async def resolve_runs(told: "_Told", info: Info) -> list[models.SessionRun]:
        context = info.context
        found: list[models.SessionRun] = await context.run(
            services.session_changes.runs, context.caller, told.session_uuid, told.changes
        )
        return found


class _Told:
    """An answer, in the shape of its type."""

    def __init__(self, changes: Changes, scope: CursorScope, session_uuid: str) -> None:
        self.cursor = scope.sealed(changes.known)
        self.changed = changes.changed
        self.whole = changes.whole
        self.agents = changes.agents
        self.poll_after_seconds = changes.poll_after_seconds
        self.changes = changes
        self.session_uuid = session_uuid


async def _resolve(session: models.Session, info: Info, after: str | None = None) -> _Told:
    context = info.context
    uuid = session.session_uuid
    scope = CursorScope("changes", context.caller.partition_key, uuid)
    known = None if after is None else scope.opened(after, MOST_CURSOR_BYTES)
    whole_session = await fields.load_full(context, session)

    is_final = services.session_changes.is_final(whole_session, known)
    agents = await context.agents_of(whole_session, consistent=is_final)
    try:
        changes = context.memoized(
            ("changes", uuid, known),
            lambda: services.session_changes.since(context.caller, whole_session, agents, known),
        )
    except services.known_agents.Malformed:
        raise scope.foreign() from None
    for agent in changes.agents:
        agent.partial = _needs_more(agent, context.selected)
    return _Told(changes, scope, uuid)


def _needs_more(agent: models.SessionAgent, selected: frozenset[str]) -> bool:
    """Whether fields may be selected whose attributes were not read with all agents."""
    asks = agent.asked_at is not None or agent.state == SessionAgentState.WAITING_FOR_INPUT
    return bool(_TEXTS & selected) or ("ask" in selected and asks)


FIELD = graphene.Field(
    SessionChanges,
    required=True,
    description=DESCRIPTION,
    after=graphene.String(description=AFTER),
    resolver=_resolve,
)
