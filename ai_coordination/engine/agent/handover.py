"""Complete an agent and claim the only one that follows it, in one transaction.

Most agents of most graphs follow one other agent, and are followed by one. For such a pair,
everything between the answer of the first and the invocation of the second is one write: the first
is completed, its run is sealed, the session is charged, and the second is released and claimed with
its run. The worker then invokes the second itself, so no message is sent. A worker that dies
leaves an agent in progress with a lease, as after any claim.

Whatever is in the way, the agent is completed in the usual way instead. So its answer is never
lost, and what is wrong with its successor is found by the worker that starts it.
"""

from dataclasses import replace

from pynamodb.exceptions import VerboseClientError

from ai_coordination import models, telemetry
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import (
    attempts,
    conditions,
    lease,
    spending,
    surroundings,
    transitions,
)
from ai_coordination.engine.agent.apply import apply_together
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine, HandedOver
from ai_coordination.engine.lanes import OtherLane, waits
from ai_coordination.errors import EngineError
from ai_coordination.services import budgets
from ai_coordination.states import RunOutcome, SessionAgentState


def hand_over(engine: Engine, completed: Transition) -> bool:
    """Write the completion of an agent together with the claim of its only successor.

    Returns whether that landed. The successor is then in `engine.onward`, unless an external worker
    does its work. Otherwise nothing was written, or no answer came: the usual completion is
    refused if it has landed, and another worker takes the successor over when its lease has ended.
    """
    if engine.onward is None or completed.agent.unsent_events:
        return False
    ordinal = _only_successor(completed.agent)
    if ordinal is None:
        return False
    ended = spending.settled(replace(completed, due_at=None, outcome=RunOutcome.COMPLETED))
    predecessor = ended.result()
    prepared = _prepared(engine, predecessor, ordinal)
    if prepared is None:
        return False
    session, attempt = prepared
    claim = transitions.to_handed_over(attempt.claim, predecessor)
    try:
        landed = apply_together(engine, [ended, claim])
    except EngineError:
        # Too large together, or throttled.
        return False
    except VerboseClientError:
        # If the agent itself is to blame, its usual completion is refused too.
        telemetry.logger.exception("handover")
        return False
    if landed:
        metrics.handed_over()
        if not attempt.is_pulled:
            engine.onward.append(
                HandedOver(session, claim.result(), [predecessor], waits=engine.waits)
            )
    return landed


def _only_successor(agent: models.SessionAgent) -> int | None:
    """The ordinal of the one agent that follows, and that follows no other agent. None: no such."""
    after = [int(ordinal) for ordinal in agent.successors or ()]
    if len(after) != 1 or agent.is_sink or agent.order_successors:
        return None
    [ordinal] = after
    is_sole = ordinal in (agent.sole_successors or ()) and ordinal != agent.parent_ordinal
    return ordinal if is_sole else None


def _prepared(
    engine: Engine, ended: models.SessionAgent, ordinal: int
) -> tuple[models.Session, attempts.Attempt] | None:
    """Prepare the claim of an ended agent's successor. None if it may not be claimed here and now.

    An error here concerns the successor alone, so it must not stop the agent that has answered.
    """
    try:
        session, agent = surroundings.successor(engine, ended, ordinal)
        if (
            agent is None
            or not surroundings.is_in_progress(session, ended)
            or session.operation is not None
            # A claim would reserve: see decision 30.
            or budgets.limited(session.budget)
            or not _may_start_at_once(ended, agent)
            or not _has_time(engine, agent)
            or conditions.why_skipped(session, agent, [ended]) is not None
        ):
            return None
        attempt = attempts.prepare(engine, session, agent, [ended])
    except (EngineError, lease.NoTime, OtherLane):
        return None
    except Exception:  # noqa: BLE001 - the worker that starts the successor fails in the same way
        telemetry.logger.exception("handover")
        return None
    return session, attempt


def _may_start_at_once(ended: models.SessionAgent, agent: models.SessionAgent) -> bool:
    """Whether nothing but its condition keeps an agent from starting once the other is completed.

    What else `claim` does with an agent before its attempt needs messages and writes of its own.
    """
    is_plain = not agent.agent_action.delay_seconds and not agent.has_rule
    is_untouched = not (agent.not_before or agent.growing or agent.due_at or agent.unsent_events)
    return bool(
        is_plain
        and is_untouched
        and agent.state == SessionAgentState.INITIAL
        and agent.iteration == ended.iteration
        and agent.waiting_on == {ended.ordinal}
        and conditions.is_first_look(agent)
    )


def _has_time(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether this worker can invoke the agent next. Raises OtherLane, NoTime.

    A worker with a batch invokes it after the rest of the batch: too late for an agent that it
    would have to wait for.
    """
    lease.check_time(engine, agent)
    if waits(agent) and engine.gathered is not None:
        return False
    return lease.has_time_for_a_step(engine)
