"""Claim an agent that may start, invoke it, and write the result.

The run's UUID is the fencing token: every later write of the attempt has it in its condition. When
a lease has ended, another worker takes the same run over. So a crash does not count as an attempt,
and the agent is invoked with the same idempotency key.
"""

from collections.abc import Sequence

from ai_coordination import models
from ai_coordination.engine import looks, metrics
from ai_coordination.engine.agent import (
    attempts,
    conditions,
    delay,
    fail,
    invoke,
    lease,
    release,
    reservation,
    surroundings,
    transitions,
    view,
)
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.growth import rest, rules
from ai_coordination.engine.context import Engine
from ai_coordination.errors import PayloadTooLarge, TextUnavailable
from ai_coordination.models import due_times, moves, writes
from ai_coordination.states import SessionAgentState


def start(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Claim and invoke an agent whose predecessors have ended; or skip it, or let it wait first.

    `due_at` is the due time in the message of a sweep: see `looks`. Raises OtherLane, NoTime,
    UsedUp if the session's budget is not enough for it, PlanLost if it cannot resume adding agents.
    """
    if agent.growing is not None:
        rest.resume(engine, agent, due_at)
        return
    if agent.waiting_on:
        return
    session, predecessors = surroundings.read(engine, agent)
    if not surroundings.is_in_progress(session, agent):
        return
    if conditions.may_be_invoked(agent):
        if (seconds := delay.seconds_left(engine, agent)) > 0:
            delay.send_again(engine, agent, seconds)
            return
        lease.check_time(engine, agent)
    now = looks.count(engine, agent, due_at)
    if now is not None and looks.are_too_many(now):
        fail.give_up(engine, now, looks.NOTES)
    elif now is not None:
        _begin(engine, session, now, predecessors)


def _begin(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> None:
    """Do what comes first with an agent that may start: skip it, let it wait, or claim it."""
    try:
        why_skipped = conditions.why_skipped(session, agent, predecessors)
    except (TextUnavailable, view.SettingFailed) as wrong:
        fail.give_up(engine, agent, wrong.message)
        return
    if why_skipped is not None:
        _skip(engine, agent, why_skipped)
    elif delay.is_outstanding(agent):
        delay.begin(engine, agent)
    else:
        _go_ahead(engine, session, agent, predecessors)


def _go_ahead(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> None:
    """Follow the rule of an agent that has one. Claim the agent if it adds no others first."""
    if not agent.has_rule:
        claim(engine, session, agent, predecessors)
        return
    used_up = rules.follow(engine, session, agent, predecessors)
    if used_up is not None:
        claim(engine, session, agent, used_up.follows, used_up.notes)


def _skip(engine: Engine, agent: models.SessionAgent, notes: str) -> None:
    skipped = apply(engine, transitions.to_skipped(engine, agent, notes))
    if skipped is not None:
        release.release(engine, skipped)


def claim(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
    notes: str | None = None,
) -> None:
    """Claim the agent's next attempt and invoke it. Without effect if another worker has won."""
    try:
        attempt = attempts.prepare(engine, session, agent, predecessors, notes)
        if attempt.reserves is not None:
            # So that what other agents of this batch have not used can be reserved.
            release.release_gathered(engine)
        claimed = apply(engine, attempt.claim)
    except attempts.CANNOT_START as wrong:
        fail.give_up(engine, agent, wrong.message)
        return
    except PayloadTooLarge:
        # Only without a bucket: otherwise the item only names its large texts.
        fail.give_up(engine, agent, invoke.TOO_LARGE.format("The agent's input"))
        return
    if claimed is None:
        reservation.look_why(engine, agent, attempt.reserves)
    elif not attempt.is_pulled:
        invoke.invoke(engine, session, claimed, predecessors)


def take_over(engine: Engine, agent: models.SessionAgent, due_at: str | None) -> None:
    """Continue the run of a worker that has died. Parameters and errors as in `start`."""
    session, predecessors = surroundings.read(engine, agent)
    if not surroundings.is_in_progress(session, agent):
        return
    lease.check_time(engine, agent)
    now = looks.count(engine, agent, due_at)
    if now is None:
        return
    if looks.are_too_many(now):
        fail.give_up(engine, now, looks.NOTES)
    else:
        _take_over(engine, session, now, predecessors)


def _take_over(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    predecessors: Sequence[models.SessionAgent],
) -> None:
    """Continue the same run, under a new lease."""
    kind = models.SessionAgent
    takeovers = int(agent.takeovers or 0)
    fence = moves.same_worker(agent) & (kind.lease_until == agent.lease_until)
    if takeovers >= lease.MOST_TAKEOVERS:
        notes = f"{takeovers + 1} workers died while they invoked this agent"
        fail.fail_attempt(engine, agent, notes, fence)
        return
    owner = engine.context.new_uuid()
    lease_until = lease.take(engine, agent, agent.deadline_at).until
    landed, now = writes.update_if(
        agent,
        [
            kind.lease_owner.set(owner),
            kind.takeovers.set(takeovers + 1),
            kind.lease_until.set(lease_until),
            *due_times.set_due(kind, agent.session_uuid, lease_until),
        ],
        # Each write that ends the run or takes it over also changes the lease, which `fence`
        # checks. State and run repeat that for the reader.
        (kind.state == SessionAgentState.IN_PROGRESS.value) & moves.same_run(agent) & fence,
        engine.context,
    )
    if landed:
        metrics.taken_over()
    if now is not None and (landed or now.lease_owner == owner):
        invoke.invoke(engine, session, now, predecessors)
