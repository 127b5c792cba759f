"""Claim an agent that may start, invoke it, and write the result.

The run's UUID is the fencing token: every later write of the attempt has it in its condition. When
a lease has ended, another worker takes the same run over. So a crash does not count as an attempt,
and the agent is invoked with the same idempotency key.
"""

from collections.abc import Sequence
from typing import Any

from ai_coordination import graph, ids, models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import fail, invoke, lease, prompt, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.transitions import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import has_answered, is_pulled
from ai_coordination.errors import PayloadTooLarge, TextUnavailable
from ai_coordination.models import due_times, moves, reads, writes
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState

MOST_TAKEOVERS = 3


def claim(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    before: Sequence[models.SessionAgent],
) -> None:
    """Claim the agent's next attempt and invoke it. Without effect if another worker has won."""
    try:
        run_uuid = engine.context.new_uuid()
        text = None if has_answered(agent) else prompt.build(agent, before, run_uuid)
    except TextUnavailable as missing:
        fail.give_up(engine, agent, missing.message)
        return
    run = _new_run(engine, agent, run_uuid, _thread(session, agent, before))
    transition = _claim(engine, agent, run, text)
    try:
        capacity.check_grown(transition.result(), "agent_input")
        claimed = apply(engine, transition)
    except PayloadTooLarge:
        # Only without a bucket: otherwise the item only names its large texts.
        fail.give_up(engine, agent, invoke.TOO_LARGE.format("The agent's input"))
        return
    if claimed is not None and not is_pulled(claimed):
        invoke.invoke(engine, session, claimed, before)


def _claim(
    engine: Engine, agent: models.SessionAgent, run: models.SessionRun, text: str | None
) -> Transition:
    """Give the agent its input and its deadline, and its worker a lease.

    An agent whose work is pulled has no worker: it is put into the list of open work instead.
    """
    changes: dict[str, Any] = {}
    if text is not None:
        changes["agent_input"] = texts.store(texts.Owner.of(agent), text)
    # After the text is stored, which may take a while: the deadline is that of the agent's work.
    deadline_at = engine.later(agent.agent_action.timeout_seconds)
    changes["deadline_at"] = deadline_at
    if is_pulled(agent):
        changes |= models.opened(agent, SessionAgentState.IN_PROGRESS, run.created_at)
        return transitions.to_in_progress(agent, run, changes, deadline_at)
    lease_until = lease.until(engine, agent, deadline_at)
    changes["lease_until"] = lease_until
    due_at = lease.looked_for_at(engine, agent, lease_until)
    return transitions.to_in_progress(agent, run, changes, due_at)


def _new_run(
    engine: Engine, agent: models.SessionAgent, run_uuid: str, continued: str | None
) -> models.SessionRun:
    """Build the run of the agent's next attempt, in the thread that it continues or in its own."""
    return models.SessionRun(
        session_uuid=agent.session_uuid,
        run_uuid=run_uuid,
        partition_key=agent.partition_key,
        coordination_uuid=agent.coordination_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        agent_uuid=agent.agent_uuid,
        thread_uuid=continued or engine.context.new_uuid(),
        own_thread=True if continued is None else None,
        tenant_thread=models.tenant_thread(agent.partition_key, continued),
        attempt=int(agent.attempt) + 1,
        updated_by="engine",
        created_at=engine.now(),
    )


def take_over(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    before: Sequence[models.SessionAgent],
) -> None:
    """Continue a run whose worker has died: the same run, under a new lease."""
    kind = models.SessionAgent
    takeovers = int(agent.takeovers or 0)
    fence = moves.same_worker(agent) & (kind.lease_until == agent.lease_until)
    if takeovers >= MOST_TAKEOVERS:
        notes = f"{takeovers + 1} workers died while they invoked this agent"
        fail.fail_attempt(engine, agent, notes, fence)
        return
    owner = engine.context.new_uuid()
    lease_until = lease.until(engine, agent, agent.deadline_at)
    landed, now = writes.update_if(
        agent,
        [
            kind.lease_owner.set(owner),
            kind.takeovers.set(takeovers + 1),
            kind.lease_until.set(lease_until),
            *due_times.set_due(kind, agent.session_uuid, lease_until),
        ],
        (kind.state == SessionAgentState.IN_PROGRESS.value)
        & (kind.iteration == agent.iteration)
        & moves.same_run(agent)
        & fence,
        engine.context,
    )
    if landed:
        metrics.taken_over()
    if now is not None and (landed or now.lease_owner == owner):
        invoke.invoke(engine, session, now, before)


def around(
    engine: Engine, agent: models.SessionAgent
) -> tuple[models.Session | None, list[models.SessionAgent]]:
    """Read what a step needs in one call: the agent's session and predecessors, as they are now."""
    addresses = [
        ids.session_agent_uuid(agent.session_uuid, int(ordinal))
        for ordinal in sorted(agent.predecessors or ())
    ]
    keys: list[reads.Key] = [(models.Session, agent.coordination_uuid, agent.session_uuid)]
    keys += [(models.SessionAgent, agent.session_uuid, address) for address in addresses]
    session, *before = reads.batch_get(keys, tenant=agent.partition_key, context=engine.context)
    return session, [predecessor for predecessor in before if predecessor is not None]


def _thread(
    session: models.Session, agent: models.SessionAgent, before: Sequence[models.SessionAgent]
) -> str | None:
    """The thread to continue: along the primary path, and from attempt to attempt."""
    if agent.thread_uuid:
        return str(agent.thread_uuid)
    if agent.thread_from is None:
        return _thread_of_0_1_0(session, agent, before)
    if agent.thread_from == graph.SESSION_THREAD:
        return session.thread_uuid and str(session.thread_uuid)
    threads = [one.thread_uuid for one in before if one.ordinal == agent.thread_from]
    return next((str(one) for one in threads if one), None)


def _thread_of_0_1_0(
    session: models.Session, agent: models.SessionAgent, before: Sequence[models.SessionAgent]
) -> str | None:
    """Agents that version 0.1.0 has written do not store whose thread they continue."""
    if not agent.agent_action.primary_path:
        return None
    along = [one.thread_uuid for one in before if one.agent_action.primary_path]
    return next((str(one) for one in [*along, session.thread_uuid] if one), None)
