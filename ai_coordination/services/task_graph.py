"""Check a task as a whole: members, predecessors, other tasks, and what expressions name."""

from collections.abc import Iterable, Mapping

from ai_coordination import expressions, graph, models
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput
from ai_coordination.expressions import Scope
from ai_coordination.services import nested_tasks
from ai_coordination.services.nested_tasks import Tasks
from ai_coordination.services.validation import MOST_AGENTS

# Of the agents of a coordination, those that an error names.
MOST_NAMED = 20


def check(caller: Caller, coordination: models.Coordination, task: models.Task) -> None:
    """Check a task that is about to be written. Reads the tasks that it runs, if there are any.

    Raises BadUserInput at the first place that is wrong; Throttled.
    """
    _check_members(coordination, task)
    _check_cycle(task)
    _check_number(coordination, task)
    tasks = nested_tasks.read(caller.context, task)
    _check_expressions(coordination, task, tasks)


def taking_part(coordination: models.Coordination, task: models.Task) -> list[str]:
    """Return the agents that take part in a task, in the order of its coordination."""
    queried = _queried(task)
    placed = graph.placed(_predecessors(task), queried, delegates(task.agent_actions))
    return graph.taking_part([agent.agent_uuid for agent in coordination.agents], queried, placed)


def delegates(actions: Mapping[str, models.AgentAction]) -> set[str]:
    """Return the members to which agents with these actions may delegate."""
    return {str(uuid) for action in actions.values() for uuid in action.delegates_to}


def last_agents(coordination: models.Coordination, task: models.Task) -> list[str]:
    """Return the agents of a task that have no successors."""
    followed = {uuid for befores in _predecessors(task).values() for uuid in befores}
    return [uuid for uuid in taking_part(coordination, task) if uuid not in followed]


def _queried(task: models.Task) -> list[str]:
    return [query.agent_uuid for query in task.subtask_queries]


def _predecessors(task: models.Task) -> dict[str, list[str]]:
    return {
        uuid: list(map(str, action.predecessors)) for uuid, action in task.agent_actions.items()
    }


def _check_members(coordination: models.Coordination, task: models.Task) -> None:
    members = {agent.agent_uuid: agent.agent_name for agent in coordination.agents}
    for index, uuid in enumerate(_queried(task)):
        check_member(members, uuid, "subtask_queries", index, "agent_uuid")
    for index, (uuid, action) in enumerate(task.agent_actions.items()):
        path = "agent_actions", index
        check_member(members, uuid, *path, "agent_uuid")
        _check_all(members, map(str, action.predecessors), *path, "predecessors")
        _check_all(members, map(str, action.delegates_to), *path, "delegates_to")


def _check_all(members: Mapping[str, str], uuids: Iterable[str], *path: str | int) -> None:
    for index, uuid in enumerate(uuids):
        check_member(members, uuid, *path, index)


def check_member(members: Mapping[str, str], uuid: str, *path: str | int) -> None:
    """Raise BadUserInput if no member has this UUID. `members` are names by UUIDs."""
    if uuid not in members:
        message = f"{uuid!r} is not an agent of this coordination. {_hint(members, uuid)}"
        raise BadUserInput(message, *path)


def _hint(members: Mapping[str, str], unknown: str) -> str:
    """What to write instead. A name in the place of an agentUuid is the usual mistake."""
    named = [uuid for uuid, name in members.items() if name == unknown]
    if named:
        return f"It is an agent's name: write the agentUuid, {named[0]!r}"
    known = list(map(repr, members))
    more = [f"and {len(known) - MOST_NAMED} more"] if len(known) > MOST_NAMED else []
    return f"Its agents are {', '.join(known[:MOST_NAMED] + more)}" if known else "It has no agents"


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


def _check_expressions(coordination: models.Coordination, task: models.Task, tasks: Tasks) -> None:
    for index, action in enumerate(task.agent_actions.values()):
        _check_action(coordination, action, tasks, "agent_actions", index)
    scope = expressions.scope_of("output", last_agents(coordination, task))
    _check_expression(task.output, scope, "output")


def _check_action(
    coordination: models.Coordination,
    action: models.AgentAction,
    tasks: Tasks,
    *path: str | int,
) -> None:
    before = list(map(str, action.predecessors))
    loops = {"for_each": action.for_each is not None, "repeat": action.repeat is not None}
    _check_expression(action.when, expressions.scope_of("when", before), *path, "when")
    seen = expressions.scope_of("input", before, **loops)
    _check_expression(action.input, seen, *path, "input")
    if action.for_each is not None:
        scope = expressions.scope_of("forEach.items", before)
        _check_expression(action.for_each.items, scope, *path, "for_each", "items")
    if action.repeat is not None:
        body = None if action.task_uuid is None else tasks[action.task_uuid]
        last = [str(action.agent_uuid)] if body is None else last_agents(coordination, body)
        scope = expressions.scope_of("repeat.until", last)
        _check_expression(action.repeat.until, scope, *path, "repeat", "until")


def _check_expression(text: str | None, scope: Scope, *path: str | int) -> None:
    if text is not None and (found := expressions.problems(text, scope)):
        raise BadUserInput("; ".join(found), *path)
