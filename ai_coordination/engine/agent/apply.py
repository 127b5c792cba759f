"""Write a transition, and seal the run that it ends."""

from collections.abc import Sequence
from dataclasses import replace

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import abandon
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import outbox
from ai_coordination.engine.planning import new_agents
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, moves, token_usage, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.states import RunOutcome, SessionStatus


class _Refused(EngineError):
    """The agent, its run or its session has moved on. Never leaves this module."""


def apply(engine: Engine, transition: Transition) -> models.SessionAgent | None:
    """Write a transition. Returns the agent as the transition leaves it; None if it is refused.

    A single write that the SDK has repeated may be refused by its own first try. Then the agent is
    where the transition leads, and is returned. Metrics count only the write that landed.
    """
    transition = _due(engine, transition)
    now: models.SessionAgent | None
    if _is_transaction(transition):
        landed = _commit(engine, [transition])
        now = transition.result() if landed else None
    else:
        actions, condition = _update(transition)
        landed, now = writes.update_if(transition.agent, actions, condition, engine.context)
    if landed:
        _follow(engine, transition)
    return now if now is not None and (landed or _leads_to(transition, now)) else None


def apply_together(engine: Engine, transitions: Sequence[Transition]) -> bool:
    """Write transitions of several agents of a session in one transaction, or none of them.

    At most one of them may change the session. Returns whether they landed.
    """
    transitions = [_due(engine, transition) for transition in transitions]
    landed = _commit(engine, transitions)
    if landed:
        for transition in transitions:
            _follow(engine, transition)
    return landed


def _follow(engine: Engine, transition: Transition) -> None:
    """Do what follows from a transition that has landed, and may be lost with this process."""
    _count(engine, transition)
    abandon.after(engine, transition)
    if engine.observe is not None:
        engine.observe(transition.result())
    if transition.event is not None:
        outbox.send_now(engine, transition.result())


def _due(engine: Engine, transition: Transition) -> Transition:
    """An agent with unsent events is due soon, whatever else is outstanding."""
    at = outbox.due_at(engine, transition.result(), transition.due_at)
    return transition if at == transition.due_at else replace(transition, due_at=at)


def _count(engine: Engine, transition: Transition) -> None:
    if transition.outcome is RunOutcome.DELEGATED:
        metrics.delegated()
        return
    throttled = bool(transition.changes.get("throttles"))
    ends = transition.source, transition.to
    metrics.agent_moved(engine, transition.agent, *ends, throttled=throttled)


def _update(transition: Transition) -> tuple[list[Action], Condition]:
    """The write of the agent itself."""
    kind = models.SessionAgent
    agent = transition.agent
    actions, condition = moves.agent(transition.to, int(agent.iteration), transition.source)
    actions += [kind.updated_at.set(transition.at), kind.change_count.add(1)]
    if transition.due_at is None:
        actions += due_times.clear(kind)
    else:
        actions += due_times.set_due(kind, agent.session_uuid, transition.due_at)
    for name, value in {**transition.times(), **transition.changes}.items():
        attribute = getattr(kind, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    if transition.run is not None:
        actions.append(kind.run_count.add(1))
    if transition.event is not None:
        actions.append(kind.unsent_events.add({transition.event}))
    if transition.used is not None:
        actions += token_usage.add_usage(kind, transition.used)
    if transition.condition is not None:
        condition &= transition.condition
    return actions, condition


def _is_transaction(transition: Transition) -> bool:
    """Whether more than the agent is written, or a repeat must be known."""
    others = (transition.run, transition.outcome, transition.session, transition.settled)
    is_more = bool(transition.puts) or any(other is not None for other in others)
    return transition.knows_its_repeat or is_more


def _leads_to(transition: Transition, agent: models.SessionAgent) -> bool:
    """Whether an agent is where the transition leads, in the same run and iteration."""
    then = transition.result()
    return bool(
        agent.state == then.state
        and agent.iteration == then.iteration
        and agent.current_run_uuid == then.current_run_uuid
    )


def _commit(engine: Engine, transitions: Sequence[Transition]) -> bool:
    transaction = Transaction()
    for transition in transitions:
        _add(transaction, transition)
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    return True


def _add(transaction: Transaction, transition: Transition) -> None:
    actions, condition = _update(transition)
    transaction.update(
        transition.agent, actions, condition, lambda old: _Refused("the agent has moved")
    )
    _add_run(transaction, transition)
    _add_session(transaction, transition)
    for agent in transition.puts:
        # The session's counter gives each ordinal once, so no other agent can have this key.
        transaction.put(agent, new_agents.is_absent(), lambda old: _Refused("the place is taken"))


def _add_run(transaction: Transaction, transition: Transition) -> None:
    """Create the run, or seal it with the result that the agent gets."""
    kind = models.SessionRun
    if transition.run is not None:
        # A UUID that is taken is a fault, not a refusal.
        transaction.put(transition.run, kind.run_uuid.does_not_exist(), lambda old: None)
    if transition.outcome is not None:
        agent, changes = transition.agent, transition.changes
        asked = transition.outcome is RunOutcome.INPUT_REQUIRED
        result = {
            "output": changes.get("question" if asked else "agent_output"),
            "notes": changes.get("notes"),
            "usage": changes.get("usage"),
            **(transition.said or {}),
        }
        # The agent's condition names this run, and the current run of an agent in progress is never
        # sealed or deleted. So this condition is refused only if the agent's is refused too.
        # `exists` guards against an update that creates an item.
        transaction.update(
            kind(agent.session_uuid, agent.current_run_uuid),
            _sealed(agent, transition.outcome, transition.at, result),
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


def _add_session(transaction: Transaction, transition: Transition) -> None:
    if transition.session is None and transition.settled is None:
        return
    kind = models.Session
    agent = transition.agent
    session = kind(agent.coordination_uuid, agent.session_uuid)
    actions = [*(transition.session or ()), *(transition.settled or ())]
    # One write sets status and iteration when a start or a retry is done, so either of them refuses
    # a write that comes too early. A write that comes too late is refused by the agent's condition:
    # the agent has ended before its session.
    condition: Condition = kind.status == SessionStatus.IN_PROGRESS.value
    condition &= kind.iteration_count == agent.iteration
    if transition.session_condition is not None:
        condition &= transition.session_condition
    if transition.session is None:
        # Usage is charged whatever the session's status is. The session exists as long as its
        # agent.
        condition = kind.session_uuid.exists()
    if actions:
        transaction.update(
            session, actions, condition, lambda old: _Refused("the session has ended")
        )
    else:
        transaction.check(session, condition, lambda old: _Refused("the session has ended"))


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
