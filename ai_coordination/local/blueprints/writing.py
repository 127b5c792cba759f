"""Write a blueprint through the API: create what is missing, and update what exists.

A coordination is found again by its name, and its task by the task's name. So a file can be applied
any number of times, and changes what it created the first time.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

from ai_coordination.local.blueprints.document import Blueprint, InvalidBlueprint, Path
from ai_coordination.local.blueprints.reading import PARTS
from ai_coordination.local.client import Client, Refused

_COORDINATIONS = """query Coordinations($name: String!, $after: String) {
  coordinations(filter: { nameContains: $name }, first: 100, after: $after) {
    nodes { uuid: coordinationUuid name: coordinationName }
    pageInfo { hasNextPage endCursor }
  }
}"""
_TASKS = """query Tasks($coordination: ID!, $after: String) {
  tasks(coordinationUuid: $coordination, first: 100, after: $after) {
    nodes { uuid: taskUuid name: taskName }
    pageInfo { hasNextPage endCursor }
  }
}"""
# An update with all of these makes the stored object what the file says. Null clears a text, and
# empties a list.
_CLEARED: Mapping[str, Mapping[str, Any]] = {
    "coordination": {"coordinationDescription": None, "agents": []},
    "task": {
        "taskDescription": None,
        "initialTaskQuery": None,
        "subtaskQueries": [],
        "agentActions": [],
        "output": None,
        "budget": None,
    },
}


class Written(NamedTuple):
    """The UUIDs of the coordination and of the task to start, and what was done, as sentences."""

    coordination: str
    task: str
    done: list[str]


def write(client: Client, blueprint: Blueprint) -> Written:
    """Create or update the coordination and the tasks of a blueprint.

    Raises InvalidBlueprint if the engine refuses a value of the file, Refused for other errors.
    """
    with explained(blueprint, "coordination", ("coordination",)):
        uuid = find_coordination(client, blueprint)
        coordination, done = _put(client, "coordination", uuid, blueprint.coordination)
    written = Written(coordination, "", [done])
    rows = list(client.pages(_TASKS, "tasks", coordination=coordination))
    uuids: dict[str, str] = {}
    for task in blueprint.tasks:
        name = task["taskName"]
        with explained(blueprint, "task", blueprint.paths[name]):
            fields = {"coordinationUuid": coordination, **_with_uuids(task, uuids)}
            uuids[name], done = _put(client, "task", _only(rows, "tasks", name), fields)
        written.done.append(done)
    return written._replace(task=uuids[blueprint.started])


def _with_uuids(task: Mapping[str, Any], uuids: Mapping[str, str]) -> dict[str, Any]:
    """Return a task whose actions have the UUIDs of tasks instead of their names."""
    actions = [dict(action) for action in task.get("agentActions", [])]
    for action in actions:
        if "task" in action:
            action["taskUuid"] = uuids[action.pop("task")]
    return {**task, "agentActions": actions}


def find_coordination(client: Client, blueprint: Blueprint) -> str | None:
    """Return the UUID of the stored coordination of a blueprint, None if there is none."""
    name = blueprint.coordination["coordinationName"]
    return _only(client.pages(_COORDINATIONS, "coordinations", name=name), "coordinations", name)


def _only(rows: Iterable[Mapping[str, Any]], noun: str, name: str) -> str | None:
    """Return the UUID of the row with this name. Raises RuntimeError if there are several."""
    uuids = [str(row["uuid"]) for row in rows if row["name"] == name]
    if len(uuids) > 1:
        raise RuntimeError(
            f"Several {noun} are named {name!r}, so it is not clear which one to update: "
            f"{', '.join(uuids)}. Give the one in the file another name, or rename or delete "
            "all but one"
        )
    return uuids[0] if uuids else None


def _put(client: Client, noun: str, uuid: str | None, fields: Mapping[str, Any]) -> tuple[str, str]:
    selection = f"{noun} {{ {noun}Uuid }}"
    if uuid is None:
        arguments = {**fields, "idempotencyKey": str(uuid4())}
        answer = client.mutate(f"create{noun.capitalize()}", selection, arguments)
    else:
        arguments = {**_CLEARED[noun], **fields, f"{noun}Uuid": uuid}
        answer = client.mutate(f"update{noun.capitalize()}", selection, arguments)
    done = "Created" if uuid is None else "Updated"
    return str(answer[noun][f"{noun}Uuid"]), f"{done} {noun} {fields[f'{noun}Name']!r}"


@contextmanager
def explained(blueprint: Blueprint, part: str, at: Path) -> Iterator[None]:
    """Show the engine's errors at the place of the file that caused them, below `at`."""
    try:
        yield
    except Refused as refused:
        paths = [_in_file(blueprint, error.path, part, at) for error in refused.errors]
        problems = [
            blueprint.problem(error.message, path)
            for error, path in zip(refused.errors, paths, strict=True)
            if path is not None
        ]
        if len(problems) < len(refused.errors):
            raise
        raise InvalidBlueprint(blueprint.file, problems) from refused


def _in_file(blueprint: Blueprint, path: Path, part: str, at: Path) -> Path | None:
    """Convert a path in the request to one in the file. None if the file has no such value."""
    if path == ("filter", "nameContains"):
        return *at, "coordinationName"
    if len(path) < 2 or path[0] != "input" or path[1] in PARTS[part][1]:
        return None
    named = (*at, *path[1:-1], "task")
    is_named = path[-1] == "taskUuid" and named in blueprint.places
    return named if is_named else (*at, *path[1:])
