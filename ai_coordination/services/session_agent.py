"""Session agents: read them, and add, change and delete them in sessions built by hand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import ids, models, texts
from ai_coordination.caller import Caller
from ai_coordination.errors import InvalidState
from ai_coordination.models import reads
from ai_coordination.models.reads import Page, PageRequest
from ai_coordination.models.writes import Transaction
from ai_coordination.services import (
    guards,
    idempotent_create,
    session_membership,
    validation,
    versioned_update,
)
from ai_coordination.services import session as sessions
from ai_coordination.services.agent_rules import build_action
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.session_membership import NOUN
from ai_coordination.states import SessionAgentState

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
    """Add an agent to a session that has not started.

    Raises BadUserInput, PayloadTooLarge, NotFound for the session or a predecessor, InvalidState if
    the session has started, Conflict for a used key, Throttled.
    """
    predecessors, rules = predecessors or [], rules or {}
    mutation_input = MutationInput(
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
        ordinals = session_membership.predecessor_ordinals(session_uuid, predecessors)
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
            predecessors=set(ordinals) or None,
            waiting_on=set(ordinals) or None,
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

        taken = 0
        while True:
            entity.ordinal = caller.context.new_ordinal(session_uuid, taken)
            entity.session_agent_uuid = ids.session_agent_uuid(session_uuid, entity.ordinal)
            try:
                return idempotent_create.commit(
                    caller,
                    entity,
                    idempotency_key,
                    mutation_input,
                    lambda transaction: session_membership.add(
                        transaction, caller, entity, ordinals
                    ),
                )
            except idempotent_create.AddressTaken:
                taken += 1  # An agent of the same microsecond has drawn the same random bits.

    return idempotent_create.run(
        caller, models.SessionAgent, idempotency_key, mutation_input, write
    )


def get(caller: Caller, session_uuid: str, session_agent_uuid: str) -> models.SessionAgent | None:
    """Read an agent consistently. Returns None if the tenant has no such agent."""
    validation.uuid(session_uuid, "session_uuid")
    validation.uuid(session_agent_uuid, "session_agent_uuid")
    return reads.get(
        models.SessionAgent, session_uuid, session_agent_uuid, tenant=caller.partition_key
    )


def page(
    caller: Caller,
    session_uuid: str,
    request: PageRequest,
    *,
    state: Sequence[SessionAgentState] | None = None,
    agent_uuid: str | None = None,
    parent_uuid: str | None = None,
    top_level: bool | None = None,
) -> Page[models.SessionAgent]:
    """Read a page of the agents of a session, in the order they were added."""
    validation.uuid(session_uuid, "session_uuid")
    model = models.SessionAgent
    conditions: list[Condition] = []
    if state:
        conditions.append(model.state.is_in(*(each.value for each in state)))
    if agent_uuid is not None:
        validation.agent_uuid(agent_uuid, "filter", "agent_uuid")
        conditions.append(model.agent_uuid == agent_uuid)
    if parent_uuid is not None:
        conditions.append(model.parent_ordinal == _ordinal(session_uuid, parent_uuid))
    if top_level is not None:
        is_top = model.parent_ordinal.does_not_exist()
        conditions.append(is_top if top_level else ~is_top)
    return reads.page(
        model,
        session_uuid,
        request,
        tenant=caller.partition_key,
        condition=reads.all_of(conditions),
    )


def _ordinal(session_uuid: str, parent_uuid: str) -> int:
    """Return the ordinal of an agent of the session; for another agent, one that nobody has."""
    path = "filter", "parent_uuid"
    ordinal = ids.ordinal_of(session_uuid, validation.uuid(parent_uuid, *path))
    return -1 if ordinal is None else ordinal


def addresses(entity: models.SessionAgent, ordinals: Iterable[float] | None) -> list[str]:
    """Return the UUIDs of agents of the same session, in the order of their ordinals."""
    session_uuid = entity.session_uuid
    return [ids.session_agent_uuid(session_uuid, int(each)) for each in sorted(ordinals or ())]


def update(
    caller: Caller,
    session_uuid: str,
    session_agent_uuid: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> models.SessionAgent:
    """Change the given fields. None clears a field.

    Once the session has started or ended, only `notes` may change: anything else is InvalidState.
    """
    validation.uuid(session_uuid, "session_uuid")
    validation.uuid(session_agent_uuid, "session_agent_uuid")
    model = models.SessionAgent
    unstarted = (model.iteration == 0) & (model.state == SessionAgentState.INITIAL.value)
    fields = [name for name in ("user_input", "agent_input", "notes") if name in changes]
    stored = _stored(
        caller,
        session_uuid,
        session_agent_uuid,
        {field: validation.text(changes[field], field) for field in fields},
    )
    return versioned_update.apply(
        caller,
        model(session_uuid, session_agent_uuid),
        NOUN,
        stored,
        expected_version,
        condition=None if changes.keys() <= ALWAYS_OPEN else unstarted,
        refused=lambda old: InvalidState(
            "This agent's session has started or ended", old.state.upper()
        ),
    )


def _stored(
    caller: Caller, session_uuid: str, session_agent_uuid: str, values: Mapping[str, str | None]
) -> dict[str, models.Text | None]:
    """Return the texts as the item stores them. Writes large texts, if the agent exists."""
    if not any(texts.is_large(text) for text in values.values()):
        return dict(values)
    agent = get(caller, session_uuid, session_agent_uuid)
    if agent is None:
        raise guards.not_found(NOUN)
    pending = texts.PendingTexts(texts.Owner.of(agent))
    stored = {field: pending.stored_form(text) for field, text in values.items()}
    pending.write()
    return stored


def delete(caller: Caller, session_uuid: str, session_agent_uuid: str) -> None:
    """Delete an agent without runs, before its session's start or after its end.

    Before the start it must have no successors. The agent is read first, because the input does not
    have its session's key. Raises NotFound, HasChildren, InvalidState, Throttled.
    """
    agent = get(caller, session_uuid, session_agent_uuid)
    if agent is None:
        raise guards.not_found(NOUN)
    transaction = Transaction()
    session_membership.remove(transaction, caller, agent)
    transaction.commit(caller.context)
