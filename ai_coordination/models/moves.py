"""The one way a session's status and an agent's state change: by a legal move, conditionally.

A move is a list of actions and a condition, to be made part of one write. Nothing else writes
`status` or `state`.
"""

from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import states
from ai_coordination.models.session import Session
from ai_coordination.models.session_agent import SessionAgent
from ai_coordination.states import SessionAgentState, SessionStatus

Move = tuple[list[Action], Condition]


def session(to: SessionStatus, iteration: int, *, retry: bool = False) -> Move:
    """A session's move out of any state from which it is legal, in one of its iterations."""
    sources = sorted(states.sources(to, retry=retry))
    condition: Condition = Session.status.is_in(*(one.value for one in sources))
    return [Session.status.set(to.value)], condition & (Session.iteration_count == iteration)


def agent(
    to: SessionAgentState,
    iteration: int,
    *,
    out_of: SessionAgentState | None = None,
    retry: bool = False,
) -> Move:
    """An agent's move in one iteration: out of one state, or out of any that is legal."""
    if out_of is not None and not states.may_move(out_of, to, retry=retry):
        raise ValueError(f"{out_of} to {to} is no legal move")
    sources = sorted(states.sources(to, retry=retry)) if out_of is None else [out_of]
    condition: Condition = SessionAgent.state.is_in(*(one.value for one in sources))
    return [SessionAgent.state.set(to.value)], condition & (SessionAgent.iteration == iteration)


def out_of_initial(agent_as_read: SessionAgent, to: SessionAgentState) -> Move:
    """The move of an agent that may start, which is still as it was read.

    The run is the fence. `attempt` alone would be none, for it may go back; each claim has a run
    of its own.
    """
    read, kind = agent_as_read, SessionAgent
    actions, stands = agent(to, int(read.iteration), out_of=SessionAgentState.INITIAL)
    return actions, (
        stands
        & kind.waiting_on.does_not_exist()
        & (kind.attempt == read.attempt)
        & same(kind.current_run_uuid, read.current_run_uuid)
        & same(kind.not_before, read.not_before)
        & same(kind.skip, read.skip)
    )


def same(attribute: Any, value: Any) -> Condition:
    """An attribute is as it was read: None where it was not there."""
    condition: Condition = attribute.does_not_exist() if value is None else attribute == value
    return condition
