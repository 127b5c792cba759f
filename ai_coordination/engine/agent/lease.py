"""How long a worker has an agent for itself, and whether it has time enough for the call."""

from datetime import datetime

from ai_coordination import models, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import OtherLane, waits
from ai_coordination.models import due_times, writes
from ai_coordination.states import SessionAgentState

LEASE_SECONDS = 60.0
SHORTEST_STEP_SECONDS = 20.0
LEASE_AFTER_WORKER_SECONDS = 30.0
# What a worker needs after a call to write its result.
SECONDS_TO_WRITE = 5.0
# What part of a worker's whole time is enough for an agent that may take longer.
ENOUGH = 0.5


class NoTime(Exception):
    """The worker has too little time left to wait for this agent: another one has to."""


def check_time(engine: Engine, agent: models.SessionAgent) -> None:
    """Raises OtherLane where this worker waits for no agent.

    Raises NoTime: of several messages a worker may have used its time for the first.
    """
    if not waits(agent):
        return
    if not engine.waits:
        raise OtherLane
    if engine.works_until is None:
        return
    left = _left(engine, engine.works_until)
    wanted = float(agent.agent_action.timeout_seconds) + SECONDS_TO_WRITE
    if left < min(wanted, ENOUGH * engine.works_seconds):
        raise NoTime(f"{left:.0f} s are left")


def until(engine: Engine, agent: models.SessionAgent, deadline_at: str) -> str:
    """When the claim of a worker ends, unless what has come of it is written by then.

    A worker may wait for an agent's answer until the attempt's end or its own, whichever comes
    first; else it is through in no time.
    """
    if engine.works_until is None:
        return engine.later(LEASE_SECONDS)
    seconds = max(_left(engine, engine.works_until), 0)
    if not waits(agent):
        return engine.later(min(seconds + LEASE_AFTER_WORKER_SECONDS, LEASE_SECONDS))
    seconds = min(seconds, max(_left(engine, timestamps.parse(deadline_at)), 0))
    return engine.later(seconds + LEASE_AFTER_WORKER_SECONDS)


def call_seconds(engine: Engine, agent: models.SessionAgent) -> float:
    """How long a worker can wait for the agent's answer and still write it."""
    left = _left(engine, timestamps.parse(agent.deadline_at))
    if engine.works_until is None:
        return left
    return min(left, _left(engine, engine.works_until) - SECONDS_TO_WRITE)


def _left(engine: Engine, moment: datetime) -> float:
    return (moment - engine.context.utc()).total_seconds()


def looked_for_at(engine: Engine, agent: models.SessionAgent, lease_until: str) -> str:
    """When a claimed agent is looked for: at its lease's end.

    Most steps are over before the time at which their message would have been missed. It stays,
    unless the worker waits for the agent: then a call that takes its time would be found.
    """
    if waits(agent):
        return lease_until
    return due_times.existing_or(
        agent,
        lease_until,
        earliest=engine.later(SHORTEST_STEP_SECONDS),
        latest=max(lease_until, engine.after_grace()),
    )


def hold(engine: Engine, agent: models.SessionAgent) -> None:
    """An agent in progress that was found before its lease has ended is looked for then."""
    kind = models.SessionAgent
    writes.update_if(
        agent,
        due_times.set_due(kind, agent.session_uuid, agent.lease_until),
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & (kind.lease_until == agent.lease_until)
        & (kind.due_at == agent.due_at),
        engine.context,
    )


def is_out(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether the agent had a worker, whose lease has ended."""
    return bool(agent.lease_until) and timestamps.parse(agent.lease_until) <= engine.context.utc()
