"""Write a transition, and seal the run that it ends."""

from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine import metrics
from ai_coordination.engine.agent.transitions import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, moves, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.states import (
    TERMINAL_AGENT,
    RunOutcome,
    SessionAgentState,
    SessionStatus,
)


class _Refused(EngineError):
    """The agent, its run or its session has moved on. Never leaves this module."""


def apply(engine: Engine, transition: Transition) -> models.SessionAgent | None:
    """Write a transition. Returns the agent as the transition leaves it; None if it is refused.

    A single write that the SDK has repeated may be refused by its own first try. Then the agent is
    where the transition leads, and is returned. Metrics count only the write that landed.
    """
    agent = transition.agent
    move, condition = moves.agent(transition.to, int(agent.iteration), transition.source)
    if transition.condition is not None:
        condition &= transition.condition
    actions = [
        *move,
        models.SessionAgent.updated_at.set(transition.at),
        *_due(agent, transition.due_at),
        *_changes(transition.changes),
    ]
    if transition.run is not None:
        actions.append(models.SessionAgent.run_count.add(1))
    if _is_transaction(transition):
        transaction = Transaction()
        transaction.update(agent, actions, condition, lambda old: _Refused("the agent has moved"))
        _add_run(transaction, transition)
        _add_session(transaction, transition)
        landed = _is_committed(engine, transaction)
        now = transition.result() if landed else None
    else:
        landed, now = writes.update_if(agent, actions, condition, engine.context)
    if landed:
        _count(engine, transition)
    return now if now is not None and (landed or _leads_to(transition, now)) else None


def _is_transaction(transition: Transition) -> bool:
    """Whether more than the agent is written, or a repeat must be known."""
    others = (transition.run, transition.outcome, transition.session)
    return transition.knows_its_repeat or any(other is not None for other in others)


def _leads_to(transition: Transition, agent: models.SessionAgent) -> bool:
    """Whether an agent is where the transition leads, in the same run and iteration."""
    then = transition.result()
    return bool(
        agent.state == then.state
        and agent.iteration == then.iteration
        and agent.current_run_uuid == then.current_run_uuid
    )


def _due(agent: models.SessionAgent, due_at: str | None) -> list[Action]:
    kind = models.SessionAgent
    return (
        due_times.clear(kind)
        if due_at is None
        else due_times.set_due(kind, agent.session_uuid, due_at)
    )


def _changes(changes: Changes) -> list[Action]:
    attributes = [(getattr(models.SessionAgent, name), value) for name, value in changes.items()]
    return [
        attribute.remove() if value is None else attribute.set(value)
        for attribute, value in attributes
    ]


def _add_run(transaction: Transaction, transition: Transition) -> None:
    """Create the run, or seal it with the result that the agent gets."""
    kind = models.SessionRun
    if transition.run is not None:
        # A UUID that is taken is a fault, not a refusal.
        transaction.put(transition.run, kind.run_uuid.does_not_exist(), lambda old: None)
    if transition.outcome is not None:
        changes = transition.changes
        transaction.update(
            kind(transition.agent.session_uuid, transition.agent.current_run_uuid),
            _sealed(
                transition.agent,
                transition.outcome,
                transition.at,
                {
                    "output": changes.get("agent_output"),
                    "notes": changes.get("notes"),
                    "usage": changes.get("usage"),
                },
            ),
            kind.run_uuid.exists() & kind.outcome.does_not_exist(),
            lambda old: _Refused("the run is sealed"),
        )


def _sealed(
    agent: models.SessionAgent, outcome: RunOutcome, at: str, result: Changes
) -> list[Action]:
    """Write a run's result. From now on the thread, whose name is final, lists the run."""
    kind = models.SessionRun
    actions: list[Action] = [kind.outcome.set(outcome.value), kind.finished_at.set(at)]
    key = models.tenant_thread(agent.partition_key, agent.thread_uuid)
    if key is not None:
        actions.append(kind.tenant_thread.set(kind.tenant_thread | key))
    for name, value in result.items():
        if value is not None:
            actions.append(getattr(kind, name).set(value))
    return actions


def seal(engine: Engine, agent: models.SessionAgent) -> None:
    """Seal the run of a completed agent, if it is still open. Only this edge seals afterwards."""
    if agent.current_run_uuid is None:
        return
    kind = models.SessionRun
    result = {"output": agent.agent_output, "usage": agent.usage}
    writes.update_if(
        kind(agent.session_uuid, agent.current_run_uuid),
        _sealed(agent, RunOutcome.COMPLETED, engine.now(), result),
        kind.run_uuid.exists() & kind.outcome.does_not_exist(),
        engine.context,
    )


def _add_session(transaction: Transaction, transition: Transition) -> None:
    if transition.session is None:
        return
    kind = models.Session
    agent = transition.agent
    session = kind(agent.coordination_uuid, agent.session_uuid)
    condition = kind.status == SessionStatus.IN_PROGRESS.value
    condition &= kind.iteration_count == agent.iteration
    if transition.session:
        transaction.update(
            session, transition.session, condition, lambda old: _Refused("the session has ended")
        )
    else:
        transaction.check(session, condition, lambda old: _Refused("the session has ended"))


def _is_committed(engine: Engine, transaction: Transaction) -> bool:
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    return True


def _count(engine: Engine, transition: Transition) -> None:
    if transition.to in TERMINAL_AGENT:
        metrics.agent_ended(transition.to)
    if transition.source is not SessionAgentState.IN_PROGRESS:
        return
    if transition.to is not SessionAgentState.CANCELLED:
        metrics.attempt_over(engine, transition.agent)
    if transition.to is SessionAgentState.INITIAL:
        metrics.attempt_follows()
