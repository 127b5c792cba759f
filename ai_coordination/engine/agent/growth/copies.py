"""Plan the agents of copies of a task, which run in place of the agent that adds them."""

from collections.abc import Sequence

from ai_coordination import graph, models, texts
from ai_coordination.engine.agent import surroundings
from ai_coordination.engine.agent.growth import children
from ai_coordination.engine.agent.growth.children import Lanes, Work
from ai_coordination.engine.agent.growth.plan import Plan
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import pinned_tasks, planned_agents
from ai_coordination.engine.planning.planned_agents import Place, PlannedAgent
from ai_coordination.states import FailurePolicy, SessionAgentState

_FAILS = FailurePolicy.FAIL_SESSION
# The copy's task query is stored with each agent that may need it. Longer ones are stored once.
LONGEST_INLINE = 256


def of_task(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    work: Sequence[Work],
    pending: texts.PendingTexts,
) -> Plan:
    """Plan a copy of the agent's task for each piece of work, which is its task query.

    Raises InputError for a copy whose queries name what its task query lacks; TextUnavailable.
    """
    pinned = pinned_tasks.of(session)
    task_uuid = str(agent.agent_action.task_uuid)
    copies = [pinned_tasks.agents_of(pinned, task_uuid, str(one.text)) for one in work]
    step = len(copies[0])
    lanes = Lanes(agent, len(copies))
    inside = _Copy(agent, copies[0], is_tolerated=_is_tolerated(engine, agent))
    return Plan(
        [
            inside.placed(one, number, work[number], lanes, pending)
            for number, of_copy in enumerate(copies)
            for one in of_copy
        ],
        step,
    )


def _is_tolerated(engine: Engine, agent: models.SessionAgent) -> bool:
    """Whether the agent, or one above it, tolerates failures in what it has added."""
    above: Sequence[models.SessionAgent] = [agent]
    while above:
        if children.tolerates_failures(above[0]):
            return True
        parent = above[0].parent_ordinal
        above = [] if parent is None else surroundings.numbered(engine, agent, [parent])
    return False


def failed_in(
    engine: Engine, session: models.Session, agent: models.SessionAgent
) -> models.SessionAgent | None:
    """The agent of the last copy whose failure would have ended the session, if it did not because
    an agent above tolerates failures. Then the whole copy has failed, and so has its parent.

    Raises TextUnavailable, Throttled.
    """
    growth = agent.last_growth
    if growth is None or agent.parent_ordinal is None or not _is_tolerated(engine, agent):
        return None
    first = int(growth.base)
    added = surroundings.numbered(engine, agent, range(first, first + int(growth.size)))
    failed = [one for one in added if one.state == SessionAgentState.FAILED]
    if not failed:
        return None
    actions = pinned_tasks.of(session).tasks[str(agent.agent_action.task_uuid)].actions
    goes_on = {uuid for uuid, action in actions.items() if action.on_failure != _FAILS}
    return next((one for one in failed if one.agent_uuid not in goes_on), None)


class _Copy:
    """What all copies of a task have in common."""

    def __init__(
        self, agent: models.SessionAgent, planned: Sequence[PlannedAgent], *, is_tolerated: bool
    ) -> None:
        self._agent = agent
        self._is_tolerated = is_tolerated
        self._step = len(planned)
        self._sinks = [one.ordinal for one in planned if not one.successors]
        self._roots = [one.ordinal for one in planned if not one.predecessors]
        self._threads = graph.threads(
            {one.ordinal: one.predecessors for one in planned},
            {one.ordinal for one in planned if one.action.primary_path},
        )

    def placed(
        self,
        one: PlannedAgent,
        copy: int,
        work: Work,
        lanes: Lanes,
        pending: texts.PendingTexts,
    ) -> PlannedAgent:
        """An agent of the copy with this number, after those of the copies before it."""
        first = copy * self._step
        return one._replace(
            ordinal=one.ordinal + first,
            action=self._action(one.action),
            text=pending.stored_form(one.text),
            predecessors=_moved(one.predecessors, first),
            successors=_moved(one.successors, first),
            place=self._place(one, first, work, pending)._replace(
                order_predecessors=self._all(self._sinks, lanes.before(copy), one, self._roots),
                order_successors=self._all(self._roots, lanes.after(copy), one, self._sinks),
            ),
        )

    def _all(
        self, others: Sequence[int], copies: Sequence[int], one: PlannedAgent, ends: Sequence[int]
    ) -> tuple[int, ...]:
        """The sinks of the copy before for a root, and the roots of the copy after for a sink."""
        if one.ordinal not in ends:
            return ()
        return tuple(other + copy * self._step for copy in copies for other in others)

    def _place(
        self, one: PlannedAgent, first: int, work: Work, pending: texts.PendingTexts
    ) -> Place:
        place = children.place(self._agent, work)
        thread_from = self._threads[one.ordinal]
        if thread_from == graph.SESSION_THREAD:
            # The one agent that continues what was said before, if anything was.
            thread_from = graph.OWN_THREAD
        else:
            place = place._replace(thread_uuid=None)
        return place._replace(
            thread_from=thread_from if thread_from < 0 else thread_from + first,
            task_query=_task_query(one.action, work, pending),
        )

    def _action(self, action: models.AgentAction) -> models.AgentAction:
        """A failure that would end the session ends only its copy, if failures are tolerated."""
        fails = action.on_failure == _FAILS
        if not (fails and self._is_tolerated):
            return action
        policy = FailurePolicy.SKIP_SUCCESSORS.value
        return models.AgentAction(**{**action.attribute_values, "on_failure": policy})


def _task_query(
    action: models.AgentAction, work: Work, pending: texts.PendingTexts
) -> models.Text | None:
    needs = (action.when, action.input, action.for_each, action.repeat)
    if not planned_agents.may_add(action) and all(one is None for one in needs):
        return None
    return pending.stored_form(work.text, LONGEST_INLINE)


def _moved(ordinals: Sequence[int], by: int) -> tuple[int, ...]:
    return tuple(ordinal + by for ordinal in ordinals)
