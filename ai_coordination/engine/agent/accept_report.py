"""Take an agent's report that it has accepted its run, and how it names its task and thread."""

from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine.agent import accept, heartbeat
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError, InvalidState
from ai_coordination.models import moves
from ai_coordination.models.base import Item
from ai_coordination.models.writes import Transaction
from ai_coordination.states import SessionAgentState

OVER = "This run is not in progress, or its deadline has passed"
NAMED = "This run has ended, or already has another task or thread"


class _PolledMeanwhile(EngineError):
    """A worker has polled the run since it was read. Never leaves this module."""


def accepted(
    engine: Engine,
    agent: models.SessionAgent,
    async_task_uuid: str | None,
    thread_uuid: str | None,
) -> bool:
    """Release the lease of the worker that has invoked the agent. Polls continue as before.

    Returns False if the run was polled since it was read: it must be read again, because it is due
    at another time. Raises InvalidState.
    """
    kind = models.SessionAgent
    signs = heartbeat.signs(engine, agent)
    actions = accept.released(engine, agent, accept.due_at(agent.changed(signs)))
    actions += [getattr(kind, name).set(value) for name, value in signs.items()]
    actions.append(kind.change_count.add(1))
    if thread_uuid is not None:
        actions.append(kind.thread_uuid.set(thread_uuid))

    def refused(old: Item | None) -> EngineError:
        now = agent if old is None else kind.of(old)
        if now.poll_at != agent.poll_at:
            return _PolledMeanwhile("the agent was polled")
        return InvalidState(OVER, agent.state.upper())

    transaction = Transaction()
    transaction.update(
        agent,
        actions,
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & moves.same(kind.poll_at, agent.poll_at)
        & moves.in_time(engine.now()),
        refused,
    )
    _name(transaction, agent, async_task_uuid, thread_uuid)
    try:
        transaction.commit(engine.context)
    except _PolledMeanwhile:
        return False
    return True


def _name(
    transaction: Transaction,
    agent: models.SessionAgent,
    async_task_uuid: str | None,
    thread_uuid: str | None,
) -> None:
    """Name the run's task and thread, each once."""
    kind = models.SessionRun
    actions: list[Action] = []
    # As in `accept`: the agent is in progress, so its run exists and is open.
    condition = kind.run_uuid.exists() & kind.outcome.does_not_exist()
    if async_task_uuid is not None:
        actions.append(kind.async_task_uuid.set(async_task_uuid))
        unnamed = kind.async_task_uuid.does_not_exist()
        condition &= unnamed | (kind.async_task_uuid == async_task_uuid)
    if thread_uuid is not None:
        key = models.tenant_thread(agent.partition_key, thread_uuid)
        actions += [
            kind.thread_uuid.set(thread_uuid),
            kind.tenant_thread.set(str(key)),
            kind.own_thread.remove(),
        ]
        condition &= kind.own_thread.exists() | (kind.thread_uuid == thread_uuid)
    if actions:
        transaction.update(
            kind(agent.session_uuid, agent.current_run_uuid),
            actions,
            condition,
            lambda old: InvalidState(NAMED, agent.state.upper()),
        )
