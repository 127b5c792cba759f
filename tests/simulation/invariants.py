"""Invariants of a session: at any time, and when nothing is due."""

from ai_coordination import models
from ai_coordination.models.texts import LargeText
from ai_coordination.services import session_graph
from ai_coordination.services.counts import total
from ai_coordination.states import (
    TERMINAL_AGENT,
    TERMINAL_SESSION,
    FailurePolicy,
    SessionAgentState,
    SessionStatus,
)
from tests.simulation import conditions, growths
from tests.simulation.simulator import TENANT, Simulator
from tests.simulation.snapshot import Snapshot, StoreReader

OPEN = (SessionAgentState.IN_PROGRESS, SessionAgentState.WAITING_FOR_INPUT)
STARTED = (*OPEN, SessionAgentState.COMPLETED)
OF_THE_TENANT = (
    models.Coordination,
    models.Task,
    models.Session,
    models.SessionAgent,
    models.SessionRun,
    models.SessionLabel,
)
OF_A_SESSION = (models.SessionAgent, models.SessionRun, models.SessionLabel)


def _keeps_only_open_work(agent: models.SessionAgent) -> None:
    """What is kept of work elsewhere is of a run in progress, or of a question without reply."""
    if agent.remote and agent.state == SessionAgentState.WAITING_FOR_INPUT:
        assert agent.asked_question, "work of an output"
        assert not agent.poll_at
    elif agent.poll_at or agent.remote:
        assert agent.state == SessionAgentState.IN_PROGRESS, "work of a run that is over"
        assert agent.due_at, "nobody looks for it"


def always(now: Snapshot) -> None:
    """At any moment, between any two writes."""
    growths.always(now)
    for agent in now.agents:
        _starts_in_time(now, agent)
        _keeps_only_open_work(agent)
    session = now.session
    assert session.due_at or not session.operation, "work over many items that nobody looks for"
    if session.operation:
        return
    if session.final_progress is not None:
        assert session.status in TERMINAL_SESSION, "it was started again"
        assert session_graph.final_progress(session) == session_graph.progress(now.present())
    if session.status == SessionStatus.INITIAL:
        assert all(agent.iteration == 0 for agent in now.agents), "ready, and nothing is started"
    if session.status == SessionStatus.IN_PROGRESS:
        assert {int(one) for one in session.awaiting_input or ()} == now.asking()
        assert session.waiting_on or any(one.due_at for one in now.agents), "never completed"
        for agent in now.agents:
            assert _is_looked_for(now, agent), f"{agent.ordinal}: nothing follows"
    elif session.status in TERMINAL_SESSION:
        assert not now.unfinished()
        for agent in now.agents:
            assert agent.due_at or _is_sealed(now, agent), f"{agent.ordinal}: never sealed"


def counts(reader: StoreReader) -> None:
    """Counts equal children, and nothing is another tenant's."""
    for coordination in reader.all_of(models.Coordination):
        uuid = coordination.coordination_uuid
        tasks = [one for one in reader.all_of(models.Task) if one.coordination_uuid == uuid]
        sessions = [one for one in reader.all_of(models.Session) if one.coordination_uuid == uuid]
        beside = [one for one in reader.all_of(models.ChildCounts) if one.parent_uuid == uuid]
        counted = beside[0] if beside else None
        assert total(coordination, counted, "task_count") == len(tasks)
        assert total(coordination, counted, "session_count") == len(sessions)
    now = reader.session()
    if now is None:
        assert not any(reader.all_of(kind) for kind in OF_A_SESSION), "left of a session"
    elif not now.is_being_purged:
        assert now.session.agent_count == len(now.agents)
        assert now.session.run_count == 0
        for agent in now.agents:
            assert agent.run_count == len(now.runs_of(agent))
    for kind in OF_THE_TENANT:
        assert {one.partition_key for one in reader.all_of(kind)} <= {TENANT}


def vanishes(before: Snapshot | None, now: Snapshot) -> None:
    """A session that is being purged: it has ended, and somebody looks for it until it is gone."""
    assert now.session.status in TERMINAL_SESSION
    assert now.session.due_at, "nobody goes on with the purge"
    assert now.session.purge_at is None
    if before is not None and before.is_being_purged:
        assert now.by_ordinal.keys() <= before.by_ordinal.keys()
        assert now.agents or len(now.runs) <= len(before.runs), "a run of nobody"


def _starts_in_time(now: Snapshot, agent: models.SessionAgent) -> None:
    """Nor does a result rest on one that has changed: a retry resets all that follows."""
    if agent.state in STARTED:
        before = now.inputs(agent)
        if now.session.operation:
            before = [one for one in before if one.iteration <= agent.iteration]
        assert len(now.before(agent)) == len(agent.predecessors or ())
        assert all(one.state in TERMINAL_AGENT for one in before), f"{agent.ordinal} is early"
        assert all(one.iteration <= agent.iteration for one in before), f"{agent.ordinal} is old"


def says_when(agent: models.SessionAgent) -> None:
    """It says when it ended exactly if it has; and when it began, if another run may follow.

    Earlier versions did not say it.
    """
    assert (agent.finished_at is not None) == (agent.state in TERMINAL_AGENT)
    again = agent.throttles or agent.attempt > 1
    assert agent.began_at is not None or not again
    assert not agent.began_at or agent.began_at <= (agent.finished_at or agent.updated_at)


def _is_looked_for(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether it has a due time, a predecessor with one that will release it, or asks a person."""
    if agent.due_at:
        return True
    if agent.state == SessionAgentState.INITIAL:
        before = (now.by_ordinal.get(at) for at in now.waits_for(agent))
        return bool(agent.waiting_on) or any(one and one.due_at for one in before)
    if agent.state == SessionAgentState.WAITING_FOR_INPUT:
        return agent.deadline_at is None
    return _owes_nothing(now, agent)


def _owes_nothing(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether an agent has ended without outstanding work, in a session that is in progress.

    Or it was in an earlier iteration, and a retry has left it so.
    """
    if agent.state in TERMINAL_AGENT and agent.iteration < now.session.iteration_count:
        return _is_sealed(now, agent)
    if agent.state not in TERMINAL_AGENT - {SessionAgentState.CANCELLED}:
        return False
    ends_it = agent.agent_action.on_failure == FailurePolicy.FAIL_SESSION
    if agent.state == SessionAgentState.FAILED and ends_it:
        return False
    return _is_sealed(now, agent) and _has_released(now, agent)


def _has_released(now: Snapshot, agent: models.SessionAgent) -> bool:
    waiting = [one.waiting_on for one in now.after(agent) if one.iteration == agent.iteration]
    if now.session.iteration_count == agent.iteration:
        waiting.append(now.session.waiting_on)
    return all(agent.ordinal not in (one or ()) for one in waiting)


def _is_sealed(now: Snapshot, agent: models.SessionAgent) -> bool:
    if agent.state != SessionAgentState.COMPLETED:
        return True
    outcomes = {run.run_uuid: run.outcome for run in now.runs_of(agent)}
    return outcomes[str(agent.current_run_uuid)] == "completed"


def at_rest(now: Snapshot) -> None:
    """Once nothing is due."""
    always(now)
    growths.at_rest(now)
    session, unfinished = now.session, now.unfinished()
    assert not session.operation
    assert (session.status in TERMINAL_SESSION) == (not unfinished)
    for agent in now.agents:
        _waits_rightly(now, agent, unfinished)
        assert _is_sealed(now, agent)
    for run in now.runs:
        owner = next(one for one in now.agents if one.session_agent_uuid == run.session_agent_uuid)
        assert run.outcome is not None or owner.state in OPEN, f"{owner.ordinal}: a run is open"
    assert session.status != SessionStatus.FAILED or _has_failed_rightly(now)
    if session.status == SessionStatus.COMPLETED:
        for agent in now.agents:
            _went_by_the_policies(now, agent)


def _has_failed_rightly(now: Snapshot) -> bool:
    """Whether an agent of this iteration has failed whose failure is the session's.

    Or a retry has left some that had ended so before, or its budget is used up.
    """
    budget_is_used_up = any("budget" in entry.message for entry in now.session.logs)
    return (
        bool(now.session.falls_short)
        or budget_is_used_up
        or any(
            agent.state == SessionAgentState.FAILED
            and agent.iteration == now.session.iteration_count
            and agent.agent_action.on_failure == FailurePolicy.FAIL_SESSION
            for agent in now.agents
        )
    )


def _waits_rightly(now: Snapshot, agent: models.SessionAgent, unfinished: set[int]) -> None:
    if agent.state == SessionAgentState.INITIAL:
        waits_for = now.waits_for(agent) & unfinished
        assert {int(one) for one in agent.waiting_on or ()} == waits_for


def _went_by_the_policies(now: Snapshot, agent: models.SessionAgent) -> None:
    """Of this iteration: what is behind a failure that skips is skipped, and nothing else is.

    Whatever a retry has left of earlier ones has not failed the session, and is not cancelled.
    """
    if agent.superseded:
        return
    assert agent.state != SessionAgentState.CANCELLED
    if agent.state == SessionAgentState.FAILED:
        assert agent.agent_action.on_failure != FailurePolicy.FAIL_SESSION
    if agent.iteration != now.session.iteration_count:
        return
    of_now = [one for one in now.before(agent) if one.iteration == agent.iteration]
    behind = any(map(conditions.skips, of_now))
    is_skipped = agent.state == SessionAgentState.SKIPPED
    assert (is_skipped and bool(agent.skip_requested)) == behind
    if not (behind or is_skipped) and growths.fails(now, agent):
        assert agent.state == SessionAgentState.FAILED
        assert str(agent.notes).startswith("`when` has failed: ")
    if not behind:
        assert is_skipped == (conditions.is_dead(now, agent) or not growths.may_run(now, agent))


def texts_are_kept(now: Snapshot, world: Simulator) -> None:
    """What an item says is in the bucket is there, in the folder of its own session.

    The parameters of members and the schemas of actions may be in the coordination's. Version 0.1.0
    did not name the coordination.
    """
    session = now.session
    folder = f"{session.coordination_uuid}/{session.session_uuid}"
    folders = {folder, session.session_uuid, f"{session.coordination_uuid}/own"}
    named = [now.session.task_query, now.session.output]
    for agent in now.agents:
        named += [agent.subtask_query, agent.agent_input, agent.agent_output, agent.user_input]
        named += [agent.question, agent.question_form, agent.resume, agent.reply]
        named += [agent.notes, agent.last_failure, agent.agent_action.output_schema]
        if agent.member is not None:
            named.append(agent.member.runtime.kept_parameters)
    for text in named:
        if isinstance(text, LargeText):
            assert text.folder in folders
            key = f"acme/sales/{text.folder}/{text.sha256}"
            assert len(world.bucket.texts[key].encode()) == text.size
    if not world.queue:
        found = {key.removeprefix("acme/sales/").rpartition("/")[0] for key in world.bucket.texts}
        # There are other coordinations, too.
        of_sessions = {one for one in found if not one.endswith("/own")}
        assert of_sessions <= folders, "texts of no session"
