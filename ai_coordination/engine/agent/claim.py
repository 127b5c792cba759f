"""A step: an agent that may start is claimed, invoked, and what came of it is written.

The run uuid is the fencing token: every later write has it in its condition. A claim whose lease
has run out is taken over with the same run, so a crash is no attempt, and the callee sees the same
idempotency key.
"""

from collections.abc import Sequence

from pynamodb.expressions.update import Action

from ai_coordination import graph, ids, models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import complete, fail, invoke, lease, prompt
from ai_coordination.engine.context import Engine
from ai_coordination.engine.lanes import has_answered, is_pulled
from ai_coordination.errors import EngineError, PayloadTooLarge, TextUnavailable
from ai_coordination.models import due_times, moves, reads, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState

MOST_TAKEOVERS = 3


class _Lost(EngineError):
    """Somebody else has claimed the agent, or it may not start any more."""


def claim(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    before: Sequence[models.SessionAgent],
) -> None:
    """Claim the agent's next attempt and invoke it. Without effect if another worker has won."""
    try:
        run_uuid = engine.new_uuid()
        told = None if has_answered(agent) else prompt.told(agent, before, run_uuid)
    except TextUnavailable as missing:
        fail.give_up(engine, agent, missing.message)
        return
    goes_on = _thread(session, agent, before)
    now = engine.now()
    kind = models.SessionAgent
    actions, stands = moves.out_of_initial(agent, SessionAgentState.IN_PROGRESS)
    looked_for_at = _attempt(engine, agent, told, run_uuid, goes_on or engine.new_uuid())
    actions += [
        *_attempted(agent, now),
        *due_times.set_due(kind, agent.session_uuid, looked_for_at),
    ]
    agent.due_at = looked_for_at
    run = _run(agent, now, own_thread=goes_on is None)
    transaction = Transaction()
    transaction.update(agent, actions, stands, lambda old: _Lost("claimed by somebody else"))
    transaction.put(run, models.SessionRun.run_uuid.does_not_exist(), lambda old: None)
    try:
        capacity.check_grown(agent, "agent_input")
        transaction.commit(engine.deadline)
    except _Lost:
        return
    except PayloadTooLarge:
        # Only where no bucket is configured: else the item says where its large texts are.
        _give_up(engine, agent)
        return
    if not is_pulled(agent):
        invoke.invoke(engine, session, agent, before)


def _give_up(engine: Engine, agent: models.SessionAgent) -> None:
    """What was read of the agent has been changed to what its claim would have made of it."""
    now = reads.get(
        models.SessionAgent,
        agent.session_uuid,
        agent.session_agent_uuid,
        tenant=agent.partition_key,
    )
    if now is not None and now.state == SessionAgentState.INITIAL:
        fail.give_up(engine, now, invoke.TOO_LARGE.format("The agent's input"))


def _attempt(
    engine: Engine,
    agent: models.SessionAgent,
    told: str | None,
    run_uuid: str,
    thread_uuid: str,
) -> str:
    """Makes the agent as its claim will leave it; gives the time at which it is looked for."""
    agent.state = SessionAgentState.IN_PROGRESS.value
    agent.attempt = int(agent.attempt) + 1
    agent.current_run_uuid = run_uuid
    agent.thread_uuid = thread_uuid
    if told is not None:
        agent.agent_input = texts.store(texts.Owner.of(agent), told)
    agent.deadline_at = engine.later(agent.agent_action.timeout_seconds)
    if is_pulled(agent):
        return str(agent.deadline_at)
    agent.lease_until = lease.until(engine, agent)
    return lease.looked_for_at(engine, agent)


def _attempted(agent: models.SessionAgent, now: str) -> list[Action]:
    kind = models.SessionAgent
    mine = (
        complete.opened(agent, SessionAgentState.IN_PROGRESS, now)
        if is_pulled(agent)
        else [kind.lease_until.set(agent.lease_until)]
    )
    return [
        *mine,
        kind.attempt.set(agent.attempt),
        kind.current_run_uuid.set(agent.current_run_uuid),
        kind.thread_uuid.set(agent.thread_uuid),
        kind.agent_input.set(agent.agent_input),
        kind.deadline_at.set(agent.deadline_at),
        kind.run_count.add(1),
        kind.not_before.remove(),
        kind.takeovers.remove(),
        kind.updated_at.set(now),
    ]


def _run(agent: models.SessionAgent, now: str, *, own_thread: bool) -> models.SessionRun:
    return models.SessionRun(
        session_uuid=agent.session_uuid,
        run_uuid=agent.current_run_uuid,
        partition_key=agent.partition_key,
        coordination_uuid=agent.coordination_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        agent_uuid=agent.agent_uuid,
        thread_uuid=agent.thread_uuid,
        own_thread=own_thread or None,
        tenant_thread=None
        if own_thread
        else models.tenant_thread(agent.partition_key, agent.thread_uuid),
        attempt=agent.attempt,
        updated_by="engine",
        created_at=now,
    )


def take_over(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    before: Sequence[models.SessionAgent],
) -> None:
    """Go on with a run whose worker has died: the same run, a lease of its own."""
    kind = models.SessionAgent
    takeovers = int(agent.takeovers or 0)
    found_out = complete.held(agent) & (kind.lease_until == agent.lease_until)
    if takeovers >= MOST_TAKEOVERS:
        notes = f"{takeovers + 1} workers died while they invoked this agent"
        fail.fail_attempt(engine, agent, notes, found_out)
        return
    owner = engine.new_uuid()
    lease_until = lease.until(engine, agent)
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
        & found_out,
        engine.deadline,
    )
    if landed:
        metrics.taken_over()
    if now is not None and (landed or now.lease_owner == owner):
        invoke.invoke(engine, session, now, before)


def around(
    agent: models.SessionAgent,
) -> tuple[models.Session | None, list[models.SessionAgent]]:
    """The agent's session and its predecessors, as they are now: what a step needs, in one call."""
    addresses = [
        ids.session_agent_uuid(agent.session_uuid, int(one))
        for one in sorted(agent.predecessors or ())
    ]
    keys: list[reads.Key] = [(models.Session, agent.coordination_uuid, agent.session_uuid)]
    keys += [(models.SessionAgent, agent.session_uuid, address) for address in addresses]
    session, *before = reads.batch_get(keys, tenant=agent.partition_key)
    return session, [one for one in before if one is not None]


def _thread(
    session: models.Session, agent: models.SessionAgent, before: Sequence[models.SessionAgent]
) -> str | None:
    """The thread that goes on: along the primary path, and from attempt to attempt."""
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
    """Agents that version 0.1.0 has written do not say whose thread they continue."""
    if not agent.agent_action.primary_path:
        return None
    along = [one.thread_uuid for one in before if one.agent_action.primary_path]
    return next((str(one) for one in [*along, session.thread_uuid] if one), None)
