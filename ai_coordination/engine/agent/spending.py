"""Charge what runs use: to the agent when a run ends, and to the session when the agent rests.

The agent's sum is part of the write that ends the run. That write has the run in its condition, so
a run is charged once, however often the write is repeated. What the session's sum still lacks is
kept in `unsettled_usage`, and moves there in one transaction. Most agents use no tokens that the
engine knows of: their writes are as if there were no sums.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace

from ai_coordination import models
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, token_usage
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.runtimes.base import Usage


class _Refused(EngineError):
    """An agent is settled already, or is no longer at rest. Never leaves this module."""


def charged(transition: Transition, usage: Usage | None) -> Transition:
    """The transition ends the agent's current run, which used this; None: nothing is known."""
    agent = transition.agent
    if usage is None:
        # An earlier run's usage must not become this one's.
        return transition if agent.usage is None else _changed(transition, {"usage": None})
    own = models.TokenUsage(**asdict(usage))
    unsettled = token_usage.plus(agent.unsettled_usage, own)
    changes = {"usage": own, "unsettled_usage": unsettled}
    return replace(_changed(transition, changes), used=own)


def settled(transition: Transition) -> Transition:
    """The agent rests after the transition: the session is charged in the same transaction."""
    unsettled = transition.result().unsettled_usage
    if unsettled is None:
        return transition
    return replace(_changed(transition, {"unsettled_usage": None}), settled=unsettled)


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
    """Returns whether it landed. The condition that something is unsettled makes it land once."""
    kind, of_session = models.SessionAgent, models.Session
    transaction = Transaction()
    sum_of_all: models.TokenUsage | None = None
    for agent in agents:
        sum_of_all = token_usage.plus(sum_of_all, agent.unsettled_usage)
        transaction.update(
            agent,
            [*due_times.clear(kind), kind.unsettled_usage.remove()],
            (kind.state == agent.state)
            & (kind.iteration == agent.iteration)
            & kind.unsettled_usage.exists(),
            lambda old: _Refused("the agent is settled"),
        )
    if sum_of_all is None:
        return True
    transaction.update(
        of_session(agents[0].coordination_uuid, agents[0].session_uuid),
        token_usage.add_usage(of_session, sum_of_all),
        of_session.session_uuid.exists(),
        lambda old: _Refused("the session is gone"),
    )
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    return True
