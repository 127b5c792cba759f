"""Questions to a user or a group: where they are listed, and who may answer and claim them.

An index lists an agent that asks under its assignee, or under who has claimed the question, or else
under its group. A claim keeps others from answering. It is no token: the run decides, as always.
"""

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.errors import Forbidden, InvalidState

# After every date.
NO_DEADLINE = "9999"


def listed(agent: models.SessionAgent, asked_at: str, due_at: str | None) -> Changes:
    """What lists an agent that begins to ask. Nobody has claimed the question yet."""
    return {"claimed_by": None, "claimed_at": None, **_place(agent, None, asked_at, due_at)}


def claimed(agent: models.SessionAgent, user_id: str, at: str) -> Changes:
    """What a claim changes: the question is among those of the user."""
    return {"claimed_by": user_id, "claimed_at": at, **_moved(agent, user_id)}


def released(agent: models.SessionAgent) -> Changes:
    """What a release changes: the question is where it was before the claim."""
    return {"claimed_by": None, "claimed_at": None, **_moved(agent, None)}


def _moved(agent: models.SessionAgent, user_id: str | None) -> Changes:
    # An agent that an earlier version let ask has the time only in the list of open work.
    asked_at = agent.asked_at or str(agent.open_since).partition("#")[0]
    return _place(agent, user_id, asked_at, agent.deadline_at)


def _place(
    agent: models.SessionAgent, claimed_by: str | None, asked_at: str, due_at: str | None
) -> Changes:
    key = _key(agent, claimed_by)
    order = f"{due_at or NO_DEADLINE}#{asked_at}#{agent.session_agent_uuid}"
    return {"asked_of": key, "asked_order": None if key is None else order}


def _key(agent: models.SessionAgent, claimed_by: str | None) -> str | None:
    user = claimed_by or agent.asked_user
    if user is not None:
        return models.asked_of_user(agent.partition_key, user)
    if agent.asked_group is not None:
        return models.asked_of_group(agent.partition_key, agent.asked_group)
    return None


def check(caller: Caller, agent: models.SessionAgent) -> None:
    """Check that a caller may answer or claim the question of an agent that asks.

    A service of the tenant may do so for others, unless one of them has claimed it. Raises
    Forbidden, which names whom the agent asks; InvalidState, which names who has claimed it.
    """
    user, group = agent.asked_user, agent.asked_group
    if not caller.is_service:
        if user is not None and user != caller.user_id:
            raise Forbidden(f"This question is to the user {user!r}")
        if group is not None and group not in caller.groups:
            raise Forbidden(f"This question is to the group {group!r}")
    if agent.claimed_by not in (None, caller.user_id):
        message = f"{agent.claimed_by!r} has claimed this question"
        raise InvalidState(message, agent.state.upper())


def is_free_for(caller: Caller) -> Condition:
    """Nobody but the caller has claimed the question."""
    claimed_by = models.SessionAgent.claimed_by
    condition: Condition = claimed_by.does_not_exist()
    return condition if caller.user_id is None else condition | (claimed_by == caller.user_id)
