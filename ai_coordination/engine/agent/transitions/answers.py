"""The edges out of WAITING_FOR_INPUT: a person has said something, or nobody has in time."""

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine.agent.transition import (
    NO_WORK,
    NOT_ASKED,
    Changes,
    Transition,
)
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.states import SessionAgentState as State


def to_answered(
    engine: Engine, agent: models.SessionAgent, to: State, changes: Changes, fence: Condition
) -> Transition:
    """WAITING_FOR_INPUT to COMPLETED or FAILED: a person has judged the agent's output, or refused
    to answer its question; or nobody has answered in time.
    """
    return _asks_no_more(engine, agent, to, {"resume": None, **changes}, fence)


def to_next_turn(
    engine: Engine, agent: models.SessionAgent, changes: Changes, fence: Condition
) -> Transition:
    """WAITING_FOR_INPUT to INITIAL: a person has answered the agent's question, or sent its output
    back. Its next turn begins, with all attempts.
    """
    turn = {"turn": agent.current_turn + 1, "attempt": 0}
    return _asks_no_more(engine, agent, State.INITIAL, {**turn, **changes}, fence)


def _asks_no_more(
    engine: Engine, agent: models.SessionAgent, to: State, changes: Changes, fence: Condition
) -> Transition:
    return Transition(
        agent=agent,
        source=State.WAITING_FOR_INPUT,
        to=to,
        at=engine.now(),
        due_at=engine.after_grace(),
        changes={**NO_WORK, **NOT_ASKED, **changes},
        condition=moves.same_run(agent) & fence,
        session=[models.Session.awaiting_input.delete({int(agent.ordinal)})],
    )
