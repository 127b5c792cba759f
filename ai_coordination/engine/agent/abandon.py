"""Cancel work that continues elsewhere though its run is over, so that nobody waits for its answer.

An agent that asks a person may have work elsewhere too, which continues with the reply. It is
cancelled if there will be no reply.

Best effort: the message is sent after the run has ended, and handled once. If it is lost, or the
other side refuses, the work continues there, and its answer is not taken.
"""

from ai_coordination import models, telemetry
from ai_coordination.engine import lanes, metrics
from ai_coordination.engine.agent import lease
from ai_coordination.engine.agent.remote import decoded
from ai_coordination.engine.agent.transition import Transition
from ai_coordination.engine.context import Engine
from ai_coordination.messages import CancelMessage
from ai_coordination.models import reads
from ai_coordination.runtimes.base import Call, RunFailed
from ai_coordination.services import members
from ai_coordination.states import RunOutcome, SessionAgentState

LONGEST_SECONDS = 30.0
# How a run ends whose work may continue.
WITHOUT_ANSWER = frozenset({RunOutcome.FAILED, RunOutcome.TIMED_OUT, RunOutcome.CANCELLED})
# Where an agent goes whose question has no reply.
WITHOUT_REPLY = frozenset({SessionAgentState.FAILED, SessionAgentState.CANCELLED})


def after(engine: Engine, transition: Transition) -> None:
    """Let a worker cancel what was left elsewhere, if this transition ends the wait for it."""
    if transition.agent.remote is not None and _is_without_answer(transition):
        _send(engine, transition.agent, transition.agent.remote)


def _is_without_answer(transition: Transition) -> bool:
    """Whether a run ends without an answer, or a question without a reply."""
    if transition.source is SessionAgentState.WAITING_FOR_INPUT:
        return transition.to in WITHOUT_REPLY
    return transition.outcome in WITHOUT_ANSWER


def refused(engine: Engine, agent: models.SessionAgent, remote: str | None) -> None:
    """Let a worker cancel what an agent has accepted, or asks about, if its write was refused
    because its run has ended without an answer.

    Not if another worker has taken the run over: it may have found the same work. And not if the
    run ended with a question, because the same work continues with the reply.
    """
    if remote is None:
        return
    run = reads.get(
        models.SessionRun,
        agent.session_uuid,
        agent.current_run_uuid,
        tenant=agent.partition_key,
    )
    if run is None or run.outcome in WITHOUT_ANSWER:
        _send(engine, agent, remote)


def _send(engine: Engine, agent: models.SessionAgent, remote: str) -> None:
    message = CancelMessage(
        tenant=agent.partition_key,
        session_uuid=agent.session_uuid,
        session_agent_uuid=agent.session_agent_uuid,
        run_uuid=agent.current_run_uuid,
        runtime=agent.member.runtime.kind,
        remote=remote,
        lane=lanes.lane_of(agent),
    )
    metrics.abandoned()
    engine.queue.send([message])


def cancel(engine: Engine, message: CancelMessage) -> None:
    """Let the runtime cancel the work of a run that is over. Its errors are logged.

    A retry may have given the agent another member since, which knows nothing of the work.
    """
    agent = reads.get(
        models.SessionAgent, message.session_uuid, message.session_agent_uuid, tenant=message.tenant
    )
    if agent is None or agent.member.runtime.kind != message.runtime:
        return
    is_current = agent.current_run_uuid == message.run_uuid
    if is_current and agent.state == SessionAgentState.IN_PROGRESS:
        return
    session = reads.get(
        models.Session, agent.coordination_uuid, agent.session_uuid, tenant=message.tenant
    )
    if session is None:
        return
    try:
        engine.cancel(_call(engine, session, agent, message))
    except RunFailed as failed:
        telemetry.logger.warning("cancel", extra={"reason": failed.notes})
    except Exception:  # noqa: BLE001 - whatever it is, nobody waits for the work
        telemetry.logger.exception("cancel")


def _call(
    engine: Engine, session: models.Session, agent: models.SessionAgent, message: CancelMessage
) -> Call:
    seconds = lease.seconds_for(engine, LONGEST_SECONDS)
    return Call(
        session=session,
        agent=agent,
        run_uuid=message.run_uuid,
        attempt=int(agent.attempt),
        deadline_at=engine.later(seconds),
        seconds=seconds,
        predecessors=(),
        parameters=members.parameters(agent.partition_key, agent.member.runtime),
        context=engine.context,
        remote=decoded(message.remote),
    )
