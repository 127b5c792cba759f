"""Which thread a run continues."""

from collections.abc import Sequence

from ai_coordination import graph, models


def continued(
    session: models.Session, agent: models.SessionAgent, predecessors: Sequence[models.SessionAgent]
) -> str | None:
    """The thread to continue: along the primary path, and from attempt to attempt."""
    if agent.thread_uuid:
        return str(agent.thread_uuid)
    if agent.thread_from is None:
        return _thread_of_0_1_0(session, agent, predecessors)
    if agent.thread_from == graph.SESSION_THREAD:
        return session.thread_uuid and str(session.thread_uuid)
    threads = [before.thread_uuid for before in predecessors if before.ordinal == agent.thread_from]
    return next((str(thread) for thread in threads if thread), None)


def _thread_of_0_1_0(
    session: models.Session, agent: models.SessionAgent, predecessors: Sequence[models.SessionAgent]
) -> str | None:
    """Agents that version 0.1.0 has written do not store whose thread they continue."""
    if not agent.agent_action.primary_path:
        return None
    along = [before.thread_uuid for before in predecessors if before.agent_action.primary_path]
    return next((str(thread) for thread in [*along, session.thread_uuid] if thread), None)
