"""What is stored, and ways to put it into states that only execution reaches."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pynamodb.expressions.update import Action

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.local.embedded import running
from ai_coordination.models import reads
from ai_coordination.services.agent_rules import build_action
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, refusal

E = TypeVar("E", bound=models.Entity)


def put_state(kind: type[E], hash_key: str, range_key: str, **attributes: Any) -> None:
    """Set attributes of an item without the services. None removes one."""
    known = kind.get_attributes()
    actions: list[Action] = [
        known[name].remove() if value is None else known[name].set(value)
        for name, value in attributes.items()
    ]
    kind(hash_key, range_key).update(actions, condition=kind.partition_key.exists())


def stored(kind: type[E], hash_key: str, range_key: str) -> E:
    """Return the item under the key. The test fails if there is none."""
    return kind.get(hash_key, range_key, consistent_read=True)


def everything_stored() -> dict[str, list[Any]]:
    """Return every item of every table of embedded AWS."""
    database = running().database
    return {name: database.items(name) for name in database.names()}


def refused(name: str, given: Mapping[str, Any], caller: Caller = CALLER) -> dict[str, Any]:
    """Return the extensions of a mutation's error, and check that nothing was written."""
    before = everything_stored()
    extensions = refusal(name, given, caller)
    assert everything_stored() == before
    return extensions


def put_agents(coordination_uuid: str, session_uuid: str, ordinals: Iterable[int]) -> list[str]:
    """Agents with these ordinals, without edges, as a start would number them: their uuids."""
    now = SYSTEM.now()
    agents = [
        models.SessionAgent(
            session_uuid=session_uuid,
            session_agent_uuid=ids.session_agent_uuid(session_uuid, ordinal),
            coordination_uuid=coordination_uuid,
            partition_key=CALLER.partition_key,
            agent_uuid="rag",
            agent_action=build_action("rag", [], {}, 0),
            ordinal=ordinal,
            state="initial",
            created_at=now,
            updated_at=now,
        )
        for ordinal in ordinals
    ]
    for agent in agents:
        agent.save()
    session = stored(models.Session, coordination_uuid, session_uuid)
    count = int(session.agent_count) + len(agents)
    put_state(models.Session, coordination_uuid, session_uuid, agent_count=count)
    return [agent.session_agent_uuid for agent in agents]


def as_of_0_1_0(
    coordination_uuid: str, task_uuid: str | None = None, caller: Caller = CALLER
) -> None:
    """A coordination as version 0.1.0 has left it, which counts its children itself; and a task."""
    key = models.ChildCounts, coordination_uuid, "tenant"
    (counted,) = reads.batch_get([key], tenant=caller.partition_key, context=SYSTEM)
    put_state(
        models.Coordination,
        caller.partition_key,
        coordination_uuid,
        task_count=counted.task_count,
        session_count=counted.session_count,
    )
    counted.delete()
    if task_uuid is not None:
        models.ChildCounts(task_uuid, coordination_uuid).delete()
