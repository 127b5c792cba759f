"""Where a value stands in the input, in the one form that clients get: `["input", "agents", 0]`.

A place begins with the argument's name, whether the value came as a variable, inside one, or was
written into the document. So a form finds its field whichever way it sends it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    parse,
    type_from_ast,
)
from graphql.utilities import coerce_input_value

from ai_coordination.api.documents import selections

Place = list[str | int]

# How graphql-core says that an object lacks a member, or has an unknown one: at the object's place.
_OF_A_MEMBER = re.compile(r"Field '(\w+)' (?:of required type|is not defined)")

# A document that is read only to find a place in it.
MOST_TOKENS = 4_000


def of_coercion_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> list[Place]:
    """The places of all values that are not of their variable's type, in graphql-core's order."""
    found: list[Place] = []
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        at = of_variable(document, name) or [name]
        # A valid document names types that are there, and inputs.
        kind = cast("GraphQLInputType", type_from_ast(schema, definition.type))
        required = isinstance(kind, GraphQLNonNull)
        if name not in variables:
            found += [at] if required and definition.default_value is None else []
        elif variables[name] is None and required:
            found.append(at)
        else:
            coerce_input_value(variables[name], kind, _noted(found, at))
    return found


def _noted(found: list[Place], at: Place) -> Callable[[Place, Any, GraphQLError], None]:
    def note(path: Place, _: Any, error: GraphQLError) -> None:
        member = _OF_A_MEMBER.match(error.message)
        found.append([*at, *path, *(member.groups() if member else ())])

    return note


def of_variable(document: DocumentNode, name: str) -> Place | None:
    """Where a variable's value goes: into the first argument that names it."""
    for argument in _arguments(document):
        for place, value in _values(argument.value, [argument.name.value]):
            if isinstance(value, VariableNode) and value.name.value == name:
                return place
    return None


def of_node(document: DocumentNode, node: Node) -> Place | None:
    """Where a value of the document stands; None where it is no argument's."""
    for argument in _arguments(document):
        for place, value in _values(argument.value, [argument.name.value]):
            if value is node:
                return place
    return None


def within_query(query: Any, path: tuple[str | int, ...]) -> Place:
    """The place of `path`, which leads into the variables, in a query that is not read yet."""
    if len(path) > 1 and isinstance(query, str) and isinstance(path[1], str):
        try:
            found = of_variable(parse(query, max_tokens=MOST_TOKENS), path[1])
        except (GraphQLError, RecursionError):
            found = None
        if found:
            return [*found, *path[2:]]
    return list(path)


def _arguments(document: DocumentNode) -> Iterator[ArgumentNode]:
    return (argument for field in _fields_in_order(document) for argument in field.arguments)


def _fields_in_order(document: DocumentNode) -> list[FieldNode]:
    return sorted(
        selections.every_field(document), key=lambda field: field.loc.start if field.loc else 0
    )


def _values(value: ValueNode, place: Place) -> Iterator[tuple[Place, ValueNode]]:
    """A value, and what is inside of it. It need not be valid."""
    yield place, value
    if isinstance(value, ObjectValueNode):
        for member in value.fields:
            yield from _values(member.value, [*place, member.name.value])
    elif isinstance(value, ListValueNode):
        for index, element in enumerate(value.values):
            yield from _values(element, [*place, index])
