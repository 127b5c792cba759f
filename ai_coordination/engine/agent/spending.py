"""Charge what runs use: to the agent when a run ends, and to the session when the agent rests.

The agent's sum is part of the write that ends the run. That write has the run in its condition, so
a run is charged once, however often the write is repeated. What the session's sum still lacks is
kept in `unsettled_usage`, and moves there in one transaction. Most agents use no tokens that the
engine knows of: their writes are as if there were no sums.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import and_, or_

from pynamodb.expressions.condition import Condition

from ai_coordination import config, models, prices
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.errors import EngineError, TextUnavailable
from ai_coordination.models import moves, token_usage
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.runtimes.base import Usage
from ai_coordination.services import members
from ai_coordination.states import SessionAgentState

RESERVED = tuple(f"reserved_{unit}" for unit in token_usage.UNITS)
_OWED = ("unsettled_usage", *RESERVED)


class _Refused(EngineError):
    """An agent is settled already, or is no longer at rest. Never leaves this module."""


def priced(usage: Usage, agent: models.SessionAgent) -> models.TokenUsage:
    """The usage with what it costs by the prices of now. Raises Throttled."""
    own = models.TokenUsage(**usage._asdict())
    known = config.settings().model_prices
    if known:
        own.nanodollars = prices.cost(known, usage)
        if own.nanodollars is None:
            with suppress(TextUnavailable):
                model = members.model(agent.partition_key, agent.member.runtime)
                own.nanodollars = prices.cost(known, usage, model)
    return own


def charged(transition: Transition, usage: Usage | None) -> Transition:
    """The transition ends the agent's current run, which used this; None: nothing is known."""
    agent = transition.agent
    if usage is None:
        # An earlier run's usage must not become this one's.
        if agent.usage is not None:
            transition = _changed(transition, {"usage": None})
        return _released(transition)
    own = priced(usage, agent)
    unsettled = token_usage.plus(agent.unsettled_usage, own)
    changes = {"usage": own, "unsettled_usage": unsettled}
    return _released(replace(_changed(transition, changes), used=own))


def _released(transition: Transition) -> Transition:
    """An agent that waits for its next attempt reserves nothing."""
    waits = transition.to is SessionAgentState.INITIAL
    return settled(transition) if waits and _reserves(transition.agent) else transition


def settled(transition: Transition) -> Transition:
    """The agent rests after the transition: the session is charged in the same transaction."""
    after = transition.result()
    if not owes(after):
        return transition
    charge = token_usage.charge_session(models.Session, after.unsettled_usage, [after])
    nothing = dict.fromkeys(_OWED)
    # Another worker of the run may have reserved more.
    as_read = reduce(and_, (_as_read(transition.agent, name) for name in RESERVED))
    condition = as_read if transition.condition is None else transition.condition & as_read
    return replace(_changed(transition, nothing), settled=charge, condition=condition)


def owes(agent: models.SessionAgent) -> bool:
    """Whether the session lacks something that the agent used, or the agent has reserved."""
    return agent.unsettled_usage is not None or _reserves(agent)


def _reserves(agent: models.SessionAgent) -> bool:
    return any(getattr(agent, name) is not None for name in RESERVED)


def _as_read(agent: models.SessionAgent, name: str) -> Condition:
    return moves.same(getattr(models.SessionAgent, name), getattr(agent, name))


def _changed(transition: Transition, changes: Changes) -> Transition:
    return replace(transition, changes={**transition.changes, **changes})


def settle(engine: Engine, agents: Sequence[models.SessionAgent]) -> None:
    """Note that ended agents of one session have no outstanding work, and charge the session."""
    # A batch may have two messages for one agent. Of two iterations, the later one may still hold.
    by_agent = {one.session_agent_uuid: one for one in sorted(agents, key=_iteration)}
    distinct = list(by_agent.values())
    for first in range(0, len(distinct), MOST_PARTS - 1):
        some = distinct[first : first + MOST_PARTS - 1]
        if not _settle_together(engine, some) and len(some) > 1:
            # Another worker has settled one of them.
            for agent in some:
                _settle_together(engine, [agent])


def _iteration(agent: models.SessionAgent) -> int:
    return int(agent.iteration)


def _settle_together(engine: Engine, agents: Sequence[models.SessionAgent]) -> bool:
    """Returns whether it landed. The condition that the agents owe something makes it land once."""
    kind, of_session = models.SessionAgent, models.Session
    transaction = Transaction()
    used: models.TokenUsage | None = None
    for agent in agents:
        if agent.unsettled_usage is not None:
            used = token_usage.plus(used, agent.unsettled_usage)
        transaction.update(
            agent,
            [
                *outbox.cleared(agent),
                *(getattr(kind, name).remove() for name in _OWED),
            ],
            # An ended agent changes its state only in a later iteration.
            (kind.state == agent.state)
            & (kind.iteration == agent.iteration)
            & reduce(or_, (getattr(kind, name).exists() for name in _OWED)),
            lambda old: _Refused("the agent is settled"),
        )
    # A session exists as long as its agents, so this update never creates it.
    transaction.update(
        of_session(agents[0].coordination_uuid, agents[0].session_uuid),
        token_usage.charge_session(of_session, used, agents),
        of_session.session_uuid.exists(),
        lambda old: _Refused("the session is gone"),
    )
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    return True
