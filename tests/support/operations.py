"""Every operation of the schema, with its arguments. New operations are included."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    is_enum_type,
    is_required_argument,
    is_required_input_field,
)

from ai_coordination.api.schema import schema
from tests.support.selections import selection
from tests.support.world import THREAD, USER

# Where a value goes: ("taskUuid",), ("filter", "taskUuid") or ("input", "taskUuid").
Place = tuple[str, ...]
Values = Mapping[Place, Any]

# Names that a tenant chooses. Two tenants may choose the same.
LABELS = {
    "agentUuid": "rag",
    "asyncTaskUuid": "job-1",
    "threadUuid": THREAD,
    "userId": USER,
}
PLAIN = {
    **LABELS,
    "coordinationName": "Offers",
    "schedule": "rate(1 day)",
    "state": "WAITING_FOR_INPUT",
    "taskName": "Translate",
    "timezone": "Europe/Berlin",
    "work": [{"agentUuid": "rag", "subtaskQuery": "Find it"}],
}

# What is given in place of another value, and not with it: here in place of `of { mine }`.
INSTEAD = {("of", "group"), ("of", "assignee")}


@dataclass(frozen=True)
class Operation:
    """A root field of the schema."""

    kind: str
    name: str
    field: GraphQLField

    @cached_property
    def places(self) -> dict[Place, GraphQLInputType]:
        """All arguments, with the members of inputs and filters one by one."""
        return dict(self._places())

    def _places(self) -> Iterator[tuple[Place, GraphQLInputType]]:
        for name, argument in self.field.args.items():
            named = get_named_type(argument.type)
            if isinstance(named, GraphQLInputObjectType):
                for member, one in named.fields.items():
                    yield (name, member), one.type
            else:
                yield (name,), argument.type

    @cached_property
    def required(self) -> set[Place]:
        """The required places."""
        members = {
            (name, member)
            for name, argument in self.field.args.items()
            if isinstance(named := get_named_type(argument.type), GraphQLInputObjectType)
            for member, one in named.fields.items()
            if is_required_input_field(one)
        }
        arguments = {
            (name,) for name, argument in self.field.args.items() if is_required_argument(argument)
        }
        return members | (arguments & self.places.keys())

    def uuids(self) -> list[Place]:
        """Return the places that name an entity."""
        return [
            place
            for place, kind in self.places.items()
            if get_named_type(kind).name == "ID" and place[-1] not in LABELS
        ]

    def plain(self) -> dict[Place, Any]:
        """Return the other required values."""
        return {place: self._value(place) for place in self.required - {*self.uuids()}}

    def optional(self) -> dict[Place, Any]:
        """Return the other optional values that are names, numbers, booleans or enums."""
        left_out = {*self.uuids(), ("after",), *INSTEAD}
        places = self.places.keys() - self.required - left_out
        return {place: self._value(place) for place in places if self._is_simple(place)}

    def _is_simple(self, place: Place) -> bool:
        kind = get_named_type(self.places[place])
        return is_enum_type(kind) or kind.name in {"Boolean", "ID", "Int", "String"}

    def _value(self, place: Place) -> Any:
        kind = get_named_type(self.places[place])
        default = next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else None
        return PLAIN.get(place[-1], default or {"Boolean": True, "Int": 1}.get(kind.name, "some"))

    def document(self, depth: int) -> str:
        """Return a document that selects everything, down to a depth."""
        arguments = self.field.args.items()
        declared = ", ".join(f"${name}: {argument.type}" for name, argument in arguments)
        passed = ", ".join(f"{name}: ${name}" for name, _ in arguments)
        given = (f"({declared})", f"({passed})") if declared else ("", "")
        answer = selection(self.field.type, depth)
        return f"{self.kind} {given[0]} {{ {self.name}{given[1]} {answer} }}"


def variables(values: Values) -> dict[str, Any]:
    """Return the values as variables."""
    placed: dict[str, Any] = {}
    for place, value in values.items():
        target = placed
        for name in place[:-1]:
            target = target.setdefault(name, {})
        target[place[-1]] = value
    return placed


def operations() -> dict[str, Operation]:
    """Return all operations by name."""
    known = schema.graphql_schema
    return {
        name: Operation(kind, name, field)
        for kind, root in (("query", known.query_type), ("mutation", known.mutation_type))
        if root is not None
        for name, field in root.fields.items()
    }
