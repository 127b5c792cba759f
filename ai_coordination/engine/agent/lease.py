"""How long a worker has an agent for itself, and whether it has time enough for the call."""

from datetime import datetime
from typing import NamedTuple

from ai_coordination import models, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.lanes import OtherLane, waits
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionAgentState

LEASE_SECONDS = 60.0
SHORTEST_STEP_SECONDS = 20.0
LEASE_AFTER_WORKER_SECONDS = 30.0
# After so many workers have died with a run, its attempt has failed.
MOST_TAKEOVERS = 3
# With less time left, a worker begins no further step.
SECONDS_OF_A_STEP = 10.0
# What a worker needs after a call to write its result.
SECONDS_TO_WRITE = 5.0
# How long a worker waits for the answer to a poll, within its lease.
POLL_SECONDS = 45.0


class NoTime(Exception):
    """The worker has too little time left to wait for this agent. Another worker has to."""


def check_time(engine: Engine, agent: models.SessionAgent, seconds: float | None = None) -> None:
    """Raise OtherLane if a worker has to wait for the agent, and this worker waits for none.

    Raise NoTime if it has too little time left: it may have used its time for an earlier message.
    It needs so many `seconds`, by default those that the agent has for its answer.
    """
    if not waits(agent):
        return
    if not engine.waits:
        raise OtherLane
    if engine.works_until is None:
        return
    left = _left(engine, engine.works_until)
    wanted = float(seconds or agent.agent_action.timeout_seconds) + SECONDS_TO_WRITE
    if left < min(wanted, engine.enough_seconds):
        raise NoTime(f"{left:.0f} s are left")


def has_time_for_a_step(engine: Engine) -> bool:
    """Whether the worker has enough time left for a step in which it waits for no agent."""
    return engine.works_until is None or _left(engine, engine.works_until) >= SECONDS_OF_A_STEP


class Lease(NamedTuple):
    """How long a worker has an agent for itself, and when another worker looks at the agent."""

    until: str
    due_at: str


def take(engine: Engine, agent: models.SessionAgent, deadline_at: str) -> Lease:
    """Calculate the lease of a worker that claims an agent, or takes it over.

    If the worker waits for the agent's answer, the lease lasts until the attempt's deadline or the
    worker's own end, whichever comes first. Otherwise the step takes no time.

    Another worker looks at the agent when the lease has ended. But most steps end before the due
    time that the agent already has, so this one stays: a change costs two writes to the index. Not
    if the worker waits for an invocation, because then every longer call would be looked at.
    """
    if engine.waits and waits(agent):
        until = _until(engine, timestamps.parse(deadline_at))
        return Lease(until, until)
    return take_briefly(engine, agent)


def take_briefly(engine: Engine, agent: models.SessionAgent) -> Lease:
    """Calculate the lease of a worker that takes an agent for a step, or to poll it."""
    until = _until(engine, None)
    due_at = due_times.existing_or(
        agent,
        until,
        earliest=engine.later(SHORTEST_STEP_SECONDS),
        latest=max(until, engine.after_grace()),
    )
    return Lease(until, due_at)


def _until(engine: Engine, answer_by: datetime | None) -> str:
    if engine.works_until is None:
        return engine.later(LEASE_SECONDS)
    seconds = max(_left(engine, engine.works_until), 0)
    if answer_by is None:
        return engine.later(min(seconds + LEASE_AFTER_WORKER_SECONDS, LEASE_SECONDS))
    seconds = min(seconds, max(_left(engine, answer_by), 0))
    return engine.later(seconds + LEASE_AFTER_WORKER_SECONDS)


def seconds_for(engine: Engine, longest: float) -> float:
    """How long a worker can wait for something that takes so many seconds at most."""
    if engine.works_until is None:
        return longest
    return min(longest, _left(engine, engine.works_until) - SECONDS_TO_WRITE)


def call_seconds(engine: Engine, agent: models.SessionAgent) -> float:
    """How long a worker can wait for the agent's answer and still write it."""
    return seconds_for(engine, _left(engine, timestamps.parse(agent.deadline_at)))


def _left(engine: Engine, moment: datetime) -> float:
    return (moment - engine.context.utc()).total_seconds()


def hold(engine: Engine, agent: models.SessionAgent, at: str) -> None:
    """Make an agent in progress, found before its lease has ended or it is polled, due then."""
    kind = models.SessionAgent
    writes.update_if(
        agent,
        due_times.set_due(kind, agent.session_uuid, outbox.due_at(engine, agent, at)),
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same(kind.lease_until, agent.lease_until)
        & moves.same(kind.poll_at, agent.poll_at)
        & (kind.due_at == agent.due_at),
        engine.context,
    )


def is_out(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether the agent has a worker whose lease has ended."""
    return bool(agent.lease_until) and timestamps.parse(agent.lease_until) <= engine.context.utc()
