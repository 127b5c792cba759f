"""Look at work that an agent has accepted, and write the result.

An acceptance with `poll_at` has a message that arrives at about that time. The worker takes a short
lease with an owner of its own, on condition of the time that it has read. So of several messages
one polls, and a worker that is too slow cannot fail what another one has looked at since.
"""

from datetime import timedelta

from ai_coordination import models, timestamps
from ai_coordination.engine import looks, metrics
from ai_coordination.engine.agent import fail, invoke, lease, surroundings
from ai_coordination.engine.context import GRACE_SECONDS, Engine
from ai_coordination.models import due_times, moves, reads, writes
from ai_coordination.states import SessionAgentState

# By how much a worker's clock may be behind the one of the worker that has set the time.
SKEW_SECONDS = 1.0


def is_due(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether it is time to poll, as far as clocks agree."""
    if agent.poll_at is None:
        return False
    return timestamps.parse(agent.poll_at) <= engine.context.utc() + timedelta(seconds=SKEW_SECONDS)


def is_late(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether the message of a poll seems to be lost."""
    if agent.poll_at is None or agent.lease_until:
        return False
    grace = timedelta(seconds=GRACE_SECONDS)
    return timestamps.parse(agent.poll_at) + grace <= engine.context.utc()


def poll(engine: Engine, agent: models.SessionAgent, due_at: str | None = None) -> None:
    """Poll an agent in progress that no worker has. Parameters and errors as in `claim.start`."""
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=agent.partition_key
    )
    if not surroundings.is_in_progress(session, agent):
        return
    lease.check_time(engine, agent, lease.POLL_SECONDS)
    now = looks.count(engine, agent, due_at)
    if now is None:
        return
    if looks.are_too_many(now):
        fail.give_up(engine, now, looks.NOTES)
        return
    held = _take(engine, now)
    if held is not None:
        invoke.poll(engine, session, held)


def _take(engine: Engine, agent: models.SessionAgent) -> models.SessionAgent | None:
    """Lease the agent to this worker. Returns None if another worker has it, or it has moved on.

    A lease that was there is of a worker that died while it polled.
    """
    kind = models.SessionAgent
    same_lease = moves.same_worker(agent) & moves.same(kind.lease_until, agent.lease_until)
    takeovers = int(agent.takeovers or 0)
    if takeovers >= lease.MOST_TAKEOVERS:
        notes = f"{takeovers + 1} workers died while they polled this agent"
        fail.fail_attempt(engine, agent, notes, same_lease)
        return None
    owner = engine.context.new_uuid()
    until, due_at = lease.take_briefly(engine, agent)
    actions = [
        kind.lease_owner.set(owner),
        kind.lease_until.set(until),
        *due_times.set_due(kind, agent.session_uuid, min(due_at, str(agent.deadline_at))),
    ]
    if agent.lease_until:
        actions.append(kind.takeovers.set(takeovers + 1))
    landed, now = writes.update_if(
        agent,
        actions,
        # A poll sets the owner, and a lease or another `poll_at`. Each of the three conditions
        # alone refuses a second poll of the same time.
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & moves.same_run(agent)
        & same_lease
        & moves.same(kind.poll_at, agent.poll_at),
        engine.context,
    )
    if landed:
        metrics.polled()
        if agent.lease_until:
            metrics.taken_over()
    return now if now is not None and (landed or now.lease_owner == owner) else None
