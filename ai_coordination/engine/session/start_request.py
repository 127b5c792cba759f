"""Plan the agents of a session that a caller starts, and create it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine import metrics
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import new_agents, planned_agents
from ai_coordination.engine.planning.planned_agents import PlannedAgent
from ai_coordination.engine.session import operation
from ai_coordination.engine.session import start as starting
from ai_coordination.errors import BadUserInput, InputError
from ai_coordination.models.writes import Transaction
from ai_coordination.services import idempotent_create, timers
from ai_coordination.services import session as sessions
from ai_coordination.services.fingerprints import MutationInput
from ai_coordination.services.task import queries
from ai_coordination.services.validation import MOST_AGENTS
from ai_coordination.states import SessionStatus


def planned(
    coordination: models.Coordination,
    task: models.Task,
    task_query: str | None,
    subtask_queries: Sequence[Mapping[str, Any]] | None,
) -> list[PlannedAgent]:
    """Plan the agents. Errors in the task's own subtask queries are reported at `task_uuid`.

    Raises BadUserInput and PayloadTooLarge.
    """
    own = subtask_queries is None
    subtasks = task.subtask_queries if own else queries(subtask_queries or [], "subtask_queries")
    try:
        agents = planned_agents.plan_agents(
            coordination.agents, task.agent_actions, subtasks, task_query
        )
    except InputError as wrong:
        if own and wrong.input_path[:1] == ("subtask_queries",):
            raise type(wrong)(wrong.message, "task_uuid") from wrong
        raise
    _check_number(len(agents))
    return agents


def _check_number(agents: int) -> None:
    if agents == 0:
        raise BadUserInput("This coordination has no agents", "coordination_uuid")
    if agents > MOST_AGENTS:
        message = f"A session has at most {MOST_AGENTS} agents, and this one would have {agents}"
        raise BadUserInput(message, "subtask_queries")


def create(
    engine: Engine,
    caller: Caller,
    session: models.Session,
    plan: starting.StartPlan,
    pending: texts.PendingTexts,
    key: str | None,
    arguments: MutationInput,
    schedule: models.TaskSchedule | None,
) -> models.Session:
    """Write session and agents in one transaction if they fit; otherwise the marked session alone.

    Returns the session, or the one that the key has started before.
    """
    at_once = plan.fits(session)
    all_agents = plan.agents if at_once else []
    session.graph_size = len(plan.agents)
    if at_once:
        session.status = SessionStatus.IN_PROGRESS.value
        session.iteration_count = 1
        session.agent_count = len(plan.agents)
        session.waiting_on = starting.sinks(plan.planned)
        session.started_at = session.created_at
        operation.set_deadline(session)
    else:
        session.status = SessionStatus.INITIAL.value
        operation.mark_new(engine, session)
        session.graph = pending.stored_form(planned_agents.dump(plan.planned, plan.chunks()))

    if pending:
        engine.queue.must_send(texts.cleanup_message(pending.owner), texts.CLEANUP_DELAY_SECONDS)
        pending.write()

    def add(transaction: Transaction) -> None:
        sessions.add_parts(transaction, caller, session)
        if schedule is not None:
            timers.check(transaction, schedule)
        for agent in all_agents:
            # Their UUIDs follow from that of the session, which is new.
            transaction.put(agent, new_agents.is_absent(), lambda old: None)

    created = idempotent_create.commit(caller, session, key, arguments, add)
    if created is session and at_once:
        metrics.session_started()
        engine.send(*(agent for agent in all_agents if not agent.waiting_on))
    return created
