"""What a valid operation costs: the formula that `limits` states, computed.

Recursion is bounded: the parser refuses more than 200 levels, and fragments are weighed one by one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
)

FIELD = 1
READ = 5
WRITE = 10
INTROSPECTION = 5_000
LIST_ITEMS = 10
PAGE_SIZES = range(1, 101)
LARGEST_PAGE = PAGE_SIZES[-1]

READING_FIELDS = frozenset({"totalCount", "progress", "mermaid"})
INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})
META_FIELDS = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
    "__typename": TypeNameMetaFieldDef,
}

Pages = Mapping[str, int | None]
"""Page sizes by variable; None is the schema's default."""


class Cost(NamedTuple):
    """What selections cost `once`, and for `each` item of the connection they are made on."""

    once: int
    each: int = 0


class Scale:
    """One computation. Each fragment is weighed once, however often it is spread."""

    def __init__(self, schema: GraphQLSchema, pages: Pages) -> None:
        self._schema = schema
        self._pages = pages
        self._fragments: dict[str, Cost] = {}

    def learn(self, fragment: FragmentDefinitionNode) -> None:
        """Weigh a fragment; those that it spreads are known already."""
        on = self._schema.type_map[fragment.type_condition.name.value]
        self._fragments[fragment.name.value] = self._selections(fragment.selection_set, on)

    def weigh(self, operation: OperationDefinitionNode) -> int:
        # A valid operation has a root type.
        root = cast("GraphQLNamedType", self._schema.get_root_type(operation.operation))
        return self._selections(operation.selection_set, root).once

    def _selections(self, chosen: SelectionSetNode, on: GraphQLNamedType) -> Cost:
        once = each = 0
        for selection in chosen.selections:
            cost = self._selection(selection, on)
            once += cost.once
            each += cost.each
        return Cost(once, each)

    def _selection(self, selection: SelectionNode, on: GraphQLNamedType) -> Cost:
        if isinstance(selection, FieldNode):
            return self._field(selection, on)
        if isinstance(selection, InlineFragmentNode):
            return self._selections(selection.selection_set, self._condition(selection) or on)
        return self._fragments[cast("FragmentSpreadNode", selection).name.value]

    def _condition(self, fragment: InlineFragmentNode) -> GraphQLNamedType | None:
        # graphql-core's annotation forgets that an inline fragment may have none.
        condition = cast("Any", fragment.type_condition)
        return self._schema.type_map[condition.name.value] if condition else None

    def _field(self, field: FieldNode, on: GraphQLNamedType) -> Cost:
        definition = _definition(field, on)
        of_type = get_named_type(definition.type)
        weight = self._weight(field, on, of_type)
        if not field.selection_set:
            return Cost(weight)
        inside = self._selections(field.selection_set, of_type)
        if _is_connection(of_type):
            return Cost(weight + inside.once + inside.each * self._items(field, definition))
        if not _is_list(definition) or _is_meta(on):
            return Cost(weight + inside.once)
        if _is_connection(on):
            return Cost(weight, inside.once)
        return Cost(weight + inside.once * LIST_ITEMS)

    def _weight(self, field: FieldNode, on: GraphQLNamedType, of_type: GraphQLNamedType) -> int:
        name = field.name.value
        if name in INTROSPECTION_ROOTS or (field.alias and _is_meta(on)):
            return INTROSPECTION
        if name == "__typename":
            return FIELD
        if on is self._schema.mutation_type:
            return READ + WRITE
        loads = _is_entity(on) and (_is_connection(of_type) or _is_entity(of_type))
        reads = loads or on is self._schema.query_type or name in READING_FIELDS
        return READ if reads else FIELD

    def _items(self, field: FieldNode, definition: GraphQLField) -> int:
        given = next((each.value for each in field.arguments if each.name.value == "first"), None)
        size = literal_page_size(given, self._pages)
        if size is None and "first" in definition.args:
            size = page_size(definition.args["first"].default_value)
        return size or LARGEST_PAGE


def page_size(value: Any) -> int | None:
    """The page size that a variable's value asks for. None: the default."""
    if value is None:
        return None
    return int(value) if value in PAGE_SIZES else LARGEST_PAGE


def literal_page_size(value: ValueNode | None, pages: Pages) -> int | None:
    """The page size that an argument's value asks for. None: the default."""
    if value is None or isinstance(value, NullValueNode):
        return None
    if isinstance(value, VariableNode):
        return pages.get(value.name.value)
    # A longer number is too large anyway, and Python refuses to read very long ones.
    if isinstance(value, IntValueNode) and len(value.value) <= len(str(LARGEST_PAGE)):
        return page_size(int(value.value))
    return LARGEST_PAGE


def _definition(field: FieldNode, on: GraphQLNamedType) -> GraphQLField:
    meta = META_FIELDS.get(field.name.value)
    return meta or cast("GraphQLObjectType", on).fields[field.name.value]


def _is_list(definition: GraphQLField) -> bool:
    of_type = definition.type
    if isinstance(of_type, GraphQLNonNull):
        of_type = of_type.of_type
    return isinstance(of_type, GraphQLList)


def _is_connection(of_type: GraphQLNamedType) -> bool:
    return of_type.name.endswith("Connection")


def _is_entity(of_type: GraphQLNamedType) -> bool:
    interfaces = of_type.interfaces if isinstance(of_type, GraphQLObjectType) else ()
    return any(each.name == "Node" for each in interfaces)


def _is_meta(of_type: GraphQLNamedType) -> bool:
    return of_type.name.startswith("__")
