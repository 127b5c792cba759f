"""Every edge of a session agent's state diagram, once.

An edge is a function that returns a Transition: what its write changes, and on what condition.
Nothing is written here. `apply` writes a transition, and adds what all of them share.
docs/internals/execution-protocol.md has the same edges as a table.
"""

from dataclasses import replace

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine.agent.transition import (
    FIRST_TURN,
    NO_ANSWER,
    NO_HEARTBEAT,
    NO_LEASE,
    NO_THROTTLES,
    NO_WORK,
    Changes,
    Transition,
)
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.runtimes import headings
from ai_coordination.states import RunOutcome
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
        condition=moves.same_start(agent)
        & moves.same(models.SessionAgent.looks, agent.looks)
        & models.SessionAgent.growing.does_not_exist(),
        session=[],
    )


def to_next_attempt(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    outcome: RunOutcome,
    fence: Condition,
    wait_seconds: float,
) -> Transition:
    """IN_PROGRESS to INITIAL: the attempt has failed, and another one follows after a wait."""
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.INITIAL,
        at=engine.now(),
        due_at=engine.after_grace(wait_seconds),
        changes={**NO_WORK, "notes": notes, "not_before": engine.later(wait_seconds)},
        condition=_fenced(agent, fence),
        outcome=outcome,
    )


def to_same_attempt(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    fence: Condition,
    wait_seconds: float,
) -> Transition:
    """IN_PROGRESS to INITIAL: the run was throttled, so it does not count as an attempt."""
    again = to_next_attempt(engine, agent, notes, RunOutcome.FAILED, fence, wait_seconds)
    uncounted = {
        "attempt": int(agent.attempt) - 1,
        "throttles": int(agent.throttles or 0) + 1,
        "throttled_since": agent.throttled_since or again.at,
        "last_failure": headings.failure_of(agent),
    }
    return replace(again, changes={**again.changes, **uncounted})


def to_failed(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    outcome: RunOutcome,
    fence: Condition,
    *,
    in_session: bool = False,
) -> Transition:
    """IN_PROGRESS to FAILED: no attempt is left. Its failure policy is outstanding.

    With `in_session` only if the session is in progress.
    """
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.FAILED,
        at=engine.now(),
        due_at=engine.soon(agent),
        changes={**NO_WORK, "resume": None, "notes": notes},
        condition=_fenced(agent, fence),
        outcome=outcome,
        session=[] if in_session else None,
    )


def to_completed(
    engine: Engine, agent: models.SessionAgent, answer: Changes, fence: Condition | None
) -> Transition:
    """IN_PROGRESS to COMPLETED: the agent has answered.

    The run is sealed afterwards: so the commonest edge costs half as much as a transaction.
    """
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.COMPLETED,
        at=engine.now(),
        due_at=engine.soon(agent),
        changes={**NO_WORK, "resume": None, **answer},
        condition=_fenced(agent, fence),
    )


def to_waiting(
    engine: Engine,
    agent: models.SessionAgent,
    answer: Changes,
    fence: Condition | None,
    deadline_at: str | None,
) -> Transition:
    """IN_PROGRESS to WAITING_FOR_INPUT: the agent has answered, and asks a person about it.

    Without a deadline the person may take any time, and nothing is due.
    """
    changes = {**answer, "asked_question": None, "deadline_at": deadline_at}
    return _waits(engine, agent, changes, fence, RunOutcome.COMPLETED)


def to_asking(
    engine: Engine,
    agent: models.SessionAgent,
    question: Changes,
    fence: Condition | None,
    deadline_at: str | None,
) -> Transition:
    """IN_PROGRESS to WAITING_FOR_INPUT: the agent asks a person a question of its own.

    It has no output, and is invoked again with the reply. Without a deadline nothing is due.
    """
    asked = {"asked_question": True, "reply": None, "deadline_at": deadline_at}
    return _waits(engine, agent, {**question, **asked}, fence, RunOutcome.INPUT_REQUIRED)


def to_delegated(
    engine: Engine,
    agent: models.SessionAgent,
    work: Changes,
    said: Changes,
    fence: Condition | None,
    due_at: str | None,
) -> Transition:
    """IN_PROGRESS to INITIAL: the agent has delegated work. Its next turn begins once that is done.

    `work` is what the addition of other agents changes, and `due_at` when the rest of it is to be
    written: see `grow`. `said` is the run's output, the delegation, and its notes.
    """
    turn = {"turn": agent.current_turn + 1, "attempt": 0, "notes": None, "resume": None}
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.INITIAL,
        at=engine.now(),
        due_at=due_at,
        changes={**NO_WORK, **turn, **work},
        condition=_fenced(agent, fence),
        outcome=RunOutcome.DELEGATED,
        said=said,
    )


def _waits(
    engine: Engine,
    agent: models.SessionAgent,
    changes: Changes,
    fence: Condition | None,
    outcome: RunOutcome,
) -> Transition:
    """IN_PROGRESS to WAITING_FOR_INPUT: the agent is in the list of those who wait for a person."""
    now = engine.now()
    opened = models.opened(agent, State.WAITING_FOR_INPUT, now)
    waits = {**NO_LEASE, **NO_THROTTLES, **NO_ANSWER, **opened, "asked_at": now, "resume": None}
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.WAITING_FOR_INPUT,
        at=now,
        due_at=changes["deadline_at"],
        changes={**waits, **changes},
        condition=_fenced(agent, fence),
        outcome=outcome,
        session=[models.Session.awaiting_input.add({int(agent.ordinal)})],
    )


def to_answered(
    engine: Engine, agent: models.SessionAgent, to: State, changes: Changes, fence: Condition
) -> Transition:
    """WAITING_FOR_INPUT to COMPLETED or FAILED: a person has judged the agent's output, or refused
    to answer its question; or nobody has answered in time.
    """
    return _asks_no_more(engine, agent, to, {"resume": None, **changes}, fence)


def to_next_turn(
    engine: Engine, agent: models.SessionAgent, changes: Changes, fence: Condition
) -> Transition:
    """WAITING_FOR_INPUT to INITIAL: a person has answered the agent's question, or sent its output
    back. Its next turn begins, with all attempts.
    """
    turn = {"turn": agent.current_turn + 1, "attempt": 0}
    return _asks_no_more(engine, agent, State.INITIAL, {**turn, **changes}, fence)


def _asks_no_more(
    engine: Engine, agent: models.SessionAgent, to: State, changes: Changes, fence: Condition
) -> Transition:
    return Transition(
        agent=agent,
        source=State.WAITING_FOR_INPUT,
        to=to,
        at=engine.now(),
        due_at=engine.after_grace(),
        changes={**NO_WORK, **changes},
        condition=_fenced(agent, fence),
        session=[models.Session.awaiting_input.delete({int(agent.ordinal)})],
    )


def to_cancelled(engine: Engine, agent: models.SessionAgent) -> Transition:
    """Any state that is not ended, as read, to CANCELLED: the session is being ended."""
    source = State(agent.state)
    return Transition(
        agent=agent,
        source=source,
        to=State.CANCELLED,
        at=engine.now(),
        due_at=None,
        changes={**NO_WORK, "not_before": None, "growing": None},
        # What continues elsewhere must be known, so that it is cancelled too.
        condition=moves.same(models.SessionAgent.current_run_uuid, agent.current_run_uuid)
        & moves.same(models.SessionAgent.remote, agent.remote),
        outcome=RunOutcome.CANCELLED if source is State.IN_PROGRESS else None,
        # So each cancelled agent is counted once.
        knows_its_repeat=True,
    )


def to_next_iteration(
    engine: Engine,
    agent: models.SessionAgent,
    iteration: int,
    waiting_on: set[float],
    changes: Changes,
) -> Transition:
    """Any ended state to INITIAL: a retry of the session resets the agent.

    `changes` say what of its growths it keeps, and which predecessors stay `dead`. No part of a
    growth is outstanding: the session's end has written all.
    """
    fresh = {
        **FIRST_TURN,
        "iteration": iteration,
        "attempt": 0,
        "waiting_on": waiting_on or None,
        "dead": None,
        "skip_requested": None,
        "notes": None,
        "not_before": None,
        "delayed": None,
        "user_input": None,
        "growing": None,
        "superseded": None,
        **NO_THROTTLES,
    }
    return Transition(
        agent=agent,
        source=None,
        to=State.INITIAL,
        at=engine.now(),
        due_at=None if waiting_on else engine.after_grace(),
        changes={**fresh, **changes},
    )


def _fenced(agent: models.SessionAgent, fence: Condition | None) -> Condition:
    """The run is always in the condition: it is the fencing token of everything that ends it."""
    same_run = moves.same_run(agent)
    return same_run if fence is None else same_run & fence
