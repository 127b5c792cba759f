"""Put off the start of an agent that may start. It stays INITIAL, and due.

A message is delayed by 900 s at most. After a longer delay there is none: a sweep finds the agent
due, so it starts up to a minute late.
"""

from collections.abc import Sequence

from pynamodb.expressions.update import Action

from ai_coordination import models, timestamps
from ai_coordination.engine.agent import conditions
from ai_coordination.engine.agent.accept import LONGEST_DELAY_SECONDS
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionAgentState


def is_outstanding(agent: models.SessionAgent) -> bool:
    """Whether the agent's action delays it, and it has not waited yet in this iteration."""
    return bool(agent.agent_action.delay_seconds) and conditions.is_first_look(agent)


def begin(engine: Engine, agent: models.SessionAgent) -> None:
    """Let an agent wait as long as its action says. Once in an iteration of the session."""
    delayed = [models.SessionAgent.delayed.set(True)]
    put_off(engine, agent, float(agent.agent_action.delay_seconds), delayed)


def put_off(
    engine: Engine, agent: models.SessionAgent, seconds: float, actions: Sequence[Action] = ()
) -> None:
    """Let an agent start so many seconds later, unless it has changed since it was read."""
    kind = models.SessionAgent
    at = engine.later(seconds)
    has_message = seconds <= LONGEST_DELAY_SECONDS
    due_at = engine.after_grace(seconds) if has_message else at
    landed, now = writes.update_if(
        agent,
        [
            kind.not_before.set(at),
            *actions,
            *due_times.set_due(kind, agent.session_uuid, outbox.due_at(engine, agent, due_at)),
        ],
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & moves.same_start(agent),
        engine.context,
    )
    # If its own first try landed and the answer was lost, the condition refuses the second.
    if has_message and now is not None and (landed or now.not_before == at):
        engine.send(now, delay_seconds=seconds)


def seconds_left(engine: Engine, agent: models.SessionAgent) -> float:
    """How long the agent must not start yet. Not above 0 if it may."""
    if not agent.not_before:
        return 0.0
    return (timestamps.parse(agent.not_before) - engine.context.utc()).total_seconds()


def send_again(engine: Engine, agent: models.SessionAgent, seconds: float) -> None:
    """Send the message of an agent that was found too early, unless a sweep will find it in time.

    A longer wait before an attempt has messages all the same: each is sent again when it arrives.
    """
    if seconds <= LONGEST_DELAY_SECONDS or not is_waiting(agent):
        engine.send(agent, delay_seconds=seconds)


def is_waiting(agent: models.SessionAgent) -> bool:
    """Whether what an agent waits for, or has waited for last, is the delay of its action."""
    is_new = agent.attempt == 0 and agent.current_turn == 1 and not agent.throttles
    return bool(agent.state == SessionAgentState.INITIAL and agent.delayed and is_new)
