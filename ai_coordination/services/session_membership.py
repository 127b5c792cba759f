"""The parts of transactions that add an agent to a session built by hand, and remove it.

The session counts its agents, and each predecessor stores its successors.
"""

from collections.abc import Callable, Sequence

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput, EngineError, HasChildren, InvalidState
from ai_coordination.models.writes import MOST_PARTS, Transaction
from ai_coordination.services import guards, validation
from ai_coordination.services import session as sessions
from ai_coordination.services.validation import MOST_AGENTS
from ai_coordination.states import TERMINAL_SESSION, SessionAgentState

NOUN = "session agent"

# The agent, its session and the idempotency key are parts of the same transaction.
MOST_PREDECESSORS = MOST_PARTS - 3


def predecessor_ordinals(session_uuid: str, predecessors: Sequence[str]) -> list[int]:
    """Return the ordinals of predecessors. Raises NotFound for an agent of another session."""
    if len(predecessors) > MOST_PREDECESSORS:
        raise BadUserInput(f"An agent has at most {MOST_PREDECESSORS} predecessors", "predecessors")
    for index, predecessor in enumerate(predecessors):
        validation.uuid(predecessor, "predecessors", index)
    validation.distinct(predecessors, "predecessors")
    ordinals = []
    for index, predecessor in enumerate(predecessors):
        ordinal = ids.ordinal_of(session_uuid, predecessor)
        if ordinal is None:
            raise guards.not_found("agent in this session", "predecessors", index)
        ordinals.append(ordinal)
    return ordinals


def add(
    transaction: Transaction,
    caller: Caller,
    agent: models.SessionAgent,
    predecessors: Sequence[int],
) -> None:
    """Count an agent in its session, which must not have started, and add it to its predecessors.

    `predecessors` are ordinals in the order of the input, which errors refer to.
    """
    session = models.Session

    def refused(old: models.Session | None) -> EngineError:
        if old is None or old.partition_key != caller.partition_key:
            return guards.not_found("session", "session_uuid")
        if old.agent_count >= MOST_AGENTS:
            return BadUserInput(f"A session has at most {MOST_AGENTS} agents", "session_uuid")
        return sessions.started(old)

    transaction.update(
        session(agent.coordination_uuid, agent.session_uuid),
        [session.agent_count.add(1)],
        guards.owned(session, caller)
        & sessions.not_started()
        & (session.agent_count < MOST_AGENTS),
        guards.parsed(session, refused),
    )
    for index, predecessor in enumerate(predecessors):
        transaction.update(
            _at(agent.session_uuid, predecessor),
            [
                models.SessionAgent.successors.add({agent.ordinal}),
                models.SessionAgent.change_count.add(1),
            ],
            guards.owned(models.SessionAgent, caller),
            guards.missing("predecessor", "predecessors", index),
        )


def remove(transaction: Transaction, caller: Caller, agent: models.SessionAgent) -> None:
    """Delete an agent without runs, count it out of its session, and out of its predecessors.

    The transaction is refused if the agent or its session has changed state since it was read.
    """
    model = models.SessionAgent
    before_start = agent.iteration == 0 and agent.state == SessionAgentState.INITIAL.value
    condition = (
        guards.owned(model, caller)
        & (model.run_count == 0)
        & (model.state == agent.state)
        & (model.iteration == agent.iteration)
    )
    if before_start:
        condition &= model.successors.does_not_exist()
    transaction.delete(agent, condition, guards.parsed(model, _still_has(caller, before_start)))
    _count_out(transaction, caller, agent, before_start)
    if before_start:
        for predecessor in sorted(agent.predecessors or ()):
            transaction.update(
                _at(agent.session_uuid, int(predecessor)),
                [model.successors.delete({agent.ordinal}), model.change_count.add(1)],
                guards.owned(model, caller),
                guards.missing(NOUN),
            )


def _still_has(
    caller: Caller, before_start: bool
) -> Callable[[models.SessionAgent | None], EngineError]:
    runs = guards.children(caller, NOUN, runs="run_count")

    def refused(old: models.SessionAgent | None) -> EngineError:
        if old is not None and before_start and old.successors and not old.run_count:
            count = len(old.successors)
            waiting = "1 agent waits" if count == 1 else f"{count} agents wait"
            return HasChildren(f"{waiting} for this one", {"successors": count})
        return runs(old)

    return refused


def _count_out(
    transaction: Transaction, caller: Caller, agent: models.SessionAgent, before_start: bool
) -> None:
    session = models.Session
    ended = (
        session.status.is_in(*(status.value for status in TERMINAL_SESSION))
        & session.operation.does_not_exist()
    )

    def refused(old: models.Session | None) -> EngineError:
        if old is None or old.is_being_purged:
            return guards.not_found(NOUN)
        return InvalidState(
            "Agents can be deleted only before their session's start or after its end",
            sessions.status_of(old).upper(),
        )

    transaction.update(
        session(agent.coordination_uuid, agent.session_uuid),
        [session.agent_count.add(-1), session.final_progress.remove()],
        guards.owned(session, caller) & (sessions.not_started() if before_start else ended),
        guards.parsed(session, refused),
    )


def _at(session_uuid: str, ordinal: int) -> models.SessionAgent:
    return models.SessionAgent(session_uuid, ids.session_agent_uuid(session_uuid, ordinal))
