"""Reserve more of the session's budget in a run: a model with tools is called several times."""

from collections.abc import Callable
from functools import reduce
from operator import and_

from ai_coordination import models
from ai_coordination.engine.agent import reservation
from ai_coordination.engine.agent.reservation import NotLimited, Reservation
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import moves, reads
from ai_coordination.models.writes import Transaction
from ai_coordination.runtimes.base import RunFailed
from ai_coordination.services import budgets
from ai_coordination.states import SessionAgentState, SessionStatus

NOT_ENOUGH = "The session's budget has not enough left for the next call of the model"
OVER = "The run is over, or another worker has taken it over"
MOST_TRIES = 3


class _Refused(EngineError):
    """Never leaves this module."""


def reserve(
    engine: Engine, session: models.Session, agent: models.SessionAgent, told: int, answered: int
) -> None:
    """Reserve so many tokens more for the agent's current run, of a model's input and answer.

    Without a budget there is no need. If the session has not so much left, the run is throttled:
    RunFailed says so. The next run is claimed when it can reserve what it needs, or else the
    session fails. Raises Throttled too.
    """
    _reserve(engine, session, agent, lambda now: _more(now, agent, told, answered))


def cover(engine: Engine, session: models.Session, agent: models.SessionAgent, told: int) -> None:
    """Reserve what the first call of the current run lacks, when its thread and files are read.

    `told` is how many bytes they have. Usually nothing is lacking: the claim has foreseen them.
    Raises as `reserve` does.
    """
    if budgets.limited(session.budget):
        _reserve(engine, session, agent, lambda now: _uncovered(now, agent, told))


def _reserve(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    wanted: Callable[[models.Session], Reservation],
) -> None:
    now: models.Session | None = session
    for _ in range(MOST_TRIES):
        if now is None or not budgets.limited(now.budget):
            return
        more = wanted(now)
        if not any(more.most.values()) or _landed(engine, now, agent, more):
            return
        key = agent.coordination_uuid, agent.session_uuid
        now = reads.get(models.Session, *key, tenant=agent.partition_key)
        if now is not None and not reservation.has_left(now, more):
            raise RunFailed(NOT_ENOUGH, throttled=True)
    raise RunFailed(OVER)


def _more(
    session: models.Session, agent: models.SessionAgent, told: int, answered: int
) -> Reservation:
    try:
        return Reservation(reservation.amounts(session, agent, told, answered))
    except NotLimited as no_price:
        raise RunFailed(no_price.message, retryable=False) from None


def _uncovered(session: models.Session, agent: models.SessionAgent, told: int) -> Reservation:
    try:
        return reservation.of_context(session, agent, told)
    except NotLimited as unlimited:
        raise RunFailed(unlimited.message, retryable=False) from None


def _landed(
    engine: Engine, session: models.Session, agent: models.SessionAgent, more: Reservation
) -> bool:
    kind, of_agent = models.Session, models.SessionAgent
    reserved = reservation.of_agent(agent, more)
    as_read = [moves.same(getattr(of_agent, name), getattr(agent, name)) for name in reserved]
    transaction = Transaction()
    # Only the worker that holds the run writes its reservations, one call after another, so the
    # values that it has read are its own. The session of a run in progress is in progress too.
    transaction.update(
        agent,
        [getattr(of_agent, name).set(value) for name, value in reserved.items() if value],
        (of_agent.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & moves.same_worker(agent)
        & reduce(and_, as_read),
        lambda old: _Refused(OVER),
    )
    transaction.update(
        session,
        reservation.committed(more),
        (kind.status == SessionStatus.IN_PROGRESS.value)
        & (kind.iteration_count == agent.iteration)
        & reservation.fits(session, more),
        lambda old: _Refused(NOT_ENOUGH),
    )
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    # What this worker writes next has it in its condition.
    for name, value in reserved.items():
        setattr(agent, name, value)
    return True
