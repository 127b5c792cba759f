"""Take an agent's answer."""

from ai_coordination import models, texts
from ai_coordination.engine.agent import handover, release, spending, transitions
from ai_coordination.engine.agent.apply import apply, seal
from ai_coordination.engine.agent.growth.results import RoundAnswer
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.runtimes.base import Answer
from ai_coordination.services import capacity


def complete(
    engine: Engine, agent: models.SessionAgent, answer: Answer, *, reported: bool = False
) -> None:
    """Take the answer of the agent's current run, and perform what follows from it.

    A reported answer must be in time. A worker's own answer needs no other fence than the run: even
    a worker whose run was taken over has invoked the agent with the run's UUID as the idempotency
    key.
    """
    fence = moves.in_time(engine.now()) if reported else None
    changes = _answered(agent, answer)
    if agent.agent_action.user_in_the_loop is None or agent.collects:
        transition = transitions.to_completed(engine, agent, changes, fence)
        transition = spending.charged(transition, answer.usage)
        if handover.hand_over(engine, transition):
            return
        completed = apply(engine, transition)
        if completed is not None:
            seal_and_release(engine, completed)
        return
    seconds = agent.agent_action.answer_timeout_seconds
    deadline_at = None if seconds is None else engine.later(seconds)
    transition = transitions.to_waiting(engine, agent, changes, fence, deadline_at)
    apply(engine, spending.settled(spending.charged(transition, answer.usage)))


def _answered(agent: models.SessionAgent, answer: Answer) -> Changes:
    output = texts.store(texts.Owner.of(agent), answer.output)
    said = answer.said if isinstance(answer, RoundAnswer) else {}
    return {
        "agent_output": capacity.grown(agent.changed(said), "agent_output", output),
        "rejected_output": None,
        "rejected_because": None,
        **said,
    }


def seal_and_release(engine: Engine, agent: models.SessionAgent) -> None:
    """Perform the outstanding work of a completed agent."""
    seal(engine, agent)
    release.release(engine, agent)
