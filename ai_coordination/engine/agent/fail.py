"""Fail an attempt: another attempt follows, or the agent fails and its policy is outstanding.

A throttled run is not an attempt: see `throttle`.
"""

from dataclasses import replace

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.agent import spending, throttle, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.context import Engine
from ai_coordination.models import moves
from ai_coordination.runtimes import headings
from ai_coordination.runtimes.base import RunFailed, Usage
from ai_coordination.states import RunOutcome, SessionAgentState

LONGEST_WAIT_SECONDS = 24 * 3600.0
# Of an output that did not fit, without a bucket for large texts.
LARGEST_KEPT_BYTES = 100_000
JITTER = 0.5


def fail_run(
    engine: Engine, agent: models.SessionAgent, failed: RunFailed, fence: Condition
) -> None:
    """Fail the current run as its runtime says. `fence` is as in `fail_attempt`."""
    if throttle.is_tolerated(engine, agent, failed):
        throttle.repeat_later(engine, agent, failed, fence)
        return
    fail_attempt(
        engine,
        agent,
        failed.notes,
        fence,
        retryable=failed.retryable,
        outcome=failed.outcome,
        after_seconds=failed.after_seconds or 0.0,
        usage=failed.usage,
        output=failed.output,
    )


def fail_attempt(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    fence: Condition,
    *,
    retryable: bool = True,
    outcome: RunOutcome = RunOutcome.FAILED,
    after_seconds: float = 0.0,
    usage: Usage | None = None,
    output: models.Text | None = None,
) -> None:
    """Fail the current attempt. The next one is due later; if none is left, the agent fails.

    `fence` is what the caller has decided on. The run alone is not enough: a worker must not fail a
    run that another worker has taken over. The next attempt does not begin before `after_seconds`.
    `usage` is what the run used until it failed, and `output` what the agent answered: only the run
    keeps it.
    """
    notes = texts.store(texts.Owner.of(agent), notes)
    said = _said(agent, output)
    if not retryable or agent.attempt >= agent.agent_action.retry.max_attempts:
        last = transitions.to_failed(engine, agent, notes, outcome, fence)
        failed = apply(engine, spending.charged(replace(last, said=said), usage))
        if failed is not None:
            engine.send(failed)
        return
    wait = max(_wait_seconds(engine, agent), throttle.spread(engine, after_seconds))
    transition = transitions.to_next_attempt(engine, agent, notes, outcome, fence, wait)
    again = apply(engine, spending.charged(replace(transition, said=said), usage))
    if again is not None:
        engine.send(again, delay_seconds=wait)


def _said(agent: models.SessionAgent, output: models.Text | None) -> Changes | None:
    """What the run of a failed attempt keeps, if it has an output that fits into it."""
    if output is None:
        return None
    stored = texts.store(texts.Owner.of(agent), output)
    if texts.inline_size(stored) > LARGEST_KEPT_BYTES:
        return None
    return {"output": stored}


def last_failure(agent: models.SessionAgent) -> str | None:
    """Why the attempt before the agent's current one failed: the notes that it left, cut if long.

    None in the first attempt of a turn. Raises TextUnavailable, Throttled.
    """
    notes = texts.read(agent.partition_key, headings.failure_of(agent))
    longest = headings.LONGEST_FAILURE
    return notes if notes is None or len(notes) <= longest else f"{notes[: longest - 1]}…"


def _wait_seconds(engine: Engine, agent: models.SessionAgent) -> float:
    """How long to wait before the next attempt: longer each time, less a random part."""
    retry = agent.agent_action.retry
    exponent = int(agent.attempt) - 1
    longest = min(retry.interval_seconds * retry.backoff_rate**exponent, LONGEST_WAIT_SECONDS)
    return float(longest * (1 - JITTER * engine.context.random()))


def give_up(engine: Engine, agent: models.SessionAgent, notes: str) -> None:
    """Fail an agent that may start or is in progress, without a further attempt.

    Only if it has not changed since it was read, and while its session is in progress.
    """
    if agent.state == SessionAgentState.IN_PROGRESS:
        same_looks = moves.same(models.SessionAgent.looks, agent.looks)
        transition = transitions.to_failed(
            engine, agent, notes, RunOutcome.FAILED, same_looks, in_session=True
        )
    else:
        transition = transitions.to_failed_unstarted(engine, agent, notes)
    failed = apply(engine, transition)
    if failed is not None:
        engine.send(failed)
