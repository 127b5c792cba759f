"""Check a YAML node against an input type of the GraphQL schema.

So a blueprint file has exactly the fields of the API, of the version that reads it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

import yaml
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)

from ai_coordination.local.blueprints.document import Path, Place, Problem
from ai_coordination.local.blueprints.nodes import kind, place

DEEPEST = 64
SET_BY_US = "This field is set by the tool, and not by the file"

_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "seq": "a list",
    "map": "a mapping",
}
_SCALARS: dict[str, tuple[str, ...]] = {
    "String": ("str",),
    "ID": ("str",),
    "Int": ("int",),
    "Float": ("float", "int"),
    "Boolean": ("bool",),
    "JSON": ("str", "int", "float", "bool", "null"),
}


Fields = Mapping[str, Mapping[str, GraphQLInputType]]


class Checker:
    """Converts nodes to values. Collects all problems, and the position of each value.

    `more` has fields that the input types have in a file only, by the types' names.
    """

    def __init__(self, more: Fields) -> None:
        self._more = more
        self.problems: list[Problem] = []
        self.places: dict[Path, Place] = {}

    def refuse(self, at: Place, path: Path, message: str) -> None:
        """Record a problem."""
        self.problems.append(Problem(at, path, message))

    def value(self, node: yaml.Node, of_type: GraphQLInputType, path: Path) -> Any:
        """Return the value of a node of this type. None if it has another type, or is null."""
        self.places[path] = place(node)
        is_null = kind(node) == "null"
        if isinstance(of_type, GraphQLNonNull):
            return self._non_null(node, of_type.of_type, path)
        return None if is_null else self._non_null(node, of_type, path)

    def _non_null(self, node: yaml.Node, of_type: GraphQLInputType, path: Path) -> Any:
        if isinstance(of_type, GraphQLList):
            return self._list(node, of_type, path)
        if isinstance(of_type, GraphQLInputObjectType):
            return self.fields(node, of_type, path)
        if isinstance(of_type, GraphQLEnumType):
            return self._enum(node, of_type, path)
        name = str(of_type)
        return self.json(node, path) if name == "JSON" else self._scalar(node, name, path)

    def fields(
        self,
        node: yaml.Node,
        of_type: GraphQLInputObjectType,
        path: Path,
        set_by_us: Collection[str] = (),
    ) -> dict[str, Any] | None:
        """Return the fields of an input object. The file must not have those in `set_by_us`."""
        known = {name: field.type for name, field in of_type.fields.items()}
        known |= self._more.get(of_type.name, {})
        allowed = [name for name in known if name not in set_by_us]
        required = [name for name in allowed if isinstance(known[name], GraphQLNonNull)]

        def read(name: str, value: yaml.Node) -> Any:
            return self.value(value, known[name], (*path, name))

        return self.members(node, path, allowed, required, read, set_by_us)

    def members(
        self,
        node: yaml.Node,
        path: Path,
        allowed: Collection[str],
        required: Collection[str],
        read: Callable[[str, yaml.Node], Any],
        set_by_us: Collection[str] = (),
    ) -> dict[str, Any] | None:
        """Return the members of a mapping, each converted by `read`, without nulls."""
        self.places[path] = place(node)
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, path, "a mapping")
            return None
        members: dict[str, Any] = {}
        for key, name, value in self._pairs(node, path):
            if name in allowed:
                members[name] = read(name, value)
            else:
                unknown = f"{name!r} is not a field here. {suggestion(name, allowed)}"
                message = SET_BY_US if name in set_by_us else unknown
                self.refuse(place(key), (*path, name), message)
        for name in required:
            if name not in members:
                self.refuse(place(node), path, f"The field {name!r} is missing")
        return {name: value for name, value in members.items() if value is not None}

    def json(self, node: yaml.Node, path: Path) -> Any:
        """Return a node as any JSON value."""
        self.places[path] = place(node)
        if len(path) > DEEPEST:
            self.refuse(place(node), path[:DEEPEST], "This is nested too deeply")
            return None
        if isinstance(node, yaml.MappingNode):
            return {
                name: self.json(value, (*path, name)) for _, name, value in self._pairs(node, path)
            }
        if isinstance(node, yaml.SequenceNode):
            return [self.json(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, "JSON", path)

    def _pairs(
        self, node: yaml.MappingNode, path: Path
    ) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        names: set[str] = set()
        for key, value in node.value:
            if kind(key) != "str":
                self.refuse(place(key), path, "A key must be text. Put it in quotes")
            elif key.value in names:
                self.refuse(place(key), (*path, key.value), "This key occurs twice")
            else:
                names.add(key.value)
                yield key, key.value, value

    def _list(self, node: yaml.Node, of_type: GraphQLList[Any], path: Path) -> list[Any] | None:
        return self.elements(node, path, lambda at, item: self.value(item, of_type.of_type, at))

    def elements(
        self, node: yaml.Node, path: Path, read: Callable[[Path, yaml.Node], Any]
    ) -> list[Any] | None:
        """Return the elements of a list, each converted by `read` at its path."""
        self.places[path] = place(node)
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, path, "a list")
            return None
        return [read((*path, index), item) for index, item in enumerate(node.value)]

    def _enum(self, node: yaml.Node, of_type: GraphQLEnumType, path: Path) -> str | None:
        if kind(node) == "str" and node.value in of_type.values:
            return str(node.value)
        self._wrong(node, path, "one of " + ", ".join(of_type.values))
        return None

    def _scalar(self, node: yaml.Node, name: str, path: Path) -> Any:
        tag, kinds = kind(node), _SCALARS[name]
        if tag not in kinds or (tag in ("int", "float") and not isfinite(float(node.value))):
            self._wrong(node, path, "JSON" if name == "JSON" else _NAMES[kinds[0]])
            return None
        if tag == "int":
            return int(node.value)
        if tag == "float":
            return float(node.value)
        if tag == "bool":
            return node.value == "true"
        return None if tag == "null" else node.value

    def _wrong(self, node: yaml.Node, path: Path, expected: str) -> None:
        """Record that a node has the wrong type."""
        description = _NAMES.get(kind(node), f"of the type {kind(node)!r}")
        if not isinstance(node, yaml.ScalarNode) or kind(node) == "null":
            hint = ": put it in quotes" if expected == "text" and kind(node) != "null" else ""
            self.refuse(place(node), path, f"This must be {expected}, not {description}{hint}")
            return
        message = f"This must be {expected}, not {node.value!r}"
        if expected == "text":
            message += f", which is {description}: put it in quotes"
        self.refuse(place(node), path, message)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a hint for an unknown name: a similar name, otherwise all names."""
    close = get_close_matches(name, known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"Known names: {', '.join(sorted(known))}"
