"""The tasks and members that a session may add to its graph while it runs.

A session pins them when it starts: what is written or deleted afterwards does not change it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ai_coordination import models, texts
from ai_coordination.context import InvocationContext
from ai_coordination.engine.planning import planned_agents
from ai_coordination.engine.planning.planned_agents import ACTION, MEMBER, packed, unpacked
from ai_coordination.errors import BadUserInput, InputError
from ai_coordination.services import nested_tasks, task_graph
from ai_coordination.services.members import compact
from ai_coordination.services.validation import MOST_AGENTS


class PinnedTask(NamedTuple):
    """What a copy of a task is made of."""

    actions: Mapping[str, models.AgentAction]
    queries: Sequence[models.SubtaskQuery]
    initial_query: str | None


class Pinned(NamedTuple):
    """Members, in the order of the coordination, and tasks, by their UUIDs."""

    members: Mapping[str, models.Agent]
    tasks: Mapping[str, PinnedTask]


def gather(
    context: InvocationContext, coordination: models.Coordination, task: models.Task
) -> Pinned | None:
    """Read and check all that a session of a task may add. None if it adds nothing.

    Raises BadUserInput for what the coordination lacks, tasks that contain themselves or are nested
    too deeply, and graphs that cannot be run; Throttled.
    """
    if not any(map(planned_agents.may_add, task.agent_actions.values())):
        return None
    try:
        tasks = nested_tasks.read(context, task)
    except BadUserInput as wrong:
        raise BadUserInput(wrong.message, "task_uuid") from wrong
    wanted = {uuid for one in tasks.values() for uuid in _members_of(coordination, task, one)}
    known = {member.agent_uuid: member for member in coordination.agents}
    lost = sorted(wanted - known.keys())
    if lost:
        message = f"The coordination no longer has {', '.join(map(repr, lost))}: update the task"
        raise BadUserInput(message, "task_uuid")
    return Pinned(
        {uuid: member for uuid, member in known.items() if uuid in wanted},
        {uuid: _pinned(one) for uuid, one in tasks.items()},
    )


def _members_of(
    coordination: models.Coordination, task: models.Task, one: models.Task
) -> Iterator[str]:
    """The members that may be added: those of a task below, and those to which work is delegated.

    Raises BadUserInput for a graph that cannot be run.
    """
    for action in one.agent_actions.values():
        yield from map(str, action.delegates_to)
    if one.task_uuid == task.task_uuid:
        return
    try:
        planned_agents.check(coordination.agents, one.agent_actions, one.subtask_queries)
    except BadUserInput as wrong:
        message = f"The task {one.task_name!r}, which is run as a sub-task: {wrong.message}"
        raise BadUserInput(message, "task_uuid") from wrong
    yield from task_graph.taking_part(coordination, one)


def _pinned(task: models.Task) -> PinnedTask:
    return PinnedTask(task.agent_actions, task.subtask_queries, task.initial_task_query)


def check_queries(pinned: Pinned, planned: Sequence[planned_agents.PlannedAgent]) -> None:
    """Check the copies of tasks whose task query is known at the start: that of the agent itself.

    Raises BadUserInput and PayloadTooLarge.
    """
    for agent in planned:
        action = agent.action
        is_known = not agent.predecessors and action.for_each is None and action.input is None
        if action.task_uuid is None or not is_known:
            continue
        text = None if agent.text is None else str(agent.text)
        try:
            copy = agents_of(pinned, str(action.task_uuid), text)
        except InputError as wrong:
            name = agent.member.agent_name
            message = f"The task that {name!r} runs: {wrong.message}"
            raise type(wrong)(message, "task_uuid") from wrong
        if len(copy) >= MOST_AGENTS:
            message = f"The task that {agent.member.agent_name!r} runs has too many agents"
            raise BadUserInput(message, "task_uuid")


def agents_of(
    pinned: Pinned, task_uuid: str, task_query: str | None
) -> list[planned_agents.PlannedAgent]:
    """Plan the agents of one copy of a task, with ordinals from 0. Raises as `plan_agents`."""
    task = pinned.tasks[task_uuid]
    return planned_agents.plan_agents(
        list(pinned.members.values()),
        task.actions,
        task.queries,
        task_query or task.initial_query,
    )


def stored(pinned: Pinned, pending: texts.PendingTexts) -> models.Text:
    """Return what the session stores. Large texts are `pending` afterwards."""
    return pending.stored_form(
        packed(
            {
                "members": [
                    member.serialize(compact(pending, member)) for member in pinned.members.values()
                ],
                "tasks": {uuid: _dump(task) for uuid, task in pinned.tasks.items()},
            }
        )
    )


def _dump(task: PinnedTask) -> Mapping[str, Any]:
    return {
        "actions": [action.serialize(action) for action in task.actions.values()],
        "queries": [[query.agent_uuid, query.subtask_query] for query in task.queries],
        "initial": task.initial_query,
    }


def of(session: models.Session) -> Pinned:
    """Return what a session has pinned. Raises TextUnavailable, Throttled."""
    if session.pinned_tasks is None:
        return Pinned({}, {})
    whole = unpacked(texts.read(session.partition_key, session.pinned_tasks))
    members = [MEMBER.deserialize(member) for member in whole["members"]]
    return Pinned(
        {member.agent_uuid: member for member in members},
        {uuid: _load(task) for uuid, task in whole["tasks"].items()},
    )


def _load(task: Mapping[str, Any]) -> PinnedTask:
    actions = [ACTION.deserialize(action) for action in task["actions"]]
    queries = [
        models.SubtaskQuery(agent_uuid=uuid, subtask_query=text) for uuid, text in task["queries"]
    ]
    return PinnedTask({action.agent_uuid: action for action in actions}, queries, task["initial"])


def with_members(pinned: Pinned, members: Mapping[str, models.Agent]) -> Pinned:
    """Return the same with other members in the places of those that were pinned."""
    return pinned._replace(
        members={uuid: members.get(uuid, member) for uuid, member in pinned.members.items()},
    )
