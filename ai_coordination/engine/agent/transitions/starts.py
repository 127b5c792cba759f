"""The edges out of INITIAL: an agent is claimed, adds others, is skipped or cannot be started."""

from dataclasses import replace

from ai_coordination import models
from ai_coordination.engine.agent.transition import (
    NO_HEARTBEAT,
    NO_LEASE,
    NO_WORK,
    Changes,
    Transition,
)
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.states import SessionAgentState as State


def to_in_progress(
    agent: models.SessionAgent, run: models.SessionRun, changes: Changes, due_at: str
) -> Transition:
    """INITIAL to IN_PROGRESS: a worker claims the next attempt, and creates its run."""
    same = {"current_run_uuid": run.run_uuid, "thread_uuid": run.thread_uuid}
    attempt = {"attempt": run.attempt, **same, "not_before": None, "growing": None}
    return Transition(
        agent=agent,
        source=State.INITIAL,
        to=State.IN_PROGRESS,
        at=run.created_at,
        due_at=due_at,
        changes={**attempt, **NO_LEASE, **NO_HEARTBEAT, **changes},
        condition=moves.same_start(agent),
        run=run,
    )


def to_handed_over(claim: Transition, ended: models.SessionAgent) -> Transition:
    """INITIAL to IN_PROGRESS, in the transaction that completes the only agent that it waits for.

    It is released and claimed in one write. It was not due when it was read, and nothing makes it
    due or changes it while it waits: if something did, it would have a message.
    """
    kind = models.SessionAgent
    released = moves.same_start(claim.agent, waits_for={int(ended.ordinal)})
    return replace(
        claim,
        changes={**claim.changes, "waiting_on": None},
        condition=released & kind.due_at.does_not_exist(),
    )


def to_grown(
    engine: Engine, agent: models.SessionAgent, growth: Changes, due_at: str | None
) -> Transition:
    """INITIAL, and still so: the agent's rule adds agents in front of it, for which it waits.

    `growth` is what every addition changes, and `due_at` when the rest of it is to be written: see
    `grow`.
    """
    return Transition(
        agent=agent,
        source=State.INITIAL,
        to=State.INITIAL,
        at=engine.now(),
        due_at=due_at,
        changes={"grown": int(agent.grown or 0) + 1, "not_before": None, **growth},
        # A second growth of the same agent is refused by the session's counter, too: see `grow`.
        condition=moves.same_start(agent),
    )


def to_skipped(engine: Engine, agent: models.SessionAgent, notes: str) -> Transition:
    """INITIAL to SKIPPED: the failure policy of a predecessor says so, or a condition.

    `skip_requested` tells which, and so what the release says to the successors.
    """
    return Transition(
        agent=agent,
        source=State.INITIAL,
        to=State.SKIPPED,
        at=engine.now(),
        due_at=engine.soon(agent),
        changes={"notes": notes, "growing": None},
        # Every worker that looks at what was read decides the same. So nobody has claimed it.
        condition=moves.same_start(agent),
    )


def to_failed_unstarted(
    engine: Engine, agent: models.SessionAgent, notes: models.Text
) -> Transition:
    """INITIAL to FAILED: the agent cannot be started. Its failure policy is outstanding.

    Only if the session is in progress. A start or a retry that is resumed needs its agents as the
    pinned plan has left them. An agent that is still adding others cannot be given up.
    """
    return Transition(
        agent=agent,
        source=State.INITIAL,
        to=State.FAILED,
        at=engine.now(),
        due_at=engine.soon(agent),
        changes={**NO_WORK, "notes": notes},
        # The look that was counted may have found a plan that another worker has made since. When
        # what it adds has ended, the plan alone says that the rest of it is still to be removed.
        condition=moves.same_start(agent) & models.SessionAgent.growing.does_not_exist(),
        session=[],
    )
