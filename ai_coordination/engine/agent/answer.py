"""What a person answers to an agent that asks."""

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine import metrics, wakeups
from ai_coordination.engine.agent import complete
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times, moves
from ai_coordination.models.writes import Transaction
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState

NOT_IN_TIME = "Nobody has answered in time"


def was_rejected(agent: models.SessionAgent) -> bool:
    """Whether a person has rejected what the agent answered: their remark is its notes."""
    failed = agent.state == SessionAgentState.FAILED and agent.agent_output is not None
    return bool(failed and agent.notes == agent.user_input)


def keeps_answer(agent: models.SessionAgent) -> bool:
    """Whether the agent has answered, but ended before a person has judged that."""
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
) -> bool:
    """The agent goes on, or fails where it is not approved; whether it still asked.

    `fence` says that the answer is in time or, where nobody answers any more, that it would not be.

    Agent and session are one transaction, so what the session asks is what its agents ask.
    """
    to = SessionAgentState.COMPLETED if approved else SessionAgentState.FAILED
    kind = models.SessionAgent
    actions, stands = moves.agent(
        to, int(agent.iteration), out_of=SessionAgentState.WAITING_FOR_INPUT
    )
    actions += [
        *complete.no_work(),
        kind.updated_at.set(engine.now()),
        *due_times.set_due(kind, agent.session_uuid, wakeups.after_grace(engine)),
    ]
    if user_input is not None:
        given = capacity.grown(agent, "user_input", complete.kept(agent, user_input))
        actions.append(kind.user_input.set(given))
    if updated_by is not None:
        actions.append(kind.updated_by.set(updated_by))
    if notes is not None:
        actions.append(kind.notes.set(complete.kept(agent, notes)))
    transaction = Transaction()
    transaction.update(
        agent,
        actions,
        stands & complete.current(agent) & fence,
        lambda old: complete.Over("it does not ask any more"),
    )
    complete.in_session(transaction, agent, [models.Session.asking.delete({int(agent.ordinal)})])
    if not complete.committed(engine, transaction):
        return False
    metrics.agent_ended(to)
    engine.send(agent)
    return True
