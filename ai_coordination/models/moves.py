"""The only way to change a session's status or an agent's state: a legal move, conditionally.

A move is a list of actions and a condition, for use in one write. Nothing else writes `status` or
`state`. The other conditions here fence a write: the item is still as it was read.
"""

from collections.abc import Set
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import states
from ai_coordination.models.session import Session
from ai_coordination.models.session_agent import SessionAgent
from ai_coordination.states import SessionAgentState, SessionStatus

Move = tuple[list[Action], Condition]


def session(to: SessionStatus, iteration: int, *, retry: bool = False) -> Move:
    """Move a session out of any status from which the move is legal, in one of its iterations."""
    sources = sorted(states.sources(to, retry=retry))
    condition: Condition = Session.status.is_in(*(source.value for source in sources))
    return [Session.status.set(to.value)], condition & (Session.iteration_count == iteration)


def agent(to: SessionAgentState, iteration: int, source: SessionAgentState | None) -> Move:
    """Move an agent out of one state, in one of its iterations. It may also stay in that state.

    Without a `source` the move is a reset by a retry, out of any ended state.
    """
    if source is not None and source is not to and not states.may_move(source, to):
        raise ValueError(f"{source} to {to} is not a legal move")
    sources = [source] if source is not None else sorted(states.sources(to, retry=True))
    condition: Condition = SessionAgent.state.is_in(*(state.value for state in sources))
    return [SessionAgent.state.set(to.value)], condition & (SessionAgent.iteration == iteration)


def same(attribute: Any, value: Any) -> Condition:
    """An attribute is as it was read. None: it was not there."""
    condition: Condition = attribute.does_not_exist() if value is None else attribute == value
    return condition


def same_start(agent: SessionAgent, waits_for: Set[float] | None = None) -> Condition:
    """An agent that may start is as it was read: no other worker has claimed it since.

    It may start once the agents that it `waits_for` have ended, by default none.

    The run is the fence: each claim has its own, and a turn ends with one. Without a claim only a
    delay changes the agent, which sets `not_before`, and its rule, which counts in `grown`. How its
    predecessors have ended is final once it waits for none: each release says so in the write that
    takes the predecessor out of the set. The check of `waiting_on` follows from this too. It stays
    because it is the rule of every start.
    """
    model = SessionAgent
    condition: Condition = same(model.waiting_on, waits_for)
    condition &= same(model.current_run_uuid, agent.current_run_uuid)
    condition &= same(model.not_before, agent.not_before)
    condition &= same(model.grown, agent.grown)
    return condition


def same_run(agent: SessionAgent) -> Condition:
    """The current run is the one that was read. So is the iteration: each claim has its own run."""
    condition: Condition = SessionAgent.current_run_uuid == agent.current_run_uuid
    return condition


def same_worker(agent: SessionAgent) -> Condition:
    """No other worker has taken the run over from the one that claimed it, or took it over.

    `lease_owner` says so: a claim has none, and each takeover writes its own. An accepted run keeps
    its owner.
    """
    return same(SessionAgent.lease_owner, agent.lease_owner)


def same_deadline(agent: SessionAgent) -> Condition:
    """The deadline that was read, and has passed, is still the agent's.

    No write changes the deadline while run and state stay the same, so those would be enough. The
    condition states what the worker's decision rests on.
    """
    condition: Condition = SessionAgent.deadline_at == agent.deadline_at
    return condition


def same_silence(agent: SessionAgent) -> Condition:
    """An accepted run has shown no sign of life since it was read, and was not polled.

    A poll takes a lease. At its end it sets both `alive_at` and `poll_at`, so either of them shows
    that the run was polled.
    """
    model = SessionAgent
    condition: Condition = model.lease_until.does_not_exist() & model.poll_at.does_not_exist()
    condition &= same(model.alive_at, agent.alive_at)
    return condition


def in_time(now: str) -> Condition:
    """The agent's deadline has not passed, whether or not a sweep has looked at it."""
    deadline_at = SessionAgent.deadline_at
    condition: Condition = deadline_at.does_not_exist() | (deadline_at > now)
    return condition
