"""Limits on the depth of a document and on the cost of an operation.

A field costs:

- 1, or
- 10 if it reads the database (the fields of Query and Mutation, an entity's connections and single
  entities, a session's `subtaskQueries`, `totalCount`, `progress` and `mermaid`) or computes as
  long (`nextRunAt`), and
- 10 more if it is a mutation.

A page costs 1 more for each of its `first` rows. A filtered page reads up to 5 times 200 rows, and
costs 150 instead of 10. Selections below `edges` and `nodes` count `first` times. Selections in any
other list count by its maximum length, divided by 100: 10 times for 1,000 elements. Everything
counts again for each alias and each use of a fragment, regardless of `@skip` and `@include`.
`__schema`, `__type` and each alias below them cost 5,000.

The cost is an upper bound on what an operation may need. `api.metering` and `models.allowance`
limit what it actually uses.
"""

from collections.abc import Mapping
from graphlib import CycleError
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from ai_coordination.api.documents import costs, selections
from ai_coordination.errors import QueryTooComplex

# A document's costs are kept for this many different values of its `first` variables.
MAX_REMEMBERED = 64
# The highest cost reported. Nested fragments reach costs beyond the integers of JSON parsers.
MAX_COST = 1_000_000_000


def check_depth(document: DocumentNode, limit: int) -> None:
    """Raise QueryTooComplex if the document nests more than `limit` fields."""
    reached = depth(document)
    if reached > limit:
        message = f"The document nests {reached} fields. The limit is {limit}."
        raise QueryTooComplex(message, depth=reached, limit=limit)


def depth(document: DocumentNode) -> int:
    """Return the maximum number of fields nested in a document's operations, fragments included.

    The document may be invalid: unknown fragments count as 0, and so does a document whose
    fragments form a cycle, because validation rejects it. Fields below `__schema` and `__type` are
    not counted, because graphql-core limits them itself.
    """
    depths: dict[str, int] = {}
    try:
        for fragment in selections.fragments_inside_out(document):
            depths[fragment.name.value] = _depth(fragment.selection_set, depths)
    except CycleError:
        return 0
    operations = selections.operations(document)
    return max((_depth(each.selection_set, depths) for each in operations), default=0)


class Costs:
    """The costs of a valid document's operations, which depend on the variables used as `first`.

    Computed costs are kept. Thread-safe.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = tuple(selections.fragments_inside_out(document))
        self._page_variables = tuple(sorted(_page_variables(document)))
        self._default_pages = {
            selections.name(each): _default_pages(each) for each in selections.operations(document)
        }
        self._remembered: dict[tuple[str | None, tuple[int | None, ...]], int] = {}

    def of(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Return the cost of one of the document's operations, with the variables of a request.

        A missing or null page size means the schema's default. An invalid one counts as 100 here,
        and is rejected by the resolver.
        """
        name = selections.name(operation)
        pages = self._pages(name, variables)
        cost = self._remembered.get((name, pages))
        if cost is None:
            cost = self._estimate(operation, pages)
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[name, pages] = cost
        return cost

    def check(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], limit: int
    ) -> None:
        """Raise QueryTooComplex if the operation costs more than `limit`."""
        cost = self.of(operation, variables)
        if cost > limit:
            message = (
                f"The operation costs {cost}. The limit is {limit}: request fewer rows or fields,"
                " or smaller pages."
            )
            raise QueryTooComplex(message, cost=cost, limit=limit)

    def _pages(self, operation: str | None, variables: Mapping[str, Any]) -> tuple[int | None, ...]:
        defaults = self._default_pages[operation]
        return tuple(
            costs.page_size(variables[name]) if name in variables else defaults.get(name)
            for name in self._page_variables
        )

    def _estimate(self, operation: OperationDefinitionNode, pages: tuple[int | None, ...]) -> int:
        by_name = dict(zip(self._page_variables, pages, strict=True))
        estimator = costs.CostEstimator(self._schema, by_name)
        for fragment in self._fragments:
            estimator.add_fragment(fragment)
        return min(estimator.estimate(operation), MAX_COST)


def _default_pages(operation: OperationDefinitionNode) -> costs.Pages:
    return {
        each.variable.name.value: costs.literal_page_size(each.default_value, {})
        for each in operation.variable_definitions
    }


def _page_variables(document: DocumentNode) -> set[str]:
    return {
        argument.value.name.value
        for field in selections.every_field(document)
        for argument in field.arguments
        if argument.name.value == "first" and isinstance(argument.value, VariableNode)
    }


def _depth(outermost: SelectionSetNode, fragments: Mapping[str, int]) -> int:
    """Return the depth of a selection set, using the known depths of fragments."""
    deepest = 0
    pending = [(outermost, 0)]
    while pending:
        selection_set, parent_level = pending.pop()
        for selection in selection_set.selections:
            level = parent_level + _levels(selection, fragments)
            deepest = max(deepest, level)
            inside = selections.below(selection)
            if inside and not _is_introspection(selection):
                pending.append((inside, level))
    return deepest


def _levels(selection: SelectionNode, fragments: Mapping[str, int]) -> int:
    if isinstance(selection, FragmentSpreadNode):
        return fragments.get(selection.name.value, 0)
    return int(isinstance(selection, FieldNode))


def _is_introspection(selection: SelectionNode) -> bool:
    return isinstance(selection, FieldNode) and selection.name.value in costs.INTROSPECTION_ROOTS
