"""What a blueprint file names: agents by their UUID or name, and tasks by their name."""

import re
import unicodedata
from collections import Counter
from graphlib import TopologicalSorter
from typing import Any

from ai_coordination import graph
from ai_coordination.local.blueprints.document import Path
from ai_coordination.local.blueprints.inputs import Checker, suggestion

LONGEST_UUID = 128


class Agents:
    """The agents of a coordination, by the names that tasks may use for them."""

    def __init__(self, checker: Checker, agents: list[dict[str, Any]]) -> None:
        self._checker = checker
        for index, agent in enumerate(agents):
            agent.setdefault("agentUuid", self._made_from(agent["agentName"], index))
        self._uuids = Counter(agent["agentUuid"] for agent in agents)
        self._of_name: dict[str, list[str]] = {}
        for index, agent in enumerate(agents):
            self._of_name.setdefault(agent["agentName"], []).append(agent["agentUuid"])
            if self._uuids[agent["agentUuid"]] > 1:
                message = f"Several agents have the agentUuid {agent['agentUuid']!r}"
                _refuse(self._checker, ("coordination", "agents", index), message)

    def _made_from(self, name: str, index: int) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        uuid = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_UUID]
        if not uuid:
            message = "No agentUuid can be made from this name: add an agentUuid"
            _refuse(self._checker, ("coordination", "agents", index, "agentName"), message)
        return uuid

    def resolve(self, task: dict[str, Any], path: Path) -> None:
        """Replace names by UUIDs wherever the task at this path refers to an agent."""
        for field in ("subtaskQueries", "agentActions"):
            for index, item in enumerate(task.get(field, [])):
                place = (*path, field, index)
                item["agentUuid"] = self._uuid(item["agentUuid"], (*place, "agentUuid"))
                for list_of in ("predecessors", "delegatesTo"):
                    for position, name in enumerate(item.get(list_of, [])):
                        at = (*place, list_of, position)
                        item[list_of][position] = self._uuid(name, at)

    def _uuid(self, name: str, path: Path) -> str:
        of_name = self._of_name.get(name, [])
        if name in self._uuids:
            return name
        if len(of_name) != 1:
            hint = suggestion(name, [*self._uuids, *self._of_name])
            unknown = f"{name!r} is not an agent of the coordination. {hint}"
            ambiguous = f"Several agents are named {name!r}: use the agentUuid"
            _refuse(self._checker, path, ambiguous if of_name else unknown)
            return name
        return of_name[0]


def ordered(checker: Checker, tasks: dict[Path, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tasks in an order in which each comes after those that it runs.

    Records a problem for a name that several have, for one that no task has, for an action with a
    name and a UUID, and for a circle.
    """
    names = Counter(task["taskName"] for task in tasks.values())
    runs: dict[str, list[str]] = {}
    for path, task in tasks.items():
        name = task["taskName"]
        if names[name] > 1:
            _refuse(checker, (*path, "taskName"), f"Several tasks are named {name!r}")
        runs.setdefault(name, []).extend(_runs(checker, task, path, names))
    cycle = graph.find_cycle(runs)
    if cycle is not None:
        shown = " -> ".join(cycle[::-1])
        path = next(path for path, task in tasks.items() if task["taskName"] == cycle[0])
        _refuse(checker, path, f"These tasks contain each other: {shown}")
        return list(tasks.values())
    order = {name: place for place, name in enumerate(TopologicalSorter(runs).static_order())}
    return sorted(tasks.values(), key=lambda task: order[task["taskName"]])


def _runs(checker: Checker, task: dict[str, Any], path: Path, names: Counter[str]) -> list[str]:
    """Return the names of the tasks that a task runs."""
    found = []
    for index, action in enumerate(task.get("agentActions", [])):
        place = (*path, "agentActions", index, "task")
        if "task" not in action:
            continue
        if "taskUuid" in action:
            _refuse(checker, place, "An action has `task` or `taskUuid`, not both")
        if action["task"] in names:
            found.append(action["task"])
        else:
            hint = suggestion(action["task"], names)
            _refuse(checker, place, f"{action['task']!r} is not a task of this file. {hint}")
    return found


def _refuse(checker: Checker, path: Path, message: str) -> None:
    checker.refuse(checker.places[path], path, message)
