"""Predecessors, successors and children of a session agent.

The agent's item has their ordinals, so their UUIDs are computed without a read. Rows of an index
lack the ordinals: such an agent is loaded first.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from ai_coordination import models, services
from ai_coordination.api import fields
from ai_coordination.api.fields import Info
from ai_coordination.api.pagination import Connection, CursorScope
from ai_coordination.models.reads import Page


def uuids_resolver(direction: str) -> Callable[[models.SessionAgent, Info], Any]:
    """Return a resolver of `predecessorUuids` or `successorUuids`."""

    def resolve(agent: models.SessionAgent) -> list[str]:
        return services.session_agent.addresses(agent, getattr(agent, direction))

    async def resolve_later(agent: models.SessionAgent, info: Info) -> list[str]:
        return resolve(await fields.load_full(info.context, agent))

    return lambda agent, info: resolve_later(agent, info) if agent.partial else resolve(agent)


async def page_of(
    info: Info, agent: models.SessionAgent, direction: str, first: int | None, after: str | None
) -> Connection:
    """Return a page of the agent's `predecessors`, `successors` or `children`.

    An agent that is not written yet, or was deleted, is left out.
    """
    tenant = info.context.caller.partition_key
    scope = CursorScope(direction, tenant, agent.session_uuid, agent.session_agent_uuid)
    request = scope.page_request(first, after)
    full_agent = await fields.load_full(info.context, agent)
    uuids = services.session_agent.addresses(agent, getattr(full_agent, direction))
    start = 0 if request.position is None else bisect_right(uuids, request.position)
    page_uuids = uuids[start : start + request.first]
    loads = [
        info.context.load(models.SessionAgent, agent.session_uuid, uuid) for uuid in page_uuids
    ]
    rows = [row for row in await info.context.all(loads) if row is not None]
    has_next = start + request.first < len(uuids)
    return Connection(
        Page(rows, has_next, page_uuids[-1] if page_uuids else None),
        request,
        scope,
        lambda row: row.session_agent_uuid,
        lambda: len(uuids),
    )
