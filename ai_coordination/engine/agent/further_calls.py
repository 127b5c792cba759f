"""Reserve more of the session's budget in a run: a model with tools is called several times."""

import math

from ai_coordination import models
from ai_coordination.engine.agent import reservation
from ai_coordination.engine.agent.reservation import Reservation
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import moves, reads
from ai_coordination.models.writes import Transaction
from ai_coordination.runtimes.base import RunFailed
from ai_coordination.states import SessionAgentState, SessionStatus

NOT_ENOUGH = "The session's budget has not enough left for the next call of the model"
OVER = "The run is over, or another worker has taken it over"
MOST_TRIES = 3


class _Refused(EngineError):
    """Never leaves this module."""


def reserve(
    engine: Engine, session: models.Session, agent: models.SessionAgent, tokens: int
) -> None:
    """Reserve so many tokens more for the agent's current run. Without a budget there is no need.

    If the session has not so many left, the run is throttled: RunFailed says so. The next run is
    claimed when it can reserve what it needs, or else the session fails. Raises Throttled too.
    """
    now: models.Session | None = session
    for _ in range(MOST_TRIES):
        if now is None or reservation.left(now) == math.inf or tokens <= 0:
            return
        if _landed(engine, now, agent, tokens):
            return
        key = agent.coordination_uuid, agent.session_uuid
        now = reads.get(models.Session, *key, tenant=agent.partition_key)
        if now is not None and reservation.left(now) < tokens:
            raise RunFailed(NOT_ENOUGH, throttled=True)
    raise RunFailed(OVER)


def _landed(
    engine: Engine, session: models.Session, agent: models.SessionAgent, tokens: int
) -> bool:
    kind, of_agent = models.Session, models.SessionAgent
    reserved = int(agent.reserved_tokens or 0) + tokens
    transaction = Transaction()
    transaction.update(
        agent,
        [of_agent.reserved_tokens.set(reserved)],
        (of_agent.state == SessionAgentState.IN_PROGRESS.value)
        & (of_agent.iteration == agent.iteration)
        & moves.same_run(agent)
        & moves.same_worker(agent)
        & moves.same(of_agent.reserved_tokens, agent.reserved_tokens),
        lambda old: _Refused(OVER),
    )
    transaction.update(
        session,
        [kind.committed_tokens.add(tokens)],
        (kind.status == SessionStatus.IN_PROGRESS.value)
        & (kind.iteration_count == agent.iteration)
        & reservation.fits(session, Reservation(tokens)),
        lambda old: _Refused(NOT_ENOUGH),
    )
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    # What this worker writes next has it in its condition.
    agent.reserved_tokens = reserved
    return True
