"""People: whom agents ask, who claims questions, and what must hold of both."""

from collections.abc import Sequence
from dataclasses import replace

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.engine.agent import answer
from ai_coordination.states import SessionAgentState

ASSIGNEE, GROUP = "u-2", "g"
# Whom the agents of a blueprint ask: all, a user, or a group.
WHOM: Sequence[dict[str, str]] = [{}, {}, {"assignee": ASSIGNEE}, {"group": GROUP}]


def members(caller: Caller) -> list[Caller]:
    """The people of the group."""
    return [replace(caller, user_id=name, groups=("f", GROUP)) for name in ("eve", "max")]


def of(caller: Caller) -> list[Caller]:
    """The people of a tenant, and a service of it."""
    return [
        caller,
        replace(caller, user_id=ASSIGNEE),
        *members(caller),
        replace(caller, user_id=None, is_service=True),
    ]


def may(caller: Caller, agent: models.SessionAgent) -> bool:
    """Whether a caller may answer and claim: by the rules as a reader of the guide knows them."""
    if agent.claimed_by is not None and agent.claimed_by != caller.user_id:
        return False
    is_asked = agent.asked_user in (None, caller.user_id)
    is_member = agent.asked_group is None or agent.asked_group in caller.groups
    return caller.is_service or (is_asked and is_member)


def always(agent: models.SessionAgent) -> None:
    """At any moment: a question is in the list of one user or group, and nothing else is in one."""
    claim = agent.claimed_by, agent.claimed_at
    assert (claim[0] is None) == (claim[1] is None)
    if agent.state != SessionAgentState.WAITING_FOR_INPUT:
        listed = agent.asked_of, agent.asked_order, agent.asked_title
        assert not any((*claim, *listed)), "it is listed, or claimed, and asks nobody"
        return
    assert agent.open_as
    user = agent.claimed_by or agent.asked_user
    key = None if user is None else f"{agent.partition_key}#u#{user}"
    if key is None and agent.asked_group is not None:
        key = f"{agent.partition_key}#g#{agent.asked_group}"
    assert agent.asked_of == key, "it is not listed for those whom it asks"
    if key is not None:
        due_at, asked_at, uuid = agent.asked_order.split("#")
        assert (due_at, asked_at) == (agent.deadline_at or "9999", agent.asked_at)
        assert uuid == agent.session_agent_uuid


def moved(people: Sequence[Caller], was: models.SessionAgent, agent: models.SessionAgent) -> None:
    """Check one write: nobody takes what another has, or what is not for them."""
    asks = SessionAgentState.WAITING_FOR_INPUT
    assert (was.asked_user, was.asked_group) == (agent.asked_user, agent.asked_group)
    if was.state == agent.state == asks and was.current_run_uuid == agent.current_run_uuid:
        if was.claimed_by != agent.claimed_by:
            assert None in (was.claimed_by, agent.claimed_by), "a claim has replaced another"
            assert agent.claimed_by is None or _allowed(people, agent.claimed_by, was)
        return
    is_answered = was.state == asks and agent.answered_by != was.answered_by
    if is_answered and agent.answered_by not in (None, answer.ENGINE):
        assert _allowed(people, agent.answered_by, was), "an answer of another is taken"
    elif was.state == asks and agent.answered_at and agent.answered_by is None:
        assert was.claimed_by is None, "a service has answered what a person had claimed"


def _allowed(people: Sequence[Caller], name: str, was: models.SessionAgent) -> bool:
    return any(may(one, was) for one in people if one.user_id == name)
