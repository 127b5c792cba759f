"""Check a task as a whole: members, predecessors, and the tasks that it runs."""

from collections.abc import Iterable

from ai_coordination import graph, models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.services import nested_tasks
from ai_coordination.services.session_membership import MOST_AGENTS


def check(caller: Caller, coordination: models.Coordination, task: models.Task) -> None:
    """Check a task that is about to be written. Reads the tasks that it runs, if there are any.

    Raises BadUserInput at the first place that is wrong; Throttled.
    """
    _check_members(coordination, task)
    _check_cycle(task)
    _check_number(coordination, task)
    nested_tasks.read(caller.context, task)


def taking_part(coordination: models.Coordination, task: models.Task) -> list[str]:
    """Return the agents that take part in a task, in the order of its coordination."""
    return graph.taking_part(
        [agent.agent_uuid for agent in coordination.agents], _queried(task), _predecessors(task)
    )


def _queried(task: models.Task) -> list[str]:
    return [query.agent_uuid for query in task.subtask_queries]


def _predecessors(task: models.Task) -> dict[str, list[str]]:
    return {
        uuid: list(map(str, action.predecessors)) for uuid, action in task.agent_actions.items()
    }


def _check_members(coordination: models.Coordination, task: models.Task) -> None:
    members = {agent.agent_uuid for agent in coordination.agents}
    for index, uuid in enumerate(_queried(task)):
        _check_member(members, uuid, "subtask_queries", index, "agent_uuid")
    for index, (uuid, action) in enumerate(task.agent_actions.items()):
        path = "agent_actions", index
        _check_member(members, uuid, *path, "agent_uuid")
        _check_all(members, map(str, action.predecessors), *path, "predecessors")
        _check_all(members, map(str, action.delegates_to), *path, "delegates_to")


def _check_all(members: set[str], uuids: Iterable[str], *path: str | int) -> None:
    for index, uuid in enumerate(uuids):
        _check_member(members, uuid, *path, index)


def _check_member(members: set[str], uuid: str, *path: str | int) -> None:
    if uuid not in members:
        raise BadUserInput(f"{uuid!r} is not an agent of this coordination", *path)


def _check_cycle(task: models.Task) -> None:
    cycle = graph.find_cycle(_predecessors(task))
    if cycle is not None:
        message = f"These agents wait for each other: {' -> '.join(cycle)}"
        raise BadUserInput(message, "agent_actions")


def _check_number(coordination: models.Coordination, task: models.Task) -> None:
    queried = _queried(task)
    agents = len(queried) + len({*taking_part(coordination, task)}.difference(queried))
    if agents > MOST_AGENTS:
        place = "subtask_queries" if queried else "agent_actions"
        message = f"A session has at most {MOST_AGENTS:,} agents, and this task has {agents:,}"
        raise BadUserInput(message, place)
