"""What came of a run: reported by the worker, by the agent itself, or by a person.

Each report is fenced by the run uuid. The same report again finds what it has done.
"""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, texts
from ai_coordination.engine import metrics, wakeups
from ai_coordination.engine.agent import release
from ai_coordination.engine.context import Engine
from ai_coordination.errors import EngineError
from ai_coordination.models import due_times, moves, writes
from ai_coordination.models.writes import Transaction
from ai_coordination.runtimes.base import Answer
from ai_coordination.services import capacity
from ai_coordination.states import (
    RunOutcome,
    SessionAgentState,
    SessionStatus,
)


class Over(EngineError):
    """The run is not the agent's current one any more."""


def opened(agent: models.SessionAgent, state: SessionAgentState, now: str) -> list[Action]:
    """The agent is in the tenant's list of what is to be done."""
    kind = models.SessionAgent
    return [
        kind.open_as.set(models.open_as(agent.partition_key, state.value)),
        kind.open_since.set(f"{now}#{agent.session_agent_uuid}"),
    ]


def _no_lease() -> list[Action]:
    """No worker holds the agent any more."""
    kind = models.SessionAgent
    return [kind.lease_until.remove(), kind.lease_owner.remove(), kind.takeovers.remove()]


def _until(agent: models.SessionAgent, deadline_at: str | None) -> list[Action]:
    """How long a person is waited for; without an end nothing is due."""
    kind = models.SessionAgent
    if deadline_at is None:
        return [kind.deadline_at.remove(), *due_times.clear(kind)]
    return [
        kind.deadline_at.set(deadline_at),
        *due_times.set_due(kind, agent.session_uuid, deadline_at),
    ]


def no_work() -> list[Action]:
    """Nobody works on the agent any more, and nobody is asked to."""
    kind = models.SessionAgent
    return [
        *_no_lease(),
        kind.deadline_at.remove(),
        kind.open_as.remove(),
        kind.open_since.remove(),
    ]


def current(agent: models.SessionAgent) -> Condition:
    """The run is the one that was read."""
    condition: Condition = models.SessionAgent.current_run_uuid == agent.current_run_uuid
    return condition


def held(agent: models.SessionAgent) -> Condition:
    """Nobody has taken the run over from the worker that claimed it, or took it over, as read.

    The owner tells: a claim has none, each takeover one of its own. An accepted run keeps it.
    """
    kind = models.SessionAgent
    condition: Condition = current(agent) & moves.same(kind.lease_owner, agent.lease_owner)
    return condition


def in_time(engine: Engine) -> Condition:
    """The deadline has not passed. It holds by itself, whether or not a sweep has looked."""
    deadline_at = models.SessionAgent.deadline_at
    condition: Condition = deadline_at.does_not_exist() | (deadline_at > engine.now())
    return condition


def too_late(agent: models.SessionAgent) -> Condition:
    """The time that was read, and found to be over, is still the agent's."""
    condition: Condition = models.SessionAgent.deadline_at == agent.deadline_at
    return condition


def complete(
    engine: Engine,
    agent: models.SessionAgent,
    answer: Answer,
    *,
    reported: bool = False,
) -> None:
    """Takes an answer, if the run is the agent's current one, and does what follows from it.

    What is reported has to be in time. A worker's own answer needs no fence besides the run: also
    one that has been taken over from has called with the run's uuid as the idempotency key.
    """
    fence = current(agent) & in_time(engine) if reported else current(agent)
    if agent.agent_action.user_in_the_loop is not None:
        _ask(engine, agent, answer, fence)
        return
    kind = models.SessionAgent
    actions, stands = moves.agent(
        SessionAgentState.COMPLETED,
        int(agent.iteration),
        out_of=SessionAgentState.IN_PROGRESS,
    )
    now = engine.now()
    landed, after = writes.update_if(
        agent,
        [
            *actions,
            *no_work(),
            *_answered(_output(agent, answer), answer),
            kind.updated_at.set(now),
            *due_times.set_due(kind, agent.session_uuid, wakeups.soon(engine, agent)),
        ],
        stands & fence,
        engine.deadline,
    )
    if landed:
        metrics.agent_ended(SessionAgentState.COMPLETED)
        metrics.attempt_over(engine, agent)
    if after is not None and (landed or _stands(after, agent, SessionAgentState.COMPLETED)):
        release.completed(engine, after)


def _answered(output: models.Text, answer: Answer) -> list[Action]:
    kind = models.SessionAgent
    actions: list[Action] = [
        kind.agent_output.set(output),
        kind.rejected_output.remove(),
        kind.rejected_because.remove(),
    ]
    usage = usage_of(answer)
    if usage is not None:
        actions.append(kind.usage.set(usage))
    return actions


def _output(agent: models.SessionAgent, answer: Answer) -> models.Text:
    return capacity.grown(agent, "agent_output", kept(agent, answer.output))


def kept(agent: models.SessionAgent, text: models.Text) -> models.Text:
    """What the agent's item holds of a text, which is written if it is large."""
    return texts.store(texts.Owner.of(agent), text)


def usage_of(answer: Answer) -> models.TokenUsage | None:
    if answer.input_tokens is None or answer.output_tokens is None:
        return None
    return models.TokenUsage(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)


def _stands(now: models.SessionAgent, then: models.SessionAgent, state: SessionAgentState) -> bool:
    """Whether an agent stands where a move of the same run leads: an answer may be lost."""
    return (
        now.state == state
        and now.iteration == then.iteration
        and now.current_run_uuid == then.current_run_uuid
    )


def _ask(engine: Engine, agent: models.SessionAgent, answer: Answer, fence: Condition) -> None:
    """The agent asks a person: agent, session and run in one transaction."""
    kind = models.SessionAgent
    seconds = agent.agent_action.answer_timeout_seconds
    deadline_at = None if seconds is None else engine.later(seconds)
    actions, stands = moves.agent(
        SessionAgentState.WAITING_FOR_INPUT,
        int(agent.iteration),
        out_of=SessionAgentState.IN_PROGRESS,
    )
    now = engine.now()
    output = _output(agent, answer)
    transaction = Transaction()
    transaction.update(
        agent,
        [
            *actions,
            *_no_lease(),
            *opened(agent, SessionAgentState.WAITING_FOR_INPUT, now),
            *_answered(output, answer),
            kind.updated_at.set(now),
            *_until(agent, deadline_at),
        ],
        stands & fence,
        lambda old: Over("over"),
    )
    in_session(transaction, agent, [models.Session.asking.add({int(agent.ordinal)})])
    usage = usage_of(answer)
    sealed(transaction, engine, agent, RunOutcome.COMPLETED, output=output, usage=usage)
    if committed(engine, transaction):
        metrics.attempt_over(engine, agent)


def session_goes_on(transaction: Transaction, agent: models.SessionAgent) -> None:
    """Only if the agent's session is in progress, in the agent's iteration."""
    kind = models.Session
    transaction.check(
        kind(agent.coordination_uuid, agent.session_uuid),
        (kind.status == SessionStatus.IN_PROGRESS.value)
        & (kind.iteration_count == agent.iteration),
        lambda old: Over("the session is not in progress"),
    )


def in_session(transaction: Transaction, agent: models.SessionAgent, actions: list[Action]) -> None:
    kind = models.Session
    transaction.update(
        kind(agent.coordination_uuid, agent.session_uuid),
        actions,
        (kind.status == SessionStatus.IN_PROGRESS.value)
        & (kind.iteration_count == agent.iteration),
        lambda old: Over("the session has ended"),
    )


def sealed(
    transaction: Transaction,
    engine: Engine,
    agent: models.SessionAgent,
    outcome: RunOutcome,
    *,
    output: models.Text | None = None,
    notes: models.Text | None = None,
    usage: models.TokenUsage | None = None,
) -> None:
    """Every move out of IN_PROGRESS but completion seals the run in the same transaction."""
    kind = models.SessionRun
    actions = [
        kind.outcome.set(outcome.value),
        kind.finished_at.set(engine.now()),
        *release.in_its_thread(agent),
    ]
    if output is not None:
        actions.append(kind.output.set(output))
    if notes is not None:
        actions.append(kind.notes.set(notes))
    if usage is not None:
        actions.append(kind.usage.set(usage))
    transaction.update(
        kind(agent.session_uuid, agent.current_run_uuid),
        actions,
        kind.run_uuid.exists() & kind.outcome.does_not_exist(),
        lambda old: Over("the run is sealed"),
    )


def committed(engine: Engine, transaction: Transaction) -> bool:
    try:
        transaction.commit(engine.deadline)
    except Over:
        return False
    return True


def accepted(agent: models.SessionAgent) -> list[Action]:
    """The agent will report: from now on only its timeout counts.

    The owner stays, so that a worker that was slow in its call does not fail what is accepted.
    """
    kind = models.SessionAgent
    return [
        kind.lease_until.remove(),
        kind.takeovers.remove(),
        *due_times.set_due(kind, agent.session_uuid, agent.deadline_at),
    ]


def accept(engine: Engine, agent: models.SessionAgent) -> None:
    """A worker has handed the work over to an agent that will report."""
    kind = models.SessionAgent
    writes.update_if(
        agent,
        accepted(agent),
        (kind.state == SessionAgentState.IN_PROGRESS.value) & current(agent),
        engine.deadline,
    )
