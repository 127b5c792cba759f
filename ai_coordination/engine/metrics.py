"""Metrics of sessions and agents. Each event is counted once, by the worker whose write landed."""

from ai_coordination import ids, models, telemetry, timestamps
from ai_coordination.engine.context import Engine
from ai_coordination.states import SessionAgentState, SessionStatus


def session_started() -> None:
    """For the first time, or again."""
    telemetry.count("SessionsStarted")


def session_ended(engine: Engine, session: models.Session, status: SessionStatus) -> None:
    """The session as it was before, or after; how long it took since it was last started."""
    telemetry.count(f"Sessions{status.value.capitalize()}")
    if session.started_at is not None:
        lasted = engine.context.utc() - timestamps.parse(session.started_at)
        telemetry.measure("SessionDuration", lasted.total_seconds() * 1000)


def agent_ended(state: SessionAgentState) -> None:
    """An agent has come to an end."""
    telemetry.count(f"Agents{state.value.capitalize()}")


def attempt_over(engine: Engine, agent: models.SessionAgent) -> None:
    """An attempt that was made is over, well or badly. Its run's uuid says when it began."""
    ended = engine.context.utc().timestamp() * 1000
    telemetry.measure("AgentDuration", ended - ids.milliseconds_of(agent.current_run_uuid))


def attempt_follows() -> None:
    """An agent that has failed is tried again."""
    telemetry.count("Retries")


def taken_over() -> None:
    """A worker goes on with the run of one that has died."""
    telemetry.count("Takeovers")
