"""Compute the cost of a valid operation by the formula in `limits`.

Recursion is bounded: the parser rejects more than 200 levels, and fragments are estimated one by
one.
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

from ai_coordination.engine.session_log import MOST_ENTRIES as MOST_LOGS
from ai_coordination.models.reads import MOST_READS_OF_A_PAGE, ROWS_OF_A_FILTERED_READ
from ai_coordination.services.validation import MOST_ELEMENTS as MOST_ELEMENTS_OF_A_LIST

FIELD = 1
READ = 10
WRITE = 10
INTROSPECTION = 5_000
PAGE_SIZES = range(1, 101)
LARGEST_PAGE = PAGE_SIZES[-1]

# A filtered page makes several calls, and reads rows that it does not return. Ten of these cost as
# much as one that it returns, because they are not decoded.
FILTERED = MOST_READS_OF_A_PAGE * (READ + ROWS_OF_A_FILTERED_READ // 10)

# A list stored in an item is read together with it, so 100 elements count as one.
ELEMENTS = 100
MOST_ELEMENTS = {"logs": MOST_LOGS}

# Fields that read the database, or compute as long, and are neither connections nor entities.
READING_FIELDS = frozenset({"totalCount", "progress", "mermaid", "nextRunAt"})
READING_FIELDS_OF = frozenset(
    {("Session", "changes"), ("Session", "output"), ("Session", "subtaskQueries")}
)
# Lists of entities that are read for them: as many as on a large page.
ROWS_OF = frozenset({("SessionChanges", "agents"), ("SessionChanges", "runs")})

# Arguments that make a page leave out rows that it reads, and connections that always do.
FILTERS = frozenset({"filter"})
FILTERS_OF = {"openSessionAgents": frozenset({"coordinationUuid", "agentUuid"})}
ALWAYS_FILTERED = frozenset({("SessionAgent", "sessionRuns")})

INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})
META_FIELDS = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
    "__typename": TypeNameMetaFieldDef,
}

Pages = Mapping[str, int | None]
"""Page sizes by variable; None is the schema's default."""


class Cost(NamedTuple):
    """The cost of selections: `once`, and for `each` row of the connection they belong to."""

    once: int
    each: int = 0


class CostEstimator:
    """Estimates the cost of an operation. Each fragment is estimated once, however often used."""

    def __init__(self, schema: GraphQLSchema, pages: Pages) -> None:
        self._schema = schema
        self._pages = pages
        self._fragments: dict[str, Cost] = {}

    def add_fragment(self, fragment: FragmentDefinitionNode) -> None:
        """Estimate a fragment. Those that it spreads must have been added before."""
        on = self._schema.type_map[fragment.type_condition.name.value]
        self._fragments[fragment.name.value] = self._selections(fragment.selection_set, on)

    def estimate(self, operation: OperationDefinitionNode) -> int:
        """Return the cost of an operation. All fragments must have been added."""
        # A valid operation has a root type.
        root = cast("GraphQLNamedType", self._schema.get_root_type(operation.operation))
        return self._selections(operation.selection_set, root).once

    def _selections(self, selection_set: SelectionSetNode, on: GraphQLNamedType) -> Cost:
        once = each = 0
        for selection in selection_set.selections:
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
        # graphql-core's annotation is wrong: an inline fragment may have no type condition.
        condition = cast("Any", fragment.type_condition)
        return self._schema.type_map[condition.name.value] if condition else None

    def _field(self, field: FieldNode, on: GraphQLNamedType) -> Cost:
        definition = _definition(field, on)
        of_type = get_named_type(definition.type)
        weight = self._weight(field, on, of_type)
        is_list = _is_list(definition) and not _is_meta(on)
        if not field.selection_set:
            return Cost(weight + _elements(field) if is_list else weight)
        inside = self._selections(field.selection_set, of_type)
        if _is_connection(of_type):
            rows = self._rows(field, definition)
            return Cost(weight + rows + inside.once + inside.each * rows)
        if (on.name, field.name.value) in ROWS_OF:
            return Cost(weight + LARGEST_PAGE + inside.once * LARGEST_PAGE)
        if not is_list:
            return Cost(weight + inside.once)
        if _is_connection(on):
            return Cost(weight, inside.once)
        return Cost(weight + inside.once * _elements(field))

    def _weight(self, field: FieldNode, on: GraphQLNamedType, of_type: GraphQLNamedType) -> int:
        name = field.name.value
        if name in INTROSPECTION_ROOTS or (field.alias and _is_meta(on)):
            return INTROSPECTION
        if name == "__typename":
            return FIELD
        if on is self._schema.mutation_type:
            return READ + WRITE
        if _is_connection(of_type) and _is_filtered(field, on):
            return FILTERED
        reads = on is self._schema.query_type or name in READING_FIELDS or _loads(name, on, of_type)
        return READ if reads else FIELD

    def _rows(self, field: FieldNode, definition: GraphQLField) -> int:
        first = next((each.value for each in field.arguments if each.name.value == "first"), None)
        size = literal_page_size(first, self._pages)
        if size is None and "first" in definition.args:
            size = page_size(definition.args["first"].default_value)
        return size or LARGEST_PAGE


def page_size(value: Any) -> int | None:
    """Return the page size that a variable's value requests. None means the default."""
    if value is None:
        return None
    return int(value) if value in PAGE_SIZES else LARGEST_PAGE


def literal_page_size(value: ValueNode | None, pages: Pages) -> int | None:
    """Return the page size that an argument's value requests. None means the default."""
    if value is None or isinstance(value, NullValueNode):
        return None
    if isinstance(value, VariableNode):
        return pages.get(value.name.value)
    # A longer number is too large anyway, and Python raises an error for very long ones.
    if isinstance(value, IntValueNode) and len(value.value) <= len(str(LARGEST_PAGE)):
        return page_size(int(value.value))
    return LARGEST_PAGE


def _definition(field: FieldNode, on: GraphQLNamedType) -> GraphQLField:
    meta = META_FIELDS.get(field.name.value)
    return meta or cast("GraphQLObjectType", on).fields[field.name.value]


def _loads(name: str, on: GraphQLNamedType, of_type: GraphQLNamedType) -> bool:
    if (on.name, name) in READING_FIELDS_OF:
        return True
    return _is_entity(on) and (_is_connection(of_type) or _is_entity(of_type))


def _is_filtered(field: FieldNode, on: GraphQLNamedType) -> bool:
    """Return whether the page may leave out rows. A variable counts as a filter, even if null."""
    if (on.name, field.name.value) in ALWAYS_FILTERED:
        return True
    filters = FILTERS | FILTERS_OF.get(field.name.value, frozenset())
    return any(
        each.name.value in filters and not isinstance(each.value, NullValueNode)
        for each in field.arguments
    )


def _elements(field: FieldNode) -> int:
    """Return what the elements of a list stored in an item count as."""
    return MOST_ELEMENTS.get(field.name.value, MOST_ELEMENTS_OF_A_LIST) // ELEMENTS


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
