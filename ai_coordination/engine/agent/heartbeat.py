"""Signs of life: a run that was accepted, and is silent for `heartbeat_seconds`, has failed.

A run shows a sign of life when it is accepted, and by each heartbeat. One that the engine polls
shows one with each poll, so its silence is not measured. Nor is it while a worker waits for the
agent's answer: then there is a lease.

A heartbeat leaves the due time where it is, because a change costs two writes to the index. When
the agent is found due, its due time is set anew. So it moves once in `heartbeat_seconds`, however
many heartbeats there are.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ai_coordination import models, timestamps
from ai_coordination.engine import metrics
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionAgentState

NOTES = "No sign of life for {:g} s"


def signs(engine: Engine, agent: models.SessionAgent) -> Mapping[str, Any]:
    """What notes that a run has just been accepted or polled, if its silence counts."""
    if agent.agent_action.heartbeat_seconds is None:
        return {}
    return {"alive_at": engine.now()}


def silent_at(agent: models.SessionAgent) -> str | None:
    """When an accepted run will have been silent for too long. None if its silence does not count.

    The agent has no lease, or is about to lose it.
    """
    seconds = agent.agent_action.heartbeat_seconds
    if seconds is None or agent.alive_at is None or agent.poll_at is not None:
        return None
    return timestamps.to_text(timestamps.parse(agent.alive_at) + timedelta(seconds=float(seconds)))


def is_silent(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether an agent in progress without a lease has been silent for too long."""
    at = silent_at(agent)
    return at is not None and at <= engine.now()


def note(
    engine: Engine, agent: models.SessionAgent, notes: str | None, percent: int | None
) -> models.SessionAgent | None:
    """Note a sign of life of the run that was read. Returns None if it was refused.

    Then the run is over, or it was accepted or polled since it was read.
    """
    kind = models.SessionAgent
    now = engine.now()
    changes = {"alive_at": now, "heartbeat_note": notes, "heartbeat_percent": percent}
    actions = [
        getattr(kind, name).remove() if value is None else getattr(kind, name).set(value)
        for name, value in changes.items()
    ]
    actions.append(kind.change_count.add(1))
    condition = (
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & moves.in_time(now)
        & moves.same(kind.lease_until, agent.lease_until)
        & moves.same(kind.poll_at, agent.poll_at)
    )
    at = None if agent.lease_until else silent_at(agent.changed({"alive_at": now}))
    if at is not None and (agent.due_at is None or agent.due_at > at):
        # The first sign of life of a run that nobody has accepted.
        actions += due_times.set_due(kind, agent.session_uuid, at)
    landed, after = writes.update_if(agent, actions, condition, engine.context)
    if not landed:
        return None
    metrics.showed_life()
    return after
