"""Note that an agent has accepted its work, and answers later: by a report, or by a poll."""

import hashlib
from datetime import timedelta
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, timestamps
from ai_coordination.engine.agent import abandon, heartbeat, remote
from ai_coordination.engine.context import GRACE_SECONDS, Engine
from ai_coordination.engine.events import outbox
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, moves, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.runtimes.base import Accepted
from ai_coordination.services import validation
from ai_coordination.states import SessionAgentState

SHORTEST_POLL_SECONDS = 1.0
# SQS delays no message for longer.
LONGEST_DELAY_SECONDS = 900.0
# A due time that is earlier than necessary stays, if it is so long after the poll.
ENOUGH_GRACE_SECONDS = 20.0


class _Refused(EngineError):
    """The run is over, or another worker has it. Never leaves this module."""


def accept(engine: Engine, agent: models.SessionAgent, accepted: Accepted) -> None:
    """Write the acceptance that a runtime has returned, and send the message of its next poll.

    Without effect if the run has ended, or if another worker has taken it over.
    """
    wait = _wait_seconds(engine, agent, accepted)
    is_sent = wait is not None and wait <= LONGEST_DELAY_SECONDS
    changes: dict[str, Any] = {"poll_at": None if wait is None else engine.later(wait)}
    if accepted.remote is not None:
        changes["remote"] = remote.encoded(accepted.remote)
    signs = heartbeat.signs(engine, agent)
    # Only the first acceptance has a name to write.
    task_id = None if agent.poll_at else accepted.task_id or None
    changes |= signs
    then = agent.changed(changes)
    kind = models.SessionAgent
    actions = released(engine, then, due_at(then, is_sent=is_sent))
    if signs or task_id is not None:
        actions.append(kind.change_count.add(1))
    for name, value in changes.items():
        attribute = getattr(kind, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    condition = (kind.state == SessionAgentState.IN_PROGRESS.value) & moves.same_run(agent)
    condition &= moves.same_worker(agent)
    if not _landed(engine, agent, actions, condition, task_id):
        abandon.refused(engine, agent, changes.get("remote"))
    elif is_sent:
        engine.send(then, delay_seconds=wait or 0.0)


def released(engine: Engine, agent: models.SessionAgent, due: str) -> list[Action]:
    """No worker has the agent. It is due when its work is looked for.

    The owner stays, so that a worker that was slow in its call cannot fail an accepted run.
    """
    kind = models.SessionAgent
    return [
        kind.lease_until.remove(),
        kind.takeovers.remove(),
        *due_times.set_due(kind, agent.session_uuid, outbox.due_at(engine, agent, due)),
    ]


def due_at(agent: models.SessionAgent, *, is_sent: bool = True) -> str:
    """When to look for an agent that has accepted: at its deadline, its next poll, or if silent.

    `is_sent` says that the poll has a message. Then the due time is for the case that it is lost,
    and the one that the agent has stays if it is about right: a change costs two writes to the
    index.
    """
    deadline_at = str(agent.deadline_at)
    if agent.poll_at is None:
        return min(deadline_at, heartbeat.silent_at(agent) or deadline_at)
    if not is_sent:
        return min(deadline_at, str(agent.poll_at))
    latest = _later(agent.poll_at, GRACE_SECONDS)
    earliest = _later(agent.poll_at, ENOUGH_GRACE_SECONDS)
    return min(deadline_at, due_times.existing_or(agent, latest, earliest=earliest, latest=latest))


def _later(at: str, seconds: float) -> str:
    return timestamps.to_text(timestamps.parse(at) + timedelta(seconds=seconds))


def _wait_seconds(engine: Engine, agent: models.SessionAgent, accepted: Accepted) -> float | None:
    """How long to wait for the next poll. None if there is none before the deadline."""
    if accepted.poll_seconds is None:
        return None
    left = (timestamps.parse(agent.deadline_at) - engine.context.utc()).total_seconds()
    wait = max(accepted.poll_seconds, SHORTEST_POLL_SECONDS)
    return wait if wait < left else None


def _landed(
    engine: Engine,
    agent: models.SessionAgent,
    actions: list[Action],
    condition: Condition,
    task_id: str | None,
) -> bool:
    """Write the agent, and name the task in its run, if it has no name yet."""
    if task_id is None:
        return writes.update_if(agent, actions, condition, engine.context).landed
    # The run of an agent in progress exists and is open, so the agent's condition is enough.
    # `exists` guards against an update that creates an item.
    run = models.SessionRun
    transaction = Transaction()
    transaction.update(agent, actions, condition, lambda old: _Refused("the agent has moved"))
    transaction.update(
        run(agent.session_uuid, agent.current_run_uuid),
        [run.async_task_uuid.set(run.async_task_uuid | _shown(task_id))],
        run.run_uuid.exists() & run.outcome.does_not_exist(),
        lambda old: _Refused("the run has ended"),
    )
    try:
        transaction.commit(engine.context)
    except _Refused:
        return False
    return True


def _shown(task_id: str) -> str:
    """A task's name as the run shows it. Some servers' names are longer than a label may be."""
    # It may have half a surrogate pair, which nothing stores.
    name = task_id.encode(errors="replace").decode()
    if len(name) <= validation.LONGEST_KEY:
        return name
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
