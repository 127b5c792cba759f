"""Find the `inputPath` of a value, such as `["input", "agents", 0]`.

It begins with the argument's name, whether the value was sent in a variable or written in the
document. So a client can map it to a form field in either case.
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
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    parse,
    type_from_ast,
)
from graphql.utilities import coerce_input_value

from ai_coordination.api.documents import selections

InputPath = list[str | int]

# graphql-core reports a missing or unknown member at the path of its object, and a missing argument
# at its field. In a document it names the object's type too.
_OF_A_MEMBER = re.compile(r"Field '(?:\w+\.)?(\w+)' (?:of required type|is not defined)")
_OF_AN_ARGUMENT = re.compile(r"Field '\w+' argument '(\w+)' of type .+ is required")

# Limit for a document that is parsed only to find a path in it.
MAX_TOKENS = 4_000


def of_coercion_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> list[InputPath]:
    """Return the paths of all values that do not match their variable's type.

    They are in the order of graphql-core's errors.
    """
    paths: list[InputPath] = []
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        at = of_variable(document, name) or [name]
        # The document is valid, so the type exists and is an input type.
        input_type = cast("GraphQLInputType", type_from_ast(schema, definition.type))
        required = isinstance(input_type, GraphQLNonNull)
        if name not in variables:
            paths += [at] if required and definition.default_value is None else []
        elif variables[name] is None and required:
            paths.append(at)
        else:
            coerce_input_value(variables[name], input_type, _append_to(paths, at))
    return paths


def _append_to(
    paths: list[InputPath], at: InputPath
) -> Callable[[InputPath, Any, GraphQLError], None]:
    def on_error(path: InputPath, _: Any, error: GraphQLError) -> None:
        member = _OF_A_MEMBER.match(error.message)
        paths.append([*at, *path, *(member.groups() if member else ())])

    return on_error


def of_variable(document: DocumentNode, name: str) -> InputPath | None:
    """Return the path where a variable is first used in an argument, None if it is not used."""
    for argument in _arguments(document):
        for path, value in _values(argument.value, [argument.name.value]):
            if isinstance(value, VariableNode) and value.name.value == name:
                return path
    return None


def of_violation(document: DocumentNode, error: GraphQLError) -> InputPath | None:
    """Return the path that a validation error is about, None if it is about no argument."""
    node = error.nodes[0] if error.nodes else None
    if isinstance(node, FieldNode):
        missing = _OF_AN_ARGUMENT.match(error.message)
        return list(missing.groups()) if missing else None
    if isinstance(node, ArgumentNode):
        # Arguments of directives are no input.
        return [node.name.value] if any(one is node for one in _arguments(document)) else None
    if isinstance(node, ObjectFieldNode):
        return of_node(document, node.value)
    path = of_node(document, node) if isinstance(node, ValueNode) else None
    missing = _OF_A_MEMBER.match(error.message)
    return [*path, *missing.groups()] if path and missing else path


def of_node(document: DocumentNode, node: Node) -> InputPath | None:
    """Return the path of a value in the document, None if it is not inside an argument."""
    for argument in _arguments(document):
        for path, value in _values(argument.value, [argument.name.value]):
            if value is node:
                return path
    return None


def within_query(query: Any, path: tuple[str | int, ...]) -> InputPath:
    """Translate `path`, which begins with `variables` and a name, by a query not yet parsed.

    Returns `path` itself if the query is invalid or does not use the variable.
    """
    if len(path) > 1 and isinstance(query, str) and isinstance(path[1], str):
        try:
            at = of_variable(parse(query, max_tokens=MAX_TOKENS), path[1])
        except (GraphQLError, RecursionError):
            at = None
        if at:
            return [*at, *path[2:]]
    return list(path)


def _arguments(document: DocumentNode) -> Iterator[ArgumentNode]:
    return (argument for field in _fields_in_order(document) for argument in field.arguments)


def _fields_in_order(document: DocumentNode) -> list[FieldNode]:
    return sorted(
        selections.every_field(document), key=lambda field: field.loc.start if field.loc else 0
    )


def _values(value: ValueNode, path: InputPath) -> Iterator[tuple[InputPath, ValueNode]]:
    """Yield a value and all values inside it, with their paths. The document may be invalid."""
    yield path, value
    if isinstance(value, ObjectValueNode):
        for member in value.fields:
            yield from _values(member.value, [*path, member.name.value])
    elif isinstance(value, ListValueNode):
        for index, element in enumerate(value.values):
            yield from _values(element, [*path, index])
