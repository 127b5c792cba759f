"""Metrics of sessions and agents. Each event is counted once, by the worker whose write landed."""

from ai_coordination import ids, models, telemetry, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.states import TERMINAL_AGENT, SessionStatus
from ai_coordination.states import SessionAgentState as State


def session_started() -> None:
    """Count the start of a session, or of its next iteration."""
    telemetry.count("SessionsStarted")


def session_ended(engine: Engine, session: models.Session, status: SessionStatus) -> None:
    """Count the end of a session, and measure the time since its last start."""
    telemetry.count(f"Sessions{status.value.capitalize()}")
    if session.started_at is not None:
        lasted = engine.context.utc() - timestamps.parse(session.started_at)
        telemetry.measure("SessionDuration", lasted.total_seconds() * 1000)


def session_purged() -> None:
    """Count a session that was deleted with all that belonged to it."""
    telemetry.count("SessionsPurged")


def agent_moved(
    engine: Engine,
    agent: models.SessionAgent,
    before: State | None,
    after: State,
    *,
    throttled: bool = False,
) -> None:
    """Count a change of an agent's state. `before` is None if a retry has reset the agent.

    An attempt that ends is measured from the time in its run's UUID, unless it is cancelled. A
    throttled run is not an attempt.
    """
    if throttled:
        telemetry.count("Throttles")
        return
    if after in TERMINAL_AGENT:
        telemetry.count(f"Agents{after.value.capitalize()}")
    if before is not State.IN_PROGRESS or after is State.CANCELLED:
        return
    ended = engine.context.utc().timestamp() * 1000
    telemetry.measure("AgentDuration", ended - ids.milliseconds_of(agent.current_run_uuid))
    if after is State.INITIAL:
        telemetry.count("Retries")


def taken_over() -> None:
    """Count a run that a worker has taken over."""
    telemetry.count("Takeovers")


def handed_over() -> None:
    """Count an agent that was claimed in the write that completed the agent before it."""
    telemetry.count("Handovers")


def asked() -> None:
    """Count a question that an agent asks a person."""
    telemetry.count("Questions")


def delegated() -> None:
    """Count a delegation of work by an agent."""
    telemetry.count("Delegations")


def polled() -> None:
    """Count a poll, which the worker that has leased the agent for it makes."""
    telemetry.count("Polls")


def showed_life() -> None:
    """Count a heartbeat."""
    telemetry.count("Heartbeats")


def abandoned() -> None:
    """Count work elsewhere that is to be cancelled, because nobody waits for its answer."""
    telemetry.count("Cancels")
