"""The edges out of several states: a session is ended, or retried."""

from ai_coordination import models
from ai_coordination.engine.agent.transition import (
    FIRST_TURN,
    NO_THROTTLES,
    NO_WORK,
    NOT_ASKED,
    Changes,
    Transition,
)
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.states import RunOutcome
from ai_coordination.states import SessionAgentState as State


def to_cancelled(engine: Engine, agent: models.SessionAgent) -> Transition:
    """Any state that is not ended, as read, to CANCELLED: the session is being ended."""
    source = State(agent.state)
    return Transition(
        agent=agent,
        source=source,
        to=State.CANCELLED,
        at=engine.now(),
        due_at=None,
        changes={**NO_WORK, **NOT_ASKED, "not_before": None, "growing": None},
        # What continues elsewhere must be known, so that it is cancelled too.
        condition=moves.same(models.SessionAgent.current_run_uuid, agent.current_run_uuid)
        & moves.same(models.SessionAgent.remote, agent.remote),
        outcome=RunOutcome.CANCELLED if source is State.IN_PROGRESS else None,
        # So each cancelled agent is counted once.
        knows_its_repeat=True,
    )


def to_next_iteration(
    engine: Engine,
    agent: models.SessionAgent,
    iteration: int,
    waiting_on: set[float],
    changes: Changes,
) -> Transition:
    """Any ended state to INITIAL: a retry of the session resets the agent.

    `changes` say what of its growths it keeps, and which predecessors stay `dead`. No part of a
    growth is outstanding: the session's end has written all.
    """
    fresh = {
        **FIRST_TURN,
        "iteration": iteration,
        "attempt": 0,
        "waiting_on": waiting_on or None,
        "dead": None,
        "skip_requested": None,
        "notes": None,
        "not_before": None,
        "delayed": None,
        "user_input": None,
        "growing": None,
        "superseded": None,
        **NO_THROTTLES,
    }
    return Transition(
        agent=agent,
        source=None,
        to=State.INITIAL,
        at=engine.now(),
        due_at=None if waiting_on else engine.after_grace(),
        changes={**fresh, **changes},
    )
