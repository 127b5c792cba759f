"""Sessions whose graph grows: what they have in the end, with what each agent has added."""

from collections.abc import Mapping
from typing import Any

from ai_coordination import models
from ai_coordination.models import reads
from tests.api.execution import after, echo, started
from tests.support.graph_api import CALLER, Place

ONCE = {"maxAttempts": 1}


def rows(place: Place) -> list[Any]:
    """All agents of a session, in the order of their ordinals."""
    tenant = CALLER.partition_key
    found = reads.all_rows(models.SessionAgent, place.session, tenant=tenant)
    return sorted(found, key=lambda one: int(one.ordinal))


def stored_session(place: Place) -> models.Session:
    found = reads.get(
        models.Session, place.coordination, place.session, tenant=CALLER.partition_key
    )
    assert found is not None
    return found


def by_parent(place: Place) -> dict[str | None, list[Any]]:
    """The agents by the UUID of the member that has added them; None for those of the start."""
    found: dict[str | None, list[Any]] = {}
    names = {one.ordinal: one.agent_uuid for one in rows(place)}
    for one in rows(place):
        found.setdefault(names.get(one.parent_ordinal), []).append(one)
    return found


def mapped(
    items: str,
    query: str | None = None,
    *,
    each: Mapping[str, Any] | None = None,
    members: list[dict[str, Any]] | None = None,
    **action: Any,
) -> Place:
    """A session of `a`, which says the list, `b`, which is run for each element, and `c`."""
    named = [echo("a"), echo("b"), echo("c")] if members is None else members
    for_each = {"items": "outputs.a", **(each or {})}
    queries = [("a", items), ("c", "Join"), *([] if query is None else [("b", query)])]
    return started(
        named,
        [after("a"), after("b", "a", forEach=for_each, **action), after("c", "b")],
        subtaskQueries=[{"agentUuid": name, "subtaskQuery": text} for name, text in queries],
    )
