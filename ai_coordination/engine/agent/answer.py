"""Take a person's answer to an agent that asks."""

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.agent import transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.context import Engine
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState

NOT_IN_TIME = "Nobody has answered in time"


def was_rejected(agent: models.SessionAgent) -> bool:
    """Whether a person has rejected the agent's answer: the remark is in the notes."""
    failed = agent.state == SessionAgentState.FAILED and agent.agent_output is not None
    return bool(failed and agent.notes == agent.user_input)


def keeps_answer(agent: models.SessionAgent) -> bool:
    """Whether the agent ended with an answer that no person has judged."""
    ended = agent.state in (SessionAgentState.CANCELLED, SessionAgentState.FAILED)
    return ended and agent.agent_output is not None and not was_rejected(agent)


def answer(
    engine: Engine,
    agent: models.SessionAgent,
    *,
    user_input: str | None,
    approved: bool,
    updated_by: str | None,
    fence: Condition,
    notes: str | None = None,
) -> None:
    """Complete an agent that asks, or fail it if it is not approved.

    `fence` says that the answer is in time; or, if nobody has answered, that it would not be.

    Agent and session are one transaction, so the session asks exactly if one of its agents does.
    """
    owner = texts.Owner.of(agent)
    changes: dict[str, models.Text] = {}
    if user_input is not None:
        text = texts.store(owner, user_input)
        changes["user_input"] = capacity.grown(agent, "user_input", text)
    if updated_by is not None:
        changes["updated_by"] = updated_by
    if notes is not None:
        changes["notes"] = texts.store(owner, notes)
    to = SessionAgentState.COMPLETED if approved else SessionAgentState.FAILED
    answered = apply(engine, transitions.to_answered(engine, agent, to, changes, fence))
    if answered is not None:
        engine.send(answered)
