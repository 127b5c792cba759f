"""Commands by which a person claims the question of an agent, and releases it again.

Each is one conditional write, on the run and on who has claimed the question. It is no edge: the
agent still waits, and its deadline stays. A repeated command finds its own effect.
"""

from pynamodb.expressions.condition import Condition

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.engine import agent_commands
from ai_coordination.engine.agent import inbox
from ai_coordination.engine.agent.transition import Changes
from ai_coordination.engine.context import Engine
from ai_coordination.errors import Forbidden
from ai_coordination.models import moves, writes
from ai_coordination.states import SessionAgentState

NO_USER = "Only a caller with a user can claim a question, and this one has none"
TOO_LATE = "The time for the answer has passed"


def claim(
    engine: Engine, caller: Caller, *, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    """Claim the question with which a run ended: nobody else can answer until it is released.

    Raises BadUserInput, NotFound, Throttled; Forbidden if the question is to others; InvalidState
    if it is no longer asked, or another has claimed it, whom the message names.
    """
    if caller.user_id is None:
        raise Forbidden(NO_USER)
    while True:
        agent = _asking(caller, session_uuid, session_agent_uuid, run_uuid)
        inbox.check(caller, agent)
        if agent.claimed_by is not None:
            return agent
        now = engine.now()
        if agent.deadline_at is not None and agent.deadline_at <= now:
            raise agent_commands.refused(agent, TOO_LATE)
        # A question keeps its deadline, so the write is refused only for another question. Its time
        # is in the condition as in that of every answer.
        changes = inbox.claimed(agent, caller.user_id, now)
        claimed = _write(engine, caller, agent, changes, now, moves.in_time(now))
        if claimed is not None:
            return claimed


def release(
    engine: Engine, caller: Caller, *, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    """Release a claimed question. Only who has claimed it can do that, and services of the tenant.

    A question that nobody has claimed is returned as it is. Raises as `claim`.
    """
    while True:
        agent = _asking(caller, session_uuid, session_agent_uuid, run_uuid)
        if agent.claimed_by is None:
            return agent
        if not caller.is_service:
            inbox.check(caller, agent)
        released = _write(engine, caller, agent, inbox.released(agent), engine.now())
        if released is not None:
            return released


def _asking(
    caller: Caller, session_uuid: str, session_agent_uuid: str, run_uuid: str
) -> models.SessionAgent:
    """Read an agent that waits for the answer to the question of this run."""
    agent = agent_commands.agent_of(caller, session_uuid, session_agent_uuid, run_uuid)
    is_asking = agent.state == SessionAgentState.WAITING_FOR_INPUT
    if not is_asking or agent.current_run_uuid != run_uuid:
        raise agent_commands.not_asking(agent, run_uuid)
    return agent


def _write(
    engine: Engine,
    caller: Caller,
    agent: models.SessionAgent,
    changes: Changes,
    at: str,
    fence: Condition | None = None,
) -> models.SessionAgent | None:
    """Write a claim or a release. None if the question or who has claimed it has changed."""
    kind = models.SessionAgent
    actions, condition = moves.agent(
        SessionAgentState.WAITING_FOR_INPUT,
        int(agent.iteration),
        SessionAgentState.WAITING_FOR_INPUT,
    )
    condition &= moves.same_run(agent) & moves.same(kind.claimed_by, agent.claimed_by)
    if fence is not None:
        condition &= fence
    more = {"updated_at": at, "updated_by": caller.user_id, **changes}
    for name, value in more.items():
        attribute = getattr(kind, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    actions.append(kind.version.add(1))
    landed, now = writes.update_if(agent, actions, condition, engine.context)
    return now if landed else None
