"""Session agents: the state of one agent in a session, here for sessions built by hand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import ids, models, texts
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput, EngineError, HasChildren, InvalidState
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.services import guards, idempotent_create, validation, versioned_update
from ai_coordination.services import session as sessions
from ai_coordination.services.agent_rules import build_action
from ai_coordination.services.fingerprints import Input
from ai_coordination.states import TERMINAL_SESSION, SessionAgentState

NOUN = "session agent"
MOST_AGENTS = 1_000

# The agent, its session and the idempotency key are parts of the same transaction.
MOST_PREDECESSORS = MOST_PARTS - 3

OPEN_STATES = (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.IN_PROGRESS)
ALWAYS_OPEN = frozenset({"notes"})


def create(
    caller: Caller,
    *,
    coordination_uuid: str,
    session_uuid: str,
    agent_uuid: str,
    predecessors: Sequence[str] | None = None,
    rules: Mapping[str, Any] | None = None,
    subtask_query: str | None = None,
    user_input: str | None = None,
    agent_input: str | None = None,
    notes: str | None = None,
    idempotency_key: str | None = None,
) -> models.SessionAgent:
    """Adds an agent to a session that has not started.

    Its predecessors learn of it in the same transaction. Raises BadUserInput, PayloadTooLarge,
    NotFound for the session or a predecessor, InvalidState once the session has started, Conflict
    for a used key, Throttled.
    """
    predecessors, rules = predecessors or [], rules or {}
    given = Input(
        "SessionAgent",
        "createSessionAgent",
        {
            "coordination_uuid": coordination_uuid,
            "session_uuid": session_uuid,
            "agent_uuid": agent_uuid,
            "predecessors": predecessors,
            "rules": rules,
            "subtask_query": subtask_query,
            "user_input": user_input,
            "agent_input": agent_input,
            "notes": notes,
        },
    )

    def write() -> models.SessionAgent:
        validation.uuid(coordination_uuid, "coordination_uuid")
        validation.uuid(session_uuid, "session_uuid")
        edges = _ordinals(session_uuid, predecessors)
        now = caller.context.now()
        pending = texts.PendingTexts(
            texts.Owner(caller.partition_key, coordination_uuid, session_uuid)
        )
        entity = models.SessionAgent(
            session_uuid=session_uuid,
            coordination_uuid=coordination_uuid,
            partition_key=caller.partition_key,
            agent_uuid=validation.agent_uuid(agent_uuid, "agent_uuid"),
            agent_action=build_action(agent_uuid, [], rules, 0, "rules"),
            predecessors=set(edges) or None,
            waiting_on=set(edges) or None,
            subtask_query=pending.stored_form(validation.text(subtask_query, "subtask_query")),
            user_input=pending.stored_form(validation.text(user_input, "user_input")),
            agent_input=pending.stored_form(validation.text(agent_input, "agent_input")),
            notes=pending.stored_form(validation.text(notes, "notes")),
            state=SessionAgentState.INITIAL.value,
            updated_by=caller.user_id,
            created_at=now,
            updated_at=now,
        )
        sessions.put_texts(caller, pending)

        def join(transaction: Transaction) -> None:
            _count_in_session(transaction, caller, coordination_uuid, session_uuid)
            for index, edge in enumerate(edges):
                transaction.update(
                    _at(session_uuid, edge),
                    [models.SessionAgent.successors.add({entity.ordinal})],
                    guards.owned(models.SessionAgent, caller),
                    guards.missing("predecessor", "predecessors", index),
                )

        while True:
            entity.ordinal = caller.context.new_ordinal(session_uuid)
            entity.session_agent_uuid = ids.session_agent_uuid(session_uuid, entity.ordinal)
            try:
                return idempotent_create.commit(caller, entity, idempotency_key, given, join)
            except idempotent_create.AddressTaken:
                continue  # by an agent of the same millisecond that drew the same number

    return idempotent_create.run(caller, models.SessionAgent, idempotency_key, given, write)


def _ordinals(session_uuid: str, predecessors: Sequence[str]) -> list[int]:
    """The ordinals that the addresses of predecessors hold; of another session they hold none."""
    if len(predecessors) > MOST_PREDECESSORS:
        raise BadUserInput(f"At most {MOST_PREDECESSORS} predecessors", "predecessors")
    for index, predecessor in enumerate(predecessors):
        validation.uuid(predecessor, "predecessors", index)
    validation.distinct(predecessors, "predecessors")
    edges = []
    for index, predecessor in enumerate(predecessors):
        ordinal = ids.ordinal_of(session_uuid, predecessor)
        if ordinal is None:
            raise guards.not_found("agent in this session", "predecessors", index)
        edges.append(ordinal)
    return edges


def _at(session_uuid: str, ordinal: int) -> models.SessionAgent:
    return models.SessionAgent(session_uuid, ids.session_agent_uuid(session_uuid, ordinal))


def _count_in_session(
    transaction: Transaction, caller: Caller, coordination_uuid: str, session_uuid: str
) -> None:
    kind = models.Session

    def refused(old: models.Session | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found("session", "session_uuid")
        if old.agent_count >= MOST_AGENTS:
            return BadUserInput(f"A session holds at most {MOST_AGENTS} agents", "session_uuid")
        return sessions.started(old)

    transaction.update(
        kind(coordination_uuid, session_uuid),
        [kind.agent_count.add(1)],
        guards.owned(kind, caller) & sessions.not_started() & (kind.agent_count < MOST_AGENTS),
        guards.parsed(kind, refused),
    )


def get(caller: Caller, session_uuid: str, session_agent_uuid: str) -> models.SessionAgent | None:
    """The agent as it is now, or None."""
    validation.uuid(session_uuid, "session_uuid")
    validation.uuid(session_agent_uuid, "session_agent_uuid")
    return reads.get(
        models.SessionAgent, session_uuid, session_agent_uuid, tenant=caller.partition_key
    )


def page(
    caller: Caller,
    session_uuid: str,
    wanted: PageRequest,
    *,
    state: Sequence[SessionAgentState] | None = None,
    agent_uuid: str | None = None,
) -> Page[models.SessionAgent]:
    """The agents of a session in the order they were added."""
    validation.uuid(session_uuid, "session_uuid")
    kind = models.SessionAgent
    conditions: list[Condition] = []
    if state:
        conditions.append(kind.state.is_in(*(one.value for one in state)))
    if agent_uuid is not None:
        validation.agent_uuid(agent_uuid, "filter", "agent_uuid")
        conditions.append(kind.agent_uuid == agent_uuid)
    return reads.page(
        kind, session_uuid, wanted, tenant=caller.partition_key, condition=reads.all_of(conditions)
    )


def open_page(
    caller: Caller,
    state: SessionAgentState,
    wanted: PageRequest,
    *,
    coordination_uuid: str | None = None,
    agent_uuid: str | None = None,
) -> Page[models.SessionAgent]:
    """What is to be done over all sessions of the tenant, oldest first."""
    if state not in OPEN_STATES:
        raise BadUserInput("Open are WAITING_FOR_INPUT and IN_PROGRESS", "state")
    validation.optional_uuid(coordination_uuid, "coordination_uuid")
    kind = models.SessionAgent
    conditions: list[Condition] = []
    if coordination_uuid is not None:
        conditions.append(kind.coordination_uuid == coordination_uuid)
    if agent_uuid is not None:
        validation.agent_uuid(agent_uuid, "agent_uuid")
        conditions.append(kind.agent_uuid == agent_uuid)
    return reads.page(
        kind,
        models.open_as(caller.partition_key, state.value),
        wanted,
        tenant=caller.partition_key,
        index=kind.open,
        condition=reads.all_of(conditions),
    )


def addresses(entity: models.SessionAgent, ordinals: Iterable[float] | None) -> list[str]:
    """The uuids of agents of the same session, in the order of their ordinals."""
    return [ids.session_agent_uuid(entity.session_uuid, int(one)) for one in sorted(ordinals or ())]


def update(
    caller: Caller,
    session_uuid: str,
    session_agent_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.SessionAgent:
    """Changes the given fields alone; None clears one.

    After the session's start, or its end without one, only `notes` may change: InvalidState for
    the rest.
    """
    validation.uuid(session_uuid, "session_uuid")
    validation.uuid(session_agent_uuid, "session_agent_uuid")
    kind = models.SessionAgent
    waits = (kind.iteration == 0) & (kind.state == SessionAgentState.INITIAL.value)
    fields = [one for one in ("user_input", "agent_input", "notes") if one in changes]
    written = _kept(
        caller,
        session_uuid,
        session_agent_uuid,
        {field: validation.text(changes[field], field) for field in fields},
    )
    return versioned_update.apply(
        caller,
        kind(session_uuid, session_agent_uuid),
        NOUN,
        written,
        expected_version,
        condition=None if changes.keys() <= ALWAYS_OPEN else waits,
        otherwise=lambda old: InvalidState(
            "This agent's session has started or ended", old.state.upper()
        ),
    )


def _kept(
    caller: Caller, session_uuid: str, session_agent_uuid: str, given: Mapping[str, str | None]
) -> dict[str, models.Text | None]:
    """The texts as the item holds them. Large ones are written, once the agent was found."""
    if not any(texts.is_large(text) for text in given.values()):
        return dict(given)
    found = get(caller, session_uuid, session_agent_uuid)
    if found is None:
        raise guards.not_found(NOUN)
    pending = texts.PendingTexts(texts.Owner.of(found))
    written = {field: pending.stored_form(text) for field, text in given.items()}
    pending.write()
    return written


def delete(caller: Caller, session_uuid: str, session_agent_uuid: str) -> None:
    """Deletes an agent without runs, before its session's start or after its end.

    Its session's key is not in the input, so the agent is read first; before the start it may not
    have successors, and its predecessors forget it. Raises NotFound, HasChildren, InvalidState.
    """
    found = get(caller, session_uuid, session_agent_uuid)
    if found is None:
        raise guards.not_found(NOUN)
    kind = models.SessionAgent
    before_start = found.iteration == 0 and found.state == SessionAgentState.INITIAL.value
    stands = (
        guards.owned(kind, caller)
        & (kind.run_count == 0)
        & (kind.state == found.state)
        & (kind.iteration == found.iteration)
    )
    if before_start:
        stands &= kind.successors.does_not_exist()
    transaction = Transaction()
    transaction.delete(found, stands, guards.parsed(kind, _still_needed(caller, before_start)))
    _count_out_of_session(transaction, caller, found, before_start)
    if before_start:
        for predecessor in sorted(found.predecessors or ()):
            transaction.update(
                _at(session_uuid, int(predecessor)),
                [kind.successors.delete({found.ordinal})],
                guards.owned(kind, caller),
                guards.missing(NOUN),
            )
    transaction.commit(caller.context)


def _still_needed(caller: Caller, before_start: bool) -> Any:
    still_has = guards.children(caller, NOUN, runs="run_count")

    def refused(old: models.SessionAgent | None) -> EngineError:
        if old is not None and before_start and old.successors and not old.run_count:
            count = len(old.successors)
            return HasChildren(f"{count} agents wait for this one", {"successors": count})
        return still_has(old)

    return refused


def _count_out_of_session(
    transaction: Transaction, caller: Caller, found: models.SessionAgent, before_start: bool
) -> None:
    kind = models.Session
    resting = (
        sessions.not_started()
        if before_start
        else kind.status.is_in(*(one.value for one in TERMINAL_SESSION))
        & kind.operation.does_not_exist()
    )

    def refused(old: models.Session | None) -> EngineError:
        if old is None:
            return guards.not_found(NOUN)
        return InvalidState(
            "Agents are deleted before their session's start or after its end",
            sessions.status_of(old).upper(),
        )

    transaction.update(
        kind(found.coordination_uuid, found.session_uuid),
        [kind.agent_count.add(-1)],
        guards.owned(kind, caller) & resting,
        guards.parsed(kind, refused),
    )
