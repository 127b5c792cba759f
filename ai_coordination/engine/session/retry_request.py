"""Check a caller's request to retry a session, before anything is written."""

from collections.abc import Sequence

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.planning import pinned_tasks
from ai_coordination.engine.session import retry_plan
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import reads
from ai_coordination.services import budgets, validation
from ai_coordination.services import session as sessions
from ai_coordination.services.members import compact_all

_UNKNOWN = "This is not an agent of the session"
_SUPERSEDED = "A retry has replaced this agent: name its parent"
_REPLACED = "This retry replaces this agent, because its parent begins anew: name its parent"


def check_named(session_agent_uuids: Sequence[str] | None) -> list[str] | None:
    """Return the UUIDs of the agents that a caller names. Raises BadUserInput."""
    if session_agent_uuids is None:
        return None
    place = "session_agent_uuids"
    if not session_agent_uuids:
        raise BadUserInput("Name at least one agent, or leave this out", place)
    for index, uuid in enumerate(validation.bounded(session_agent_uuids, place)):
        validation.uuid(uuid, place, index)
    validation.distinct(session_agent_uuids, place)
    return list(session_agent_uuids)


def plan(
    caller: Caller, session: models.Session, named: list[str] | None, *, with_members: bool
) -> Plan:
    """Plan the retry of a session that had ended when it was read.

    Raises BadUserInput for agents that are not in the session, or not in the coordination;
    InvalidState if there is nothing to begin from.
    """
    agents = reads.all_rows(models.SessionAgent, session.session_uuid, tenant=caller.partition_key)
    known = {agent.session_agent_uuid: agent for agent in agents}
    for index, uuid in enumerate(named or ()):
        if uuid not in known:
            raise BadUserInput(_UNKNOWN, "session_agent_uuids", index)
        if known[uuid].superseded:
            raise BadUserInput(_SUPERSEDED, "session_agent_uuids", index)
    plan = retry_plan.plan(agents, named)
    for index, uuid in enumerate(named or ()):
        if int(known[uuid].ordinal) in plan.superseded:
            raise BadUserInput(_REPLACED, "session_agent_uuids", index)
    if not plan.reset:
        message = "No agent of this session failed, was cancelled, or was skipped after a failure"
        raise InvalidState(message, sessions.status_of(session).upper())
    if not with_members:
        return plan
    wanted = {agent.agent_uuid for agent in agents if int(agent.ordinal) in plan.reset}
    return retry_plan.plan(agents, named, _current_members(session, wanted))


def _current_members(session: models.Session, wanted: set[str]) -> dict[str, models.Agent]:
    """The members of agents that are reset, and of those that may be added.

    One that may be added and that the coordination has no longer stays as it was pinned.
    """
    coordination = reads.get(
        models.Coordination,
        session.partition_key,
        session.coordination_uuid,
        tenant=session.partition_key,
    )
    members = (
        {} if coordination is None else {agent.agent_uuid: agent for agent in coordination.agents}
    )
    place = "with_current_members"
    lost = sorted(wanted - members.keys())
    if lost:
        message = f"The coordination has no agent {', '.join(map(repr, lost))}"
        raise BadUserInput(message, place)
    may_be_added = members.keys() & pinned_tasks.of(session).members.keys()
    of_session = [members[uuid] for uuid in sorted(wanted | may_be_added)]
    budgets.check_members(session.budget, session.partition_key, of_session, place)
    pinned = compact_all(texts.Owner.of(session), of_session)
    return {member.agent_uuid: member for member in pinned}
