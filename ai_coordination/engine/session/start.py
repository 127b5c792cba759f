"""Start a session of a task: write its agents, then turn it IN_PROGRESS as the last write.

If everything fits into one transaction, it is one write. Otherwise the session is written first,
marked, and with the graph that it starts. The agents follow in chunks, which are pinned with the
graph. A chunk is written as a whole or not at all, and only while the session is being started.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import new_agents, planned_agents
from ai_coordination.engine.planning.planned_agents import PlannedAgent
from ai_coordination.engine.session import end, operation
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import PayloadTooLarge, TextUnavailable
from ai_coordination.models import sizes
from ai_coordination.models.writes import MOST_PARTS

# The session, its coordination's count, the task that is checked, and the idempotency key.
MOST_AT_ONCE = MOST_PARTS - 4
# Version 0.1.0 counted agents alone and pinned no chunks: its starts are resumed in these.
CHUNK = MOST_PARTS - 1
# A transaction holds 4 MB. The rest is for the session, and for agents that were pinned by one
# version and are written by another.
MOST_BYTES = 3_000_000


class StartPlan(NamedTuple):
    """The agents that a session starts with: as planned, as items, and the bytes of each item."""

    planned: Sequence[PlannedAgent]
    agents: Sequence[models.SessionAgent]
    sizes: Sequence[int]

    def fits(self, session: models.Session) -> bool:
        """Whether session and agents fit into one transaction."""
        few = len(self.agents) + len(session.labels or ()) <= MOST_AT_ONCE
        return few and sum(self.sizes) + sizes.of_entity(session) <= MOST_BYTES

    def chunks(self) -> list[int]:
        """Return how many agents to write at a time, so that each chunk fits a transaction."""
        return new_agents.chunks(self.sizes, CHUNK, MOST_BYTES)


def plan_start(
    engine: Engine, session: models.Session, planned: Sequence[PlannedAgent], source: str
) -> StartPlan:
    """Build the agents' items. Raises PayloadTooLarge if a text is too large for its item.

    `source` names the input that contains the texts, apart from the task query.
    """
    all_agents = new_agents.build(engine, session, planned)
    measured = [sizes.of_entity(agent) for agent in all_agents]
    for agent, size in zip(all_agents, measured, strict=True):
        if size > sizes.LARGEST_BYTES:
            message = f"{agent.agent_uuid!r} would get more than the {sizes.LARGEST_BYTES} bytes"
            is_task_query = agent.subtask_query == session.task_query
            place = "task_query" if is_task_query else source
            raise PayloadTooLarge(f"{message} of an item", place)
    return StartPlan(planned, all_agents, measured)


def sinks(planned: Sequence[PlannedAgent]) -> set[float]:
    """Return the ordinals of the agents without successors: the session waits for them."""
    return {agent.ordinal for agent in planned if not agent.successors}


def resume(engine: Engine, session: models.Session) -> models.Session | None:
    """Write the agents that are missing, then start the session.

    Returns the started session; None if it was ended instead. If the text of the pinned graph is
    lost, nothing can resume the start, so the session fails.
    """
    try:
        pinned = texts.read(session.partition_key, session.graph)
    except TextUnavailable as missing:
        end.fail_unstarted(engine, session, missing.message)
        return None
    planned, counts = planned_agents.load(pinned)
    all_agents = new_agents.build(engine, session, planned)
    try:
        for chunk in new_agents.cut(all_agents, counts or [CHUNK] * len(all_agents)):
            _put(engine, session, chunk)
    except new_agents.Stopped:
        return None
    return operation.begin_iteration(
        engine,
        session,
        sinks=sinks(planned),
        ready=[agent for agent in all_agents if not agent.waiting_on],
        actions=[models.Session.graph.remove()],
    )


def _put(engine: Engine, session: models.Session, chunk: Sequence[models.SessionAgent]) -> None:
    is_started: Condition = models.Session.operation == Operation.START.value
    new_agents.put(engine, session, chunk, is_started)
