"""Write the rest of a large growth: the agents that are planned, and not written yet.

Several workers may do that at once. Each chunk is written once, and only while the session is in
progress; or by the worker that ends the session.
"""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine import looks
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.planning import new_agents, planned_agents
from ai_coordination.engine.planning.planned_agents import PlannedAgent
from ai_coordination.errors import EngineError, TextUnavailable
from ai_coordination.models import due_times, moves, reads, writes
from ai_coordination.models.writes import MOST_PARTS
from ai_coordination.states import SessionAgentState, SessionStatus

CHUNK = MOST_PARTS - 1
# A transaction holds 4 MB. The rest is for agents that were pinned by one version and are written
# by another.
MOST_BYTES = 3_000_000


class PlanLost(EngineError):
    """The text that says what is missing of a growth cannot be read."""

    def __init__(self, message: str, session: models.Session) -> None:
        super().__init__(message)
        self.session = session


def may_grow(session: models.Session, agent: models.SessionAgent) -> bool:
    """Whether the session, as it was read, is in progress in the agent's iteration."""
    return (
        session.status == SessionStatus.IN_PROGRESS
        and session.iteration_count == agent.iteration
        and session.operation is None
    )


def chunks(sizes: Sequence[int]) -> list[int]:
    """Return how many agents of these sizes to write at a time."""
    return new_agents.chunks(sizes, CHUNK, MOST_BYTES)


def roots(items: Sequence[models.SessionAgent]) -> list[models.SessionAgent]:
    """Return the agents that may start at once."""
    return [item for item in items if not item.waiting_on]


def resume(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Write what is missing of a large growth. `due_at` is the time in a sweep's message.

    Raises PlanLost if that is not known any longer, and Throttled.
    """
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )
    if session is None or not may_grow(session, agent):
        return
    now = looks.count(engine, agent, due_at)
    if now is None:
        return
    if not now.waiting_on:
        # What leads to it has ended, so all of it was written.
        _forget_plan(engine, now)
        return
    try:
        planned, counts = _load(now)
    except TextUnavailable as lost:
        name = now.member.agent_name
        raise PlanLost(f"{name} cannot add its agents: {lost.message}", session) from lost
    items = new_agents.build(engine, session, planned, int(now.iteration))
    write(engine, session, now, items, counts)


def _load(agent: models.SessionAgent) -> tuple[list[PlannedAgent], list[int]]:
    planned, counts = planned_agents.load(texts.read(agent.partition_key, agent.growing))
    return planned, counts or [CHUNK] * len(planned)


def write(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    items: Sequence[models.SessionAgent],
    counts: Sequence[int],
) -> None:
    """Write the agents of a growth in chunks, in this order, then remove the plan."""
    kind = models.Session
    # A session ends only under a mark, and the worker that ends it first writes the missing agents.
    # So the mark alone would be enough. Status and iteration repeat the rule for the reader.
    in_progress = (
        (kind.status == SessionStatus.IN_PROGRESS.value)
        & (kind.iteration_count == agent.iteration)
        & kind.operation.does_not_exist()
    )
    try:
        for chunk in new_agents.cut(items, counts):
            new_agents.put(engine, session, chunk, in_progress)
    except new_agents.Stopped:
        return
    _forget_plan(engine, agent)
    engine.send(*roots(items))


def _forget_plan(engine: Engine, agent: models.SessionAgent) -> None:
    """All agents of a growth are written. If none is left to wait for, the parent may start.

    It may have been due for long, so its due time begins anew.
    """
    kind = models.SessionAgent
    # Only an INITIAL agent has a plan, so the state alone or the plan alone would be enough. Until
    # the agent grows again it only waits for fewer agents, so the second write need not check that.
    same = (
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & moves.same(kind.grown, agent.grown)
        & moves.same(kind.turn, agent.turn)
        & kind.growing.exists()
    )
    forgotten = kind.growing.remove()
    waits, now = writes.update_if(
        agent,
        [forgotten, *outbox.cleared(agent)],
        same & kind.waiting_on.exists(),
        engine.context,
    )
    if waits or now is None or now.waiting_on:
        return
    at = engine.after_grace()
    landed, now = writes.update_if(
        agent,
        [forgotten, *due_times.set_due(kind, agent.session_uuid, at)],
        same & kind.waiting_on.does_not_exist(),
        engine.context,
    )
    if landed and now is not None:
        engine.send(now)


def write_cancelled(
    engine: Engine, session: models.Session, agent: models.SessionAgent, is_ending: Condition
) -> None:
    """Write what is missing of a growth as cancelled, for a session that ends.

    It is whole otherwise, so a retry can reset it. If the plan is lost, its agents stay missing,
    and the session cannot be retried. `is_ending` is the session's condition.
    """
    try:
        planned, counts = _load(agent)
    except TextUnavailable:
        return
    ended = {
        "state": SessionAgentState.CANCELLED.value,
        "finished_at": engine.now(),
        "due_at": None,
        "due_shard": None,
    }
    items = new_agents.build(engine, session, planned, int(agent.iteration))
    try:
        for chunk in new_agents.cut([item.changed(ended) for item in items], counts):
            new_agents.put(engine, session, chunk, is_ending)
    except new_agents.Stopped:
        return
