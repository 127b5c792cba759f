"""Metrics of sessions and agents. Each event is counted once, by the worker whose write landed."""

from ai_coordination import ids, models, telemetry, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.states import SessionAgentState, SessionStatus


def session_started() -> None:
    """Count the start of a session, or of its next iteration."""
    telemetry.count("SessionsStarted")


def session_ended(engine: Engine, session: models.Session, status: SessionStatus) -> None:
    """Count the end of a session, and measure the time since its last start."""
    telemetry.count(f"Sessions{status.value.capitalize()}")
    if session.started_at is not None:
        lasted = engine.context.utc() - timestamps.parse(session.started_at)
        telemetry.measure("SessionDuration", lasted.total_seconds() * 1000)


def agent_ended(state: SessionAgentState) -> None:
    """Count the end of an agent."""
    telemetry.count(f"Agents{state.value.capitalize()}")


def attempt_over(engine: Engine, agent: models.SessionAgent) -> None:
    """Measure an attempt that has ended, from the time in its run's UUID."""
    ended = engine.context.utc().timestamp() * 1000
    telemetry.measure("AgentDuration", ended - ids.milliseconds_of(agent.current_run_uuid))


def attempt_follows() -> None:
    """Count an attempt that has failed and is followed by another."""
    telemetry.count("Retries")


def taken_over() -> None:
    """Count a run that a worker has taken over."""
    telemetry.count("Takeovers")
