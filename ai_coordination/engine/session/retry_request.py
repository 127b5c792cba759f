"""What a caller asks of a retry, checked before anything is written."""

from collections.abc import Sequence

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.session import retry_plan
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import reads
from ai_coordination.services import session as sessions
from ai_coordination.services import validation
from ai_coordination.services.members import compact_all


def named(session_agent_uuids: Sequence[str] | None) -> list[str] | None:
    """The addresses of agents that a caller names. Raises BadUserInput."""
    if session_agent_uuids is None:
        return None
    place = "session_agent_uuids"
    if not session_agent_uuids:
        raise BadUserInput("Name at least one agent, or leave this out", place)
    for index, uuid in enumerate(validation.bounded(session_agent_uuids, place)):
        validation.uuid(uuid, place, index)
    validation.distinct(session_agent_uuids, place)
    return list(session_agent_uuids)


def planned(
    caller: Caller, session: models.Session, chosen: list[str] | None, *, with_members: bool
) -> Plan:
    """What a retry resets of a session that had ended when it was read.

    Raises BadUserInput for agents that are unknown or no members any more; InvalidState where
    there is nothing to begin from.
    """
    agents = reads.all_rows(models.SessionAgent, session.session_uuid, tenant=caller.partition_key)
    known = {agent.session_agent_uuid for agent in agents}
    for index, uuid in enumerate(chosen or ()):
        if uuid not in known:
            message = "This is no agent of the session"
            raise BadUserInput(message, "session_agent_uuids", index)
    plan = retry_plan.plan(agents, chosen)
    if not plan.reset:
        message = "No agent of this session failed, was cancelled or was skipped"
        raise InvalidState(message, sessions.status_of(session).upper())
    if not with_members:
        return plan
    wanted = {agent.agent_uuid for agent in agents if int(agent.ordinal) in plan.reset}
    return retry_plan.plan(agents, chosen, _current_members(session, wanted))


def _current_members(session: models.Session, wanted: set[str]) -> dict[str, models.Agent]:
    coordination = reads.get(
        models.Coordination,
        session.partition_key,
        session.coordination_uuid,
        tenant=session.partition_key,
    )
    members = {} if coordination is None else {one.agent_uuid: one for one in coordination.agents}
    lost = sorted(wanted - members.keys())
    if lost:
        message = f"The coordination has no agent {', '.join(map(repr, lost))} any more"
        raise BadUserInput(message, "with_current_members")
    pinned = compact_all(texts.Owner.of(session), [members[uuid] for uuid in sorted(wanted)])
    return {member.agent_uuid: member for member in pinned}
