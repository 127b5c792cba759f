"""The edges out of IN_PROGRESS: the ways in which a run ends."""

from dataclasses import replace

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.engine.agent import inbox
from ai_coordination.engine.agent.transition import (
    NO_ANSWER,
    NO_LEASE,
    NO_THROTTLES,
    NO_WORK,
    Changes,
    Transition,
)
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import contents
from ai_coordination.models import moves
from ai_coordination.runtimes import headings
from ai_coordination.states import RunOutcome
from ai_coordination.states import SessionAgentState as State


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
    rule = agent.agent_action.ask
    title = None if rule is None else rule.title
    asked = {"asked_question": None, "asked_title": title, "deadline_at": deadline_at}
    changes = {**answer, **asked}
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
    asked: Changes = {"asked_question": True, "asked_title": None, "reply": None}
    changes = {**question, **asked, "deadline_at": deadline_at}
    return _waits(engine, agent, changes, fence, RunOutcome.INPUT_REQUIRED)


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
    opened |= inbox.listed(agent, now, changes["deadline_at"])
    waits = {**NO_LEASE, **NO_THROTTLES, **NO_ANSWER, **opened, "asked_at": now, "resume": None}
    waits |= changes
    return Transition(
        agent=agent,
        source=State.IN_PROGRESS,
        to=State.WAITING_FOR_INPUT,
        at=now,
        due_at=changes["deadline_at"],
        changes=waits,
        condition=_fenced(agent, fence),
        outcome=outcome,
        session=[models.Session.awaiting_input.add({int(agent.ordinal)})],
        event=None if engine.events is None else contents.asks(agent.changed(waits)),
    )


def _fenced(agent: models.SessionAgent, fence: Condition | None) -> Condition:
    """The run is always in the condition: it is the fencing token of everything that ends it."""
    same_run = moves.same_run(agent)
    return same_run if fence is None else same_run & fence
