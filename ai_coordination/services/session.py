"""Sessions: executions of tasks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.errors import EngineError, InvalidState
from ai_coordination.models import reads
from ai_coordination.models.writes import Transaction
from ai_coordination.services import (
    budgets,
    counts,
    guards,
    idempotent_create,
    validation,
    versioned_update,
)
from ai_coordination.services import labels as session_labels
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.input_files import input_files_of
from ai_coordination.services.task import queries
from ai_coordination.states import SessionStatus

E = TypeVar("E", bound=models.Entity)

NOUN = "session"

# What may change after the start. Agents already work on the rest.
ALWAYS_OPEN = frozenset({"user_id", "budget"})


def create(
    caller: Caller,
    *,
    coordination_uuid: str,
    task_uuid: str | None = None,
    user_id: str | None = None,
    task_query: str | None = None,
    input_files: Sequence[Mapping[str, Any]] | None = None,
    subtask_queries: Sequence[Mapping[str, Any]] | None = None,
    labels: Sequence[Mapping[str, Any]] | None = None,
    budget: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> models.Session:
    """Create a session that has not started and has no agents.

    Raises BadUserInput, PayloadTooLarge, NotFound for the coordination or the task, Conflict for
    a used key, Throttled.
    """
    input_files, subtask_queries = input_files or [], subtask_queries or []
    mutation_input = MutationInput(
        "Session",
        "createSession",
        {
            "coordination_uuid": coordination_uuid,
            "task_uuid": task_uuid,
            "user_id": user_id,
            "task_query": task_query,
            "input_files": input_files,
            "subtask_queries": subtask_queries,
            "labels": labels or None,
            "budget": budget,
        },
    )

    def write() -> models.Session:
        now = caller.context.now()
        session = models.Session(
            coordination_uuid=validation.uuid(coordination_uuid, "coordination_uuid"),
            session_uuid=caller.context.new_uuid(),
            partition_key=caller.partition_key,
            task_uuid=validation.optional_uuid(task_uuid, "task_uuid"),
            user_id=validation.shown_label(user_id, "user_id"),
            tenant_user=models.tenant_user(caller.partition_key, user_id),
            status=SessionStatus.INITIAL.value,
            input_files=input_files_of(input_files, "input_files"),
            labels=session_labels.labels_of(labels, "labels") or None,
            budget=budgets.build(budget),
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        pending = texts.PendingTexts(texts.Owner.of(session))
        session.task_query = pending.stored_form(validation.text(task_query, "task_query"))
        session.subtask_queries = _with_texts(pending, queries(subtask_queries, "subtask_queries"))
        if pending:
            texts.schedule_cleanup(pending.owner)
            pending.write()
        return idempotent_create.commit(
            caller,
            session,
            idempotency_key,
            mutation_input,
            lambda transaction: add_parts(transaction, caller, session),
        )

    return idempotent_create.run(caller, models.Session, idempotency_key, mutation_input, write)


def _with_texts(
    pending: texts.PendingTexts, subtask_queries: list[models.SubtaskQuery]
) -> list[models.SubtaskQuery]:
    for query in subtask_queries:
        query.subtask_query = pending.stored_form(query.subtask_query)
    return subtask_queries


def add_parts(transaction: Transaction, caller: Caller, session: models.Session) -> None:
    """Add the parts that require a new session's parents to exist, count it, and write its labels.

    Use only within `counts.with_migration`.
    """
    one_more = models.ChildCounts.session_count.add(1)
    coordination_uuid = session.coordination_uuid
    counts.count_child(transaction, caller, coordination_uuid, one_more, "coordination_uuid")
    # Not for a firing: it checks its schedule, and a task with schedules cannot be deleted.
    if session.task_uuid is not None and session.schedule_uuid is None:
        task = models.Task(session.coordination_uuid, session.task_uuid)
        counts.require_task(transaction, caller, task, "task_uuid")
    session_labels.add(transaction, session)


def get(caller: Caller, coordination_uuid: str, session_uuid: str) -> models.Session | None:
    """Read a session consistently. Returns None if the tenant has no such session.

    A session that is being purged counts as deleted.
    """
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(session_uuid, "session_uuid")
    return present(
        reads.get(models.Session, coordination_uuid, session_uuid, tenant=caller.partition_key)
    )


def present(entity: E | None) -> E | None:
    """Return an entity that callers may see: None for a session that is being purged."""
    is_gone = isinstance(entity, models.Session) and entity.is_being_purged
    return None if is_gone else entity


def status_of(session: models.Session) -> str:
    """Return the status that is shown: WAITING_FOR_INPUT if an agent asks a person."""
    if session.status == SessionStatus.IN_PROGRESS.value and session.awaiting_input:
        return SessionStatus.WAITING_FOR_INPUT.value
    return session.status


def update(
    caller: Caller,
    coordination_uuid: str,
    session_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.Session:
    """Change the given fields. None clears a field and empties a list.

    After the start only `user_id` and a budget's limits may change: anything else is InvalidState.
    """
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(session_uuid, "session_uuid")
    model = models.Session
    written: dict[str, Any] = {}
    pending = texts.PendingTexts(texts.Owner(caller.partition_key, coordination_uuid, session_uuid))
    if "user_id" in changes:
        user_id = validation.shown_label(changes["user_id"], "user_id")
        written["user_id"] = user_id
        written["tenant_user"] = models.tenant_user(caller.partition_key, user_id)
    if "task_query" in changes:
        written["task_query"] = pending.stored_form(
            validation.text(changes["task_query"], "task_query")
        )
    if "input_files" in changes:
        written["input_files"] = input_files_of(changes["input_files"] or [], "input_files")
    if "subtask_queries" in changes:
        subtask_queries = queries(changes["subtask_queries"] or [], "subtask_queries")
        written["subtask_queries"] = _with_texts(pending, subtask_queries)
    if "budget" in changes:
        written["budget"] = budgets.build(changes["budget"])
    put_texts(caller, pending)
    return versioned_update.apply(
        caller,
        model(coordination_uuid, session_uuid),
        NOUN,
        written,
        expected_version,
        condition=_may_change(changes.keys(), written.get("budget")),
        refused=_has_no_such_limit if ALWAYS_OPEN.issuperset(changes) else started,
    )


def _may_change(fields: Collection[str], budget: models.Budget | None) -> Condition:
    """The condition of an update."""
    if not ALWAYS_OPEN.issuperset(fields):
        return not_started()
    has_limit = budgets.had_such_limits(budget)
    present = models.is_not_being_purged()
    return present if has_limit is None else present & (not_started() | has_limit)


def put_texts(caller: Caller, pending: texts.PendingTexts) -> None:
    """Write a session's large texts, if the session exists. Raises NotFound, Throttled."""
    owner = pending.owner
    if pending and get(caller, owner.coordination_uuid, str(owner.session_uuid)) is None:
        raise guards.not_found(NOUN, "session_uuid")
    pending.write()


def not_started() -> Condition:
    """The session has not started, and is not being started."""
    model = models.Session
    initial: Condition = model.status == SessionStatus.INITIAL.value
    idle: Condition = initial & model.operation.does_not_exist()
    return idle


def started(old: models.Session) -> EngineError:
    """Return the error if a session is not `not_started`."""
    if old.is_being_purged:
        return guards.not_found(NOUN)
    return InvalidState("This session has started", status_of(old).upper())


def _has_no_such_limit(old: models.Session) -> EngineError:
    """Return the error for a budget that adds a limit which the session did not start with."""
    if old.is_being_purged:
        return guards.not_found(NOUN)
    message = "A session that has started without a limit of tokens, or of dollars, cannot get one"
    return InvalidState(message, status_of(old).upper())


class _HasLabels(EngineError):
    """A session that could be deleted has labels. Never leaves this module."""

    def __init__(self, session: models.Session) -> None:
        super().__init__("has labels")
        self.session = session


def delete(caller: Caller, coordination_uuid: str, session_uuid: str) -> None:
    """Delete a session without agents and runs. Raises NotFound, HasChildren, InvalidState."""
    validation.uuid(coordination_uuid, "coordination_uuid")
    validation.uuid(session_uuid, "session_uuid")
    model = models.Session
    still_has = guards.children(caller, NOUN, agents="agent_count", runs="run_count")

    def refused(old: models.Session | None) -> EngineError:
        if present(old) is None:
            return guards.not_found(NOUN)
        if old is not None and old.partition_key == caller.partition_key:
            if old.operation:
                message = "This session is being started or ended"
                return InvalidState(message, status_of(old).upper())
            if old.labels and not (old.agent_count or old.run_count):
                return _HasLabels(old)
        return still_has(old)

    session = model(coordination_uuid, session_uuid)
    if settings().texts_bucket is not None:
        # A message deletes the texts. It may only be sent for a session of the tenant that exists
        # with exactly this key.
        found = get(caller, coordination_uuid, session_uuid)
        if found is None or found.agent_count or found.run_count or found.operation:
            raise refused(found)
        texts.schedule_cleanup(texts.Owner.of(found))
        session = found
    try:
        _delete(caller, session, refused)
    except _HasLabels as found_labels:
        _delete(caller, found_labels.session, refused)


def _delete(
    caller: Caller,
    session: models.Session,
    refused: Callable[[models.Session | None], EngineError],
) -> None:
    """Delete a session and the labels that it was read with, and count it out."""
    model = models.Session

    def write() -> None:
        transaction = Transaction()
        transaction.delete(
            session,
            guards.owned(model, caller)
            & (model.agent_count == 0)
            & (model.run_count == 0)
            & (model.labels.exists() if session.labels else model.labels.does_not_exist())
            & model.operation.does_not_exist(),
            guards.parsed(model, refused),
        )
        one_less = models.ChildCounts.session_count.add(-1)
        counts.count_child(transaction, caller, session.coordination_uuid, one_less)
        session_labels.remove(transaction, session)
        transaction.commit(caller.context)

    counts.with_migration(caller, write)
