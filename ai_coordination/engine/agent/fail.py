"""Attempts that have failed: another one follows, or the agent fails, its policy still owed."""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine import metrics, wakeups
from ai_coordination.engine.agent import complete
from ai_coordination.engine.context import Engine
from ai_coordination.models import due_times, moves
from ai_coordination.models.writes import Transaction
from ai_coordination.states import RunOutcome, SessionAgentState

LONGEST_WAIT_SECONDS = 24 * 3600.0
JITTER = 0.5


def fail_attempt(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    fence: Condition,
    *,
    retryable: bool = True,
    outcome: RunOutcome = RunOutcome.FAILED,
) -> None:
    """The attempt has failed: the next one is due later or, where none is left, the agent fails.

    `fence` is what the caller has decided on. The run alone is not enough: a worker that another
    one has taken the run over from may not fail it any more.
    """
    notes = complete.kept(agent, notes)
    retry = agent.agent_action.retry
    if not retryable or agent.attempt >= retry.max_attempts:
        _fail(engine, agent, notes, fence, outcome)
        return
    kind = models.SessionAgent
    exponent = int(agent.attempt) - 1
    longest = min(retry.interval_seconds * retry.backoff_rate**exponent, LONGEST_WAIT_SECONDS)
    wait = longest * (1 - JITTER * engine.random())
    actions, stands = moves.agent(
        SessionAgentState.INITIAL, int(agent.iteration), out_of=SessionAgentState.IN_PROGRESS
    )
    transaction = Transaction()
    transaction.update(
        agent,
        [
            *actions,
            *complete.no_work(),
            kind.notes.set(notes),
            kind.not_before.set(engine.later(wait)),
            kind.updated_at.set(engine.now()),
            *due_times.set_due(kind, agent.session_uuid, wakeups.after_grace(engine, wait)),
        ],
        stands & complete.current(agent) & fence,
        lambda old: complete.Over("over"),
    )
    complete.sealed(transaction, engine, agent, outcome, notes=notes)
    if complete.committed(engine, transaction):
        metrics.attempt_follows()
        metrics.attempt_over(engine, agent)
        engine.send(agent, delay_seconds=wait)


def give_up(engine: Engine, agent: models.SessionAgent, notes: str) -> None:
    """An agent that was to start, or is in progress, fails for good: if it is as it was read.

    And if its session is in progress: one that is being started or retried goes on from its agents
    as its pinned plan has left them.
    """
    kind = models.SessionAgent
    unmoved = moves.same(kind.looks, agent.looks)
    if agent.state == SessionAgentState.IN_PROGRESS:
        _fail(engine, agent, notes, unmoved, RunOutcome.FAILED, in_session=True)
        return
    actions, stands = moves.out_of_initial(agent, SessionAgentState.FAILED)
    transaction = Transaction()
    transaction.update(
        agent,
        [*actions, *_failed(engine, agent, notes)],
        stands & unmoved,
        lambda old: complete.Over("it has moved"),
    )
    complete.session_goes_on(transaction, agent)
    if complete.committed(engine, transaction):
        metrics.agent_ended(SessionAgentState.FAILED)
        engine.send(agent)


def _failed(engine: Engine, agent: models.SessionAgent, notes: models.Text) -> list[Action]:
    """What a failure writes besides the move; its policy is still owed."""
    kind = models.SessionAgent
    return [
        *complete.no_work(),
        kind.notes.set(notes),
        kind.updated_at.set(engine.now()),
        *due_times.set_due(kind, agent.session_uuid, wakeups.soon(engine, agent)),
    ]


def _fail(
    engine: Engine,
    agent: models.SessionAgent,
    notes: models.Text,
    fence: Condition,
    outcome: RunOutcome,
    *,
    in_session: bool = False,
) -> None:
    actions, stands = moves.agent(
        SessionAgentState.FAILED, int(agent.iteration), out_of=SessionAgentState.IN_PROGRESS
    )
    transaction = Transaction()
    transaction.update(
        agent,
        [*actions, *_failed(engine, agent, notes)],
        stands & complete.current(agent) & fence,
        lambda old: complete.Over("over"),
    )
    complete.sealed(transaction, engine, agent, outcome, notes=notes)
    if in_session:
        complete.session_goes_on(transaction, agent)
    if complete.committed(engine, transaction):
        metrics.agent_ended(SessionAgentState.FAILED)
        metrics.attempt_over(engine, agent)
        engine.send(agent)
