"""Decide whether an agent that may start is skipped instead.

A failure skips an agent if a predecessor's failure policy says so. A condition skips it without any
failure: then its successors run if another of their predecessors did.
"""

from collections.abc import Sequence

from ai_coordination import models
from ai_coordination.engine.agent import view
from ai_coordination.states import FailurePolicy, SessionAgentState

ALL_DEAD = "Skipped: all its predecessors were skipped"


def is_first_look(agent: models.SessionAgent) -> bool:
    """Whether nothing has happened in this iteration to an agent that may start.

    Only then conditions are asked. What has begun is not undone by them.
    """
    return bool(
        not agent.grown
        and not agent.grew
        and agent.current_turn == 1
        and agent.attempt == 0
        and not agent.throttles
        and not agent.delayed
        and agent.agent_output is None
    )


def may_be_invoked(agent: models.SessionAgent) -> bool:
    """Whether nothing that is known of the agent alone skips it."""
    return not agent.skip_requested and not _is_dead(agent)


def why_skipped(
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> str | None:
    """The note of an agent that is skipped now. None if it is not.

    Raises SettingFailed, TextUnavailable, Throttled.
    """
    if agent.skip_requested:
        return _failed_before(predecessors)
    if _is_dead(agent):
        return ALL_DEAD
    when = agent.agent_action.when
    if when is None or not is_first_look(agent):
        return None
    holds = view.condition("when", when, session, predecessors, agent=agent)
    return None if holds else f"Skipped: `when` is {'null' if holds is None else 'false'}: {when}"


def _is_dead(agent: models.SessionAgent) -> bool:
    return agent.has_only_dead_predecessors and is_first_look(agent)


def _failed_before(predecessors: Sequence[models.SessionAgent]) -> str:
    """Name the first predecessor because of which an agent is skipped."""
    for predecessor in predecessors:
        name = predecessor.member.agent_name
        if predecessor.state == SessionAgentState.SKIPPED and predecessor.skip_requested:
            return f"Skipped: {name} was skipped"
        skips = predecessor.agent_action.on_failure == FailurePolicy.SKIP_SUCCESSORS
        if predecessor.state == SessionAgentState.FAILED and skips:
            return f"Skipped: {name} has failed"
    return "Skipped: a predecessor has failed"
