"""Read a blueprint file strictly, and report each problem with its line.

A task may refer to agents by `agentUuid` or by `agentName`. The `agentUuid` of an agent without one
is derived from its name, so it is the same each time the file is read.
"""

import re
import unicodedata
from collections import Counter
from typing import Any, cast

import yaml
from graphql import GraphQLInputObjectType

from ai_coordination.api.schema import schema
from ai_coordination.local.blueprints import nodes
from ai_coordination.local.blueprints.document import Blueprint, InvalidBlueprint, Path
from ai_coordination.local.blueprints.inputs import Checker, suggestion

# The sections of a file: their input types, and the fields that the tool sets itself.
SECTIONS = {
    "coordination": ("CreateCoordinationInput", ["idempotencyKey"]),
    "task": ("CreateTaskInput", ["coordinationUuid", "idempotencyKey"]),
}
LONGEST_UUID = 128


def read(file: str, text: bytes | None = None) -> Blueprint:
    """Return the blueprint in a file, or in `text`, to which `file` is a name then.

    Raises InvalidBlueprint with all its problems.
    """
    root = nodes.parse(file, text)
    checker = Checker()

    def section(name: str, node: yaml.Node) -> Any:
        type_name, set_by_us = SECTIONS[name]
        of_type = cast("GraphQLInputObjectType", schema.graphql_schema.type_map[type_name])
        return checker.fields(node, of_type, (name,), set_by_us)

    sections = checker.members(root, (), list(SECTIONS), list(SECTIONS), section) or {}
    if not checker.problems:
        _Names(checker, sections["coordination"].get("agents", [])).resolve(sections["task"])
    if checker.problems:
        raise InvalidBlueprint(file, checker.problems)
    return Blueprint(file, sections["coordination"], sections["task"], checker.places)


class _Names:
    """Return the agents of a coordination by the names that the task may use for them."""

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
                self._refuse(("coordination", "agents", index), message)

    def _refuse(self, path: Path, message: str) -> None:
        self._checker.refuse(self._checker.places[path], path, message)

    def _made_from(self, name: str, index: int) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        uuid = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_UUID]
        if not uuid:
            message = "No agentUuid can be made from this name: add an agentUuid"
            self._refuse(("coordination", "agents", index, "agentName"), message)
        return uuid

    def resolve(self, task: dict[str, Any]) -> None:
        """Replace names by UUIDs wherever the task refers to an agent."""
        for field in ("subtaskQueries", "agentActions"):
            for index, item in enumerate(task.get(field, [])):
                path = ("task", field, index)
                item["agentUuid"] = self._uuid(item["agentUuid"], (*path, "agentUuid"))
                for position, name in enumerate(item.get("predecessors", [])):
                    place = (*path, "predecessors", position)
                    item["predecessors"][position] = self._uuid(name, place)

    def _uuid(self, name: str, path: Path) -> str:
        of_name = self._of_name.get(name, [])
        if name in self._uuids:
            return name
        if len(of_name) != 1:
            hint = suggestion(name, [*self._uuids, *self._of_name])
            unknown = f"{name!r} is not an agent of the coordination. {hint}"
            ambiguous = f"Several agents are named {name!r}: use the agentUuid"
            self._refuse(path, ambiguous if of_name else unknown)
            return name
        return of_name[0]
