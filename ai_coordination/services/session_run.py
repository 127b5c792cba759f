"""Session runs: read them, and record and delete runs of the caller's own. None is updated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import config, ids, models, prices, texts, timestamps
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput, EngineError, InvalidState
from ai_coordination.models import reads, token_usage
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import Transaction
from ai_coordination.services import guards, idempotent_create, reported_usage, validation
from ai_coordination.services import session as sessions
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.states import TERMINAL_AGENT, RunOutcome

NOUN = "session run"
CLOCKS_DIFFER_SECONDS = 5 * 60


def record(
    caller: Caller,
    *,
    coordination_uuid: str,
    session_uuid: str,
    agent_uuid: str,
    thread_uuid: str | None = None,
    async_task_uuid: str | None = None,
    session_agent_uuid: str | None = None,
    outcome: RunOutcome | None = None,
    notes: str | None = None,
    usage: Mapping[str, Any] | None = None,
    finished_at: datetime | None = None,
    idempotency_key: str | None = None,
) -> models.SessionRun:
    """Record a run of a session. Its agent counts it; without an agent, the session does.

    Raises BadUserInput, PayloadTooLarge, NotFound for the session or the agent, Conflict for a used
    key, Throttled.
    """
    mutation_input = MutationInput(
        "SessionRun",
        "recordSessionRun",
        {
            "coordination_uuid": coordination_uuid,
            "session_uuid": session_uuid,
            "agent_uuid": agent_uuid,
            "thread_uuid": thread_uuid,
            "async_task_uuid": async_task_uuid,
            "session_agent_uuid": session_agent_uuid,
            "outcome": outcome,
            "notes": notes,
            "usage": usage,
            "finished_at": None if finished_at is None else timestamps.to_text(finished_at),
        },
    )

    def write() -> models.SessionRun:
        validation.uuid(coordination_uuid, "coordination_uuid")
        validation.uuid(session_uuid, "session_uuid")
        validation.optional_uuid(session_agent_uuid, "session_agent_uuid")
        now = caller.context.now()
        pending = texts.PendingTexts(
            texts.Owner(caller.partition_key, coordination_uuid, session_uuid)
        )
        run = models.SessionRun(
            session_uuid=session_uuid,
            run_uuid=caller.context.new_uuid(),
            partition_key=caller.partition_key,
            coordination_uuid=coordination_uuid,
            agent_uuid=validation.agent_uuid(agent_uuid, "agent_uuid"),
            thread_uuid=validation.label(thread_uuid, "thread_uuid"),
            tenant_thread=models.tenant_thread(caller.partition_key, thread_uuid),
            async_task_uuid=validation.label(async_task_uuid, "async_task_uuid"),
            session_agent_uuid=session_agent_uuid,
            outcome=None if outcome is None else str(outcome.value),
            notes=pending.stored_form(validation.text(notes, "notes")),
            usage=_usage(usage),
            finished_at=_finished_at(session_uuid, outcome, finished_at, now),
            updated_by=caller.user_id,
            created_at=now,
        )
        sessions.put_texts(caller, pending)
        return idempotent_create.commit(
            caller,
            run,
            idempotency_key,
            mutation_input,
            lambda transaction: _count_in_parent(transaction, caller, run),
        )

    return idempotent_create.run(caller, models.SessionRun, idempotency_key, mutation_input, write)


def _count_in_parent(transaction: Transaction, caller: Caller, run: models.SessionRun) -> None:
    """Count the run in its agent, or in the session. What it used is part of both sums."""
    of_session, model = models.Session, models.SessionAgent
    counted = [of_session.run_count.add(1)] if run.session_agent_uuid is None else []
    if run.usage is not None:
        counted += token_usage.charge_session(of_session, run.usage)
    if counted:
        transaction.update(
            of_session(run.coordination_uuid, run.session_uuid),
            counted,
            guards.owned(of_session, caller) & models.is_not_being_purged(),
            guards.missing("session", "session_uuid"),
        )
    if run.session_agent_uuid is None:
        return
    used = [] if run.usage is None else token_usage.add_usage(model, run.usage)
    transaction.update(
        model(run.session_uuid, run.session_agent_uuid),
        [model.run_count.add(1), model.change_count.add(1), *used],
        guards.owned(model, caller) & (model.coordination_uuid == run.coordination_uuid),
        guards.missing("session agent", "session_agent_uuid"),
    )


def get(caller: Caller, session_uuid: str, run_uuid: str) -> models.SessionRun | None:
    """Read a run consistently. Returns None if the tenant has no such run."""
    validation.uuid(session_uuid, "session_uuid")
    validation.uuid(run_uuid, "run_uuid")
    return reads.get(models.SessionRun, session_uuid, run_uuid, tenant=caller.partition_key)


def page(
    caller: Caller,
    session_uuid: str,
    request: PageRequest,
    *,
    agent_uuid: str | None = None,
    thread_uuid: str | None = None,
    session_agent_uuid: str | None = None,
) -> Page[models.SessionRun]:
    """Read a page of the runs of a session, oldest first."""
    validation.uuid(session_uuid, "session_uuid")
    model = models.SessionRun
    conditions: list[Condition] = []
    if agent_uuid is not None:
        validation.agent_uuid(agent_uuid, "filter", "agent_uuid")
        conditions.append(model.agent_uuid == agent_uuid)
    if thread_uuid is not None:
        validation.label(thread_uuid, "filter", "thread_uuid")
        conditions.append(model.thread_uuid == thread_uuid)
    if session_agent_uuid is not None:
        validation.uuid(session_agent_uuid, "filter", "session_agent_uuid")
        conditions.append(model.session_agent_uuid == session_agent_uuid)
    return reads.page(
        model,
        session_uuid,
        request,
        tenant=caller.partition_key,
        condition=reads.all_of(conditions),
    )


def thread_page(caller: Caller, thread_uuid: str, request: PageRequest) -> Page[models.SessionRun]:
    """Read a page of the runs of a thread, oldest first.

    The run that began the thread is in the list once it was accepted or has ended. The index only
    has keys, so reading the runs takes one more call.
    """
    validation.label(thread_uuid, "thread_uuid")
    model = models.SessionRun
    key = models.tenant_thread(caller.partition_key, thread_uuid)
    page = reads.page(model, str(key), request, tenant=caller.partition_key, index=model.of_thread)
    keys: list[reads.Key] = [(model, row.session_uuid, row.run_uuid) for row in page.rows]
    runs = reads.batch_get(keys, tenant=caller.partition_key, context=caller.context)
    return page._replace(rows=[run for run in runs if run is not None])


def delete(caller: Caller, session_uuid: str, run_uuid: str) -> None:
    """Delete a run that no agent works on.

    The run is read first, because the input does not have its parent's key. Raises NotFound;
    InvalidState if it is the current run of an agent that has not ended.
    """
    run = get(caller, session_uuid, run_uuid)
    if run is None:
        raise guards.not_found(NOUN)
    transaction = Transaction()
    transaction.delete(run, guards.owned(models.SessionRun, caller), guards.missing(NOUN))
    _count_out_of_parent(transaction, caller, run)
    transaction.commit(caller.context)


def _count_out_of_parent(transaction: Transaction, caller: Caller, run: models.SessionRun) -> None:
    if run.session_agent_uuid is None:
        transaction.update(
            models.Session(run.coordination_uuid, run.session_uuid),
            [models.Session.run_count.add(-1)],
            guards.owned(models.Session, caller),
            guards.missing(NOUN),
        )
        return
    model = models.SessionAgent
    idle = (model.current_run_uuid != run.run_uuid) | (
        model.state.is_in(*(state.value for state in TERMINAL_AGENT))
        & model.due_at.does_not_exist()
    )

    def refused(old: models.SessionAgent | None) -> EngineError:
        if old is None:
            return guards.not_found(NOUN)
        return InvalidState("An agent still works on this run", old.state.upper())

    transaction.update(
        model(run.session_uuid, run.session_agent_uuid),
        [model.run_count.add(-1), model.change_count.add(1)],
        guards.owned(model, caller) & idle,
        guards.parsed(model, refused),
    )


def _usage(usage: Mapping[str, Any] | None) -> models.TokenUsage | None:
    used = reported_usage.checked(usage)
    if used is None:
        return None
    cost = prices.cost(config.settings().model_prices, used)
    return models.TokenUsage(**used._asdict(), nanodollars=cost)


def _finished_at(
    session_uuid: str, outcome: RunOutcome | None, finished_at: datetime | None, now: str
) -> str | None:
    """Check the end of a run: between its session's creation and now, because clocks differ.

    Without one, a run with an outcome has ended now.
    """
    if outcome is None and finished_at is not None:
        raise BadUserInput("A run without an outcome has not finished", "finished_at")
    if outcome is None:
        return None
    if finished_at is None:
        return now
    earliest = ids.milliseconds_of(session_uuid) / 1000 - CLOCKS_DIFFER_SECONDS
    latest = timestamps.parse(now).timestamp() + CLOCKS_DIFFER_SECONDS
    if not earliest <= finished_at.timestamp() <= latest:
        message = "A run must end between its session's creation and now, give or take 5 minutes"
        raise BadUserInput(message, "finished_at")
    return timestamps.to_text(finished_at)
