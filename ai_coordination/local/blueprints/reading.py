"""Read a blueprint file strictly, and report each problem with its line.

A task may refer to agents by `agentUuid` or by `agentName`. The `agentUuid` of an agent without one
is derived from its name, so it is the same each time the file is read.
"""

from typing import Any, cast

import yaml
from graphql import GraphQLInputObjectType, GraphQLString

from ai_coordination.api.schema import schema
from ai_coordination.local.blueprints import nodes
from ai_coordination.local.blueprints.document import Blueprint, InvalidBlueprint, Path
from ai_coordination.local.blueprints.inputs import Checker, suggestion
from ai_coordination.local.blueprints.references import Agents, ordered

# The parts of a file: their input types, and the fields that the tool sets itself.
PARTS = {
    "coordination": ("CreateCoordinationInput", ["idempotencyKey"]),
    "task": ("CreateTaskInput", ["coordinationUuid", "idempotencyKey"]),
}
# The name of another task of the file, instead of the UUID of a task that exists.
MORE = {"AgentActionInput": {"task": GraphQLString}}


def read(file: str, text: bytes | None = None, task: str | None = None) -> Blueprint:
    """Return the blueprint in a file, or in `text`, to which `file` is a name then.

    `task` is the name of the task that a session is started of; by default it is the first one.
    Raises InvalidBlueprint with all its problems.
    """
    root = nodes.parse(file, text)
    checker = Checker(MORE)
    sections = _sections(checker, root)
    tasks: dict[Path, dict[str, Any]] = {}
    if not checker.problems and not sections["coordination"].get("agents"):
        agents_at: Path = ("coordination", "agents")
        at = agents_at if agents_at in checker.places else agents_at[:1]
        checker.refuse(checker.places[at], at, "There is no agent, so no session can be started")
    if not checker.problems:
        agents = Agents(checker, sections["coordination"].get("agents", []))
        tasks = _tasks(checker, sections)
        for path, each in tasks.items():
            agents.resolve(each, path)
    in_order = [] if checker.problems else ordered(checker, tasks)
    paths = {each["taskName"]: path for path, each in tasks.items()}
    if task is not None and not checker.problems and task not in paths:
        message = f"The file has no task {task!r}. {suggestion(task, paths)}"
        checker.refuse(nodes.place(root), (), message)
    if checker.problems:
        raise InvalidBlueprint(file, checker.problems)
    started = next(iter(paths)) if task is None else task
    return Blueprint(file, sections["coordination"], in_order, started, checker.places, paths)


def _sections(checker: Checker, root: yaml.Node) -> dict[str, Any]:
    def read_section(name: str, node: yaml.Node) -> Any:
        if name != "tasks":
            return _part(checker, name, node, (name,))
        return checker.elements(
            node, (name,), lambda path, item: _part(checker, "task", item, path)
        )

    known = ["coordination", "task", "tasks"]
    sections = checker.members(root, (), known, ["coordination"], read_section) or {}
    is_mapping = isinstance(root, yaml.MappingNode)
    if is_mapping and ("task",) not in checker.places and ("tasks",) not in checker.places:
        checker.refuse(nodes.place(root), (), "The field 'task' is missing")
    if "task" in sections and "tasks" in sections:
        message = "A file has `task` or `tasks`, not both"
        checker.refuse(checker.places["tasks",], ("tasks",), message)
    return sections


def _part(checker: Checker, name: str, node: yaml.Node, path: Path) -> Any:
    type_name, set_by_us = PARTS[name]
    of_type = cast("GraphQLInputObjectType", schema.graphql_schema.type_map[type_name])
    return checker.fields(node, of_type, path, set_by_us)


def _tasks(checker: Checker, sections: dict[str, Any]) -> dict[Path, dict[str, Any]]:
    """Return the tasks by their paths. There is at least one, or a problem."""
    if "task" in sections:
        return {("task",): sections["task"]}
    tasks = {("tasks", index): task for index, task in enumerate(sections["tasks"])}
    if not tasks:
        checker.refuse(checker.places["tasks",], ("tasks",), "A file has at least one task")
    return cast("dict[Path, dict[str, Any]]", tasks)
