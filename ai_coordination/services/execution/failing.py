"""Attempts that have failed: another one follows, or the agent fails, its policy still owed."""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.models import due, moves
from ai_coordination.models.writes import Transaction
from ai_coordination.services.execution import counting, releasing, reporting
from ai_coordination.services.execution.engine import Engine
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
    notes = reporting.kept(agent, notes)
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
            *reporting.no_work(),
            kind.notes.set(notes),
            kind.not_before.set(engine.later(wait)),
            kind.updated_at.set(engine.now()),
            *due.due(kind, agent.session_uuid, engine.later(wait + releasing.GRACE_SECONDS)),
        ],
        stands & reporting.current(agent) & fence,
        lambda old: reporting.Over("over"),
    )
    reporting.sealed(transaction, engine, agent, outcome, notes=notes)
    if reporting.committed(engine, transaction):
        counting.attempt_follows()
        counting.attempt_over(engine, agent)
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
        lambda old: reporting.Over("it has moved"),
    )
    reporting.session_goes_on(transaction, agent)
    if reporting.committed(engine, transaction):
        counting.agent_ended(SessionAgentState.FAILED)
        engine.send(agent)


def _failed(engine: Engine, agent: models.SessionAgent, notes: models.Text) -> list[Action]:
    """What a failure writes besides the move; its policy is still owed."""
    kind = models.SessionAgent
    return [
        *reporting.no_work(),
        kind.notes.set(notes),
        kind.updated_at.set(engine.now()),
        *due.due(kind, agent.session_uuid, releasing.soon(engine, agent)),
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
        stands & reporting.current(agent) & fence,
        lambda old: reporting.Over("over"),
    )
    reporting.sealed(transaction, engine, agent, outcome, notes=notes)
    if in_session:
        reporting.session_goes_on(transaction, agent)
    if reporting.committed(engine, transaction):
        counting.agent_ended(SessionAgentState.FAILED)
        counting.attempt_over(engine, agent)
        engine.send(agent)
