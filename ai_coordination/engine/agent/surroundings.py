"""Read what a step of an agent needs, apart from the agent itself."""

from collections.abc import Collection
from typing import Any, TypeGuard

from ai_coordination import ids, models
from ai_coordination.engine.context import Engine
from ai_coordination.models import reads
from ai_coordination.states import SessionAgentState, SessionStatus

# An agent may follow a thousand others.
BATCHES_AT_ONCE = 8


def read(
    engine: Engine, agent: models.SessionAgent
) -> tuple[models.Session | None, list[models.SessionAgent]]:
    """Read an agent's session and the agents that it follows now, as they are, in one call.

    An agent whose rule has added others follows those that it added last.
    """
    session, *others = _read(engine, agent, _followed(agent), with_session=True)
    return session, [other for other in others if other is not None]


def is_in_progress(
    session: models.Session | None, agent: models.SessionAgent
) -> TypeGuard[models.Session]:
    """Whether the agent's session is in progress, in the agent's iteration."""
    return (
        session is not None
        and session.status == SessionStatus.IN_PROGRESS
        and session.iteration_count == agent.iteration
    )


def successor(
    engine: Engine, agent: models.SessionAgent, ordinal: int
) -> tuple[models.Session | None, models.SessionAgent | None]:
    """Read an agent's session and one agent that follows it, as they are, in one call."""
    session, after = _read(engine, agent, [ordinal], with_session=True)
    return session, after


def _followed(agent: models.SessionAgent) -> Collection[float]:
    growth = agent.last_growth
    if growth is not None:
        return growth.sink_ordinals()
    if agent.has_rule and (agent.grown or agent.state == SessionAgentState.IN_PROGRESS):
        # Its list was empty.
        return ()
    return agent.predecessors or ()


def predecessors(engine: Engine, agent: models.SessionAgent) -> list[models.SessionAgent]:
    """Read an agent's own predecessors, also if it has added agents since."""
    return numbered(engine, agent, agent.predecessors or ())


def numbered(
    engine: Engine, agent: models.SessionAgent, ordinals: Collection[float]
) -> list[models.SessionAgent]:
    """Read agents of the same session, in the order of their ordinals."""
    return [other for other in _read(engine, agent, ordinals) if other is not None]


def _read(
    engine: Engine,
    agent: models.SessionAgent,
    ordinals: Collection[float],
    *,
    with_session: bool = False,
) -> list[Any]:
    keys: list[reads.Key] = [
        (
            models.SessionAgent,
            agent.session_uuid,
            ids.session_agent_uuid(agent.session_uuid, int(ordinal)),
        )
        for ordinal in sorted(ordinals)
    ]
    if with_session:
        keys.insert(0, (models.Session, agent.coordination_uuid, agent.session_uuid))
    return reads.batch_get(
        keys, tenant=agent.partition_key, context=engine.context, at_once=BATCHES_AT_ONCE
    )
