"""Commands on a session as a whole: start, dispatch, cancel, retry and purge it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import pinned_tasks
from ai_coordination.engine.session import dispatch as dispatching
from ai_coordination.engine.session import end, operation, retry_request, start_request
from ai_coordination.engine.session import purge as purging
from ai_coordination.engine.session import retry as retrying
from ai_coordination.engine.session import start as starting
from ai_coordination.engine.session.operation import Operation
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import reads
from ai_coordination.services import budgets, guards, idempotent_create, validation
from ai_coordination.services import session as sessions
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.input_files import input_files_of
from ai_coordination.services.labels import labels_of
from ai_coordination.services.members import compact
from ai_coordination.states import TERMINAL_SESSION, SessionStatus

NOUN = "session"


def start(
    engine: Engine,
    caller: Caller,
    *,
    coordination_uuid: str,
    task_uuid: str,
    user_id: str | None = None,
    task_query: str | None = None,
    input_files: Sequence[Mapping[str, Any]] | None = None,
    subtask_queries: Sequence[Mapping[str, Any]] | None = None,
    thread_uuid: str | None = None,
    labels: Sequence[Mapping[str, Any]] | None = None,
    budget: Mapping[str, Any] | None = None,
    schedule: models.TaskSchedule | None = None,
    idempotency_key: str | None = None,
) -> models.Session:
    """Start a session of a task. Everything is checked before anything is written.

    A key that was used before returns its session, whatever the coordination and the task are now.

    Raises BadUserInput, PayloadTooLarge, NotFound for the task, Conflict for a used key, Throttled;
    Replaced if the schedule's timer has been replaced.
    """
    arguments = MutationInput(
        "Session" if schedule is None else "Firing",
        "startSession",
        {
            "coordination_uuid": coordination_uuid,
            "task_uuid": task_uuid,
            "user_id": user_id,
            "task_query": task_query,
            "input_files": input_files or [],
            "subtask_queries": subtask_queries,
            "thread_uuid": thread_uuid,
            "labels": labels or None,
            "budget": budget,
        },
    )

    def write() -> models.Session:
        validation.uuid(coordination_uuid, "coordination_uuid")
        validation.uuid(task_uuid, "task_uuid")
        coordination, task = reads.batch_get(
            [
                (models.Coordination, caller.partition_key, coordination_uuid),
                (models.Task, coordination_uuid, task_uuid),
            ],
            tenant=caller.partition_key,
            context=caller.context,
        )
        if coordination is None or task is None:
            raise guards.not_found("task", "task_uuid")
        query = validation.text(task_query, "task_query")
        query = task.initial_task_query if query is None else query
        planned = start_request.planned(coordination, task, query, subtask_queries)
        pinned = pinned_tasks.gather(caller.context, coordination, task)
        if pinned is not None:
            pinned_tasks.check_queries(pinned, planned)
        of_session = [agent.member for agent in planned]
        of_session += pinned.members.values() if pinned is not None else ()
        limits = budgets.of_start(caller, budget, task, of_session)
        now = engine.now()
        session = models.Session(
            coordination_uuid=coordination_uuid,
            session_uuid=engine.context.new_uuid(),
            partition_key=caller.partition_key,
            task_uuid=task_uuid,
            schedule_uuid=None if schedule is None else schedule.schedule_uuid,
            coordination_name=coordination.coordination_name,
            task_name=task.task_name,
            output_expression=task.output,
            user_id=validation.shown_label(user_id, "user_id"),
            tenant_user=models.tenant_user(caller.partition_key, user_id),
            thread_uuid=validation.label(thread_uuid, "thread_uuid"),
            labels=labels_of(labels, "labels") or None,
            input_files=input_files_of(input_files or [], "input_files"),
            budget=limits,
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        pending = texts.PendingTexts(texts.Owner.of(session))
        session.task_query = pending.stored_form(query)
        if pinned is not None:
            session.next_ordinal = len(planned)
            session.pinned_tasks = pinned_tasks.stored(pinned, pending)
        members = {agent.member.agent_uuid: compact(pending, agent.member) for agent in planned}
        planned = [
            agent._replace(
                text=pending.stored_form(agent.text), member=members[agent.member.agent_uuid]
            )
            for agent in planned
        ]
        place = "task_uuid" if subtask_queries is None else "subtask_queries"
        plan = starting.plan_start(engine, session, planned, place)
        return start_request.create(
            engine, caller, session, plan, pending, idempotency_key, arguments, schedule
        )

    session = idempotent_create.run(caller, models.Session, idempotency_key, arguments, write)
    is_marked = session.operation == Operation.START
    return (starting.resume(engine, session) if is_marked else session) or _read_again(session)


def _read_again(session: models.Session) -> models.Session:
    now = reads.get(
        models.Session,
        session.coordination_uuid,
        session.session_uuid,
        tenant=session.partition_key,
    )
    if now is None:
        raise guards.not_found(NOUN)
    return now


def dispatch(
    engine: Engine, caller: Caller, *, coordination_uuid: str, session_uuid: str
) -> models.Session:
    """Start a session that was built by hand. Raises NotFound, InvalidState, BadUserInput."""
    session = _get(caller, coordination_uuid, session_uuid)
    marked = dispatching.mark(engine, session)
    if marked is None:
        now = _get(caller, coordination_uuid, session_uuid)
        if now.agent_count == 0 and now.status == SessionStatus.INITIAL:
            raise BadUserInput("This session has no agents", "session_uuid")
        raise InvalidState("This session has started", sessions.status_of(now).upper())
    now = dispatching.resume(engine, marked) or _read_again(session)
    if now.status == SessionStatus.INITIAL and not operation.has_same_mark(now, marked):
        raise InvalidState("Another dispatch undid this one: dispatch the session again", "INITIAL")
    return now


def cancel(
    engine: Engine,
    caller: Caller,
    *,
    coordination_uuid: str,
    session_uuid: str,
    reason: str | None = None,
) -> models.Session:
    """Cancel a session that has not ended, together with its agents that have not.

    A cancelled session is returned as it is. Raises NotFound; InvalidState if it ended otherwise.
    """
    reason = validation.text(reason, "reason")
    session = _get(caller, coordination_uuid, session_uuid)
    if session.status == SessionStatus.CANCELLED:
        return session
    message = f"Cancelled: {reason}"[:500] if reason else "Cancelled"
    marked = end.mark_cancelled(engine, session, message)
    if marked is None:
        now = _get(caller, coordination_uuid, session_uuid)
        if now.status == SessionStatus.CANCELLED:
            return now
        raise InvalidState(
            "This session has ended, or is about to fail", sessions.status_of(now).upper()
        )
    end.resume(engine, marked)
    return _get(caller, coordination_uuid, session_uuid)


def retry(
    engine: Engine,
    caller: Caller,
    *,
    coordination_uuid: str,
    session_uuid: str,
    session_agent_uuids: Sequence[str] | None = None,
    with_current_members: bool | None = False,
) -> models.Session:
    """Start an ended session again: the agents that failed or are named, and all that follow them.

    If a retry is already in progress, that one is resumed, whatever it began from. Raises
    BadUserInput for agents that are not in the session, or not in the coordination; NotFound;
    InvalidState for a session that has not ended, has nothing to begin from, or has lost an agent,
    and for a retry in progress that is undone because its plan is lost.
    """
    named = retry_request.check_named(session_agent_uuids)
    session = _get(caller, coordination_uuid, session_uuid)
    marked: models.Session | None = session
    if session.operation not in operation.RETRIES:
        if session.status not in TERMINAL_SESSION:
            raise _not_retried(session)
        plan = retry_request.plan(caller, session, named, with_members=bool(with_current_members))
        marked = retrying.mark(engine, session, plan)
    if marked is None:
        raise _not_retried(_read_again(session))
    now = retrying.resume(engine, marked) or _read_again(session)
    if now.iteration_count == marked.iteration_count and not operation.has_same_mark(now, marked):
        message = "An earlier retry could not be resumed and was undone: retry the session again"
        raise InvalidState(message, sessions.status_of(now).upper())
    return now


def purge(
    engine: Engine, caller: Caller, *, coordination_uuid: str, session_uuid: str
) -> models.Session:
    """Delete an ended session with all that belongs to it: a worker does it, soon.

    From now on it counts as deleted. Raises NotFound; InvalidState if it has not ended, or is being
    retried.
    """
    session = _get(caller, coordination_uuid, session_uuid)
    marked = purging.mark(engine, session)
    if marked is None:
        now = _get(caller, coordination_uuid, session_uuid)
        message = "Only a session that has ended can be purged: cancel it first"
        raise InvalidState(message, sessions.status_of(now).upper())
    engine.send(marked)
    return marked


def _not_retried(session: models.Session) -> InvalidState:
    message = "Only an ended session that still has all its agents can be retried"
    return InvalidState(message, sessions.status_of(session).upper())


def _get(caller: Caller, coordination_uuid: str, session_uuid: str) -> models.Session:
    session = sessions.get(caller, coordination_uuid, session_uuid)
    if session is None:
        raise guards.not_found(NOUN, "session_uuid")
    return session
