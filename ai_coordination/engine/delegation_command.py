"""The command by which an agent reports that it delegates work, with the run as its token."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine import agent_commands
from ai_coordination.engine.agent import delegation, fail
from ai_coordination.engine.context import Engine
from ai_coordination.errors import Throttled
from ai_coordination.models import moves, reads
from ai_coordination.runtimes.base import Delegation, RunFailed
from ai_coordination.runtimes.delegations import Work
from ai_coordination.services import reported_usage, validation
from ai_coordination.states import RunOutcome, SessionAgentState

BUSY: Final = "Others keep adding agents to this session: try again later"


def delegate(
    engine: Engine,
    caller: Caller,
    *,
    session_uuid: str,
    session_agent_uuid: str,
    run_uuid: str,
    work: Sequence[Mapping[str, Any]],
    notes: str | None = None,
    resume: Any = None,
    usage: Mapping[str, Any] | None = None,
) -> models.SessionAgent:
    """Take the work that a run in progress delegates, with which it ends.

    The same work of the same run returns the agent again, also when it has run since. In its last
    turn the agent fails instead, and InvalidState says so; likewise if the session would have too
    many agents. Raises BadUserInput, NotFound, PayloadTooLarge, Throttled too.
    """
    used = reported_usage.checked(usage)
    notes = validation.text(notes, "notes")
    pieces = [_work(piece, "work", index) for index, piece in enumerate(work)]
    given = Delegation(pieces, resume, used, notes and notes[: agent_commands.LONGEST_NOTES])
    agent = agent_commands.agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    delegation.check(agent, given)
    reason = None
    if agent.state == SessionAgentState.IN_PROGRESS and agent.current_run_uuid == run_uuid:
        reason = _delegate(engine, agent, given)
    run = agent_commands.run_of(caller, agent, run_uuid)
    agent = agent_commands.agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    if run.outcome is None and _may_still_delegate(engine, agent, run_uuid):
        raise Throttled(BUSY)
    is_taken = run.outcome == RunOutcome.DELEGATED
    if not is_taken or not texts.is_same(run.output, delegation.as_text(given)):
        has_failed = reason is not None and texts.is_same(run.notes, reason)
        why = reason if has_failed else agent_commands.REPORTED
        raise agent_commands.refused(agent, str(why))
    return agent


def _may_still_delegate(engine: Engine, agent: models.SessionAgent, run_uuid: str) -> bool:
    """Whether nothing but other agents that were added meanwhile is in the way."""
    in_time = agent.deadline_at is None or agent.deadline_at > engine.now()
    is_open = agent.state == SessionAgentState.IN_PROGRESS and agent.current_run_uuid == run_uuid
    if not (is_open and in_time):
        return False
    session = _session(agent)
    # One that is being ended gets no more agents.
    return session is not None and not session.operation


def _session(agent: models.SessionAgent) -> models.Session | None:
    return reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )


def _work(piece: Mapping[str, Any], *path: str | int) -> Work:
    query = validation.text(piece["subtask_query"], *path, "subtask_query")
    return Work(piece["agent_uuid"], str(query), tuple(piece.get("after") or ()))


def _delegate(engine: Engine, agent: models.SessionAgent, given: Delegation) -> str | None:
    """Why the agent has failed instead; None if it has not."""
    session = _session(agent)
    if session is None:
        return None
    try:
        delegation.delegate(engine, session, agent, given, reported=True)
    except RunFailed as failed:
        fail.fail_run(engine, agent, failed, moves.in_time(engine.now()))
        return failed.notes
    return None
