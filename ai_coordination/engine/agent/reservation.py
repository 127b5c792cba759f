"""Reserve in the session's budget what a call may use, before it is made.

The reservation is part of the transaction that claims the agent: it lands only if the session has
so much left. So agents that run at the same time cannot spend the same tokens. `spending` gives
back what a run did not use.
"""

import math
from dataclasses import dataclass, replace

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, moves, reads, token_usage, writes
from ai_coordination.runtimes import history, registry, token_limits
from ai_coordination.services import members
from ai_coordination.states import SessionAgentState, SessionStatus

# An agent waits for so long, or up to twice as long, until others have given tokens back.
WAIT_SECONDS = 5.0
NO_LIMIT = "The session has a budget, and this agent has no parameter maxTokens"


class UsedUp(EngineError):
    """The session has not enough left for an agent. Only `message_handler` handles it.

    `condition` says that this is still so: the budget is as it was read.
    """

    def __init__(self, message: str, session: models.Session, condition: Condition) -> None:
        super().__init__(message)
        self.session = session
        self.condition = condition


class NotLimited(EngineError):
    """A call has no upper limit, so nothing can be reserved for it."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most tokens that a run can use, in a session with a budget of tokens.

    It is 0 for an agent that is no model. Such an agent may start unless more was spent than the
    budget allows. `of_thread` are those of them for what was said earlier in its thread.
    """

    tokens: int
    of_thread: int = 0


def of(
    session: models.Session, agent: models.SessionAgent, text: str, thread: str | None
) -> Reservation | None:
    """What a run of the agent reserves; None if there is no budget. `text` is the agent's input.

    Raises NotLimited, and TextUnavailable for parameters.
    """
    if session.budget is None or session.budget.tokens is None:
        return None
    if not registry.of(agent.member.runtime.kind).spends:
        return Reservation(0)
    parameters = members.parameters(agent.partition_key, agent.member.runtime)
    told = len(text.encode()) + texts.size(agent.resume)
    continues = history.continues(agent, session, thread)
    tokens = token_limits.most_tokens(parameters, told, continues=continues)
    if tokens is None:
        raise NotLimited(NO_LIMIT)
    return Reservation(tokens, history.most_bytes(parameters) if continues else 0)


def reserved(
    transition: Transition, session: models.Session, reservation: Reservation | None
) -> Transition:
    """The transition is a claim: it lands only if the session has left what it reserves."""
    if reservation is None:
        return transition
    kind, tokens = models.Session, reservation.tokens
    of_agent = int(transition.agent.reserved_tokens or 0) + tokens
    return replace(
        transition,
        changes={**transition.changes, "reserved_tokens": of_agent or None},
        session=[kind.committed_tokens.add(tokens)] if tokens else [],
        session_condition=fits(session, reservation),
    )


def left(session: models.Session) -> float:
    """How many tokens are neither used nor reserved: infinitely many without a budget."""
    if session.budget is None or session.budget.tokens is None:
        return math.inf
    return float(session.budget.tokens) - int(session.committed_tokens or 0)


def fits(session: models.Session, reservation: Reservation) -> Condition:
    """The session has the budget that was read, and so much of it is not committed."""
    kind, budget = models.Session, int(session.budget.tokens)
    most_committed = budget - reservation.tokens
    condition: Condition = kind.committed_tokens <= most_committed
    if most_committed >= 0:
        condition |= kind.committed_tokens.does_not_exist()
    condition &= moves.same(kind.budget.tokens, budget)
    return condition


def look_why(engine: Engine, agent: models.SessionAgent, reservation: Reservation | None) -> None:
    """The claim of an agent was refused. Raises UsedUp if the budget cannot be enough for it.

    If only reservations of runs in progress are in its way, the agent waits: most is given back.
    The session is read before the agent: if the agent is as it was, nobody has claimed it until
    then. What is used never becomes less, so the decision holds while the budget is the same.
    """
    if reservation is None:
        return
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )
    now = reads.get(
        models.SessionAgent,
        agent.session_uuid,
        agent.session_agent_uuid,
        tenant=agent.partition_key,
    )
    if session is None or now is None or not _may_start(session, now, agent):
        return
    if session.budget is not None and session.budget.tokens is not None:
        unused = int(session.budget.tokens) - token_usage.used_tokens(session)
        if unused < reservation.tokens:
            raise _used_up(session, now, reservation, unused)
        if left(session) < reservation.tokens:
            _wait(engine, now)
            return
    # The budget was changed, or tokens were given back meanwhile.
    engine.send(now)


def _may_start(
    session: models.Session, now: models.SessionAgent, agent: models.SessionAgent
) -> bool:
    """Whether nothing else keeps the agent from being claimed."""
    return bool(
        session.status == SessionStatus.IN_PROGRESS
        and session.iteration_count == agent.iteration == now.iteration
        and not session.operation
        and now.state == SessionAgentState.INITIAL
        and now.current_run_uuid == agent.current_run_uuid
    )


def _used_up(
    session: models.Session, agent: models.SessionAgent, reservation: Reservation, unused: int
) -> UsedUp:
    tokens, name = int(session.budget.tokens), agent.member.agent_name
    need = f"{name} cannot start"
    if reservation.tokens:
        need = f"{max(unused, 0)} are left, and {name} needs up to {reservation.tokens}"
    if reservation.of_thread:
        need += f", {reservation.of_thread} of them for the history of its thread"
    message = f"The session's budget of {tokens} tokens is used up: {need}"
    return UsedUp(message, session, moves.same(models.Session.budget.tokens, tokens))


def _wait(engine: Engine, agent: models.SessionAgent) -> None:
    """Let the agent try again later, at different moments if there are many that wait."""
    seconds = WAIT_SECONDS * (1 + engine.context.random())
    kind = models.SessionAgent
    landed, now = writes.update_if(
        agent,
        [
            kind.not_before.set(engine.later(seconds)),
            *due_times.set_due(kind, agent.session_uuid, engine.after_grace(seconds)),
        ],
        (kind.state == SessionAgentState.INITIAL.value)
        & (kind.iteration == agent.iteration)
        & moves.same_start(agent),
        engine.context,
    )
    if landed and now is not None:
        engine.send(now, delay_seconds=seconds)
