"""How deep a document may nest, and how much its answer may cost.

Every field costs 1, or 10 where it reads the database (the fields of Query and Mutation, an
entity's connections and single entities, a session's `subtaskQueries`, `totalCount`, `progress` and
`mermaid`) or computes as long (`nextRunAt`), and a mutation 10 more. A page costs 1 more for each
of its `first` rows. A filtered one reads up to 5 times 200 rows, and costs 150 instead of 10. What
is selected below `edges` or `nodes` counts `first` times. The elements of any other list count by
the most that it may hold, a hundred of them as one: 10 times for 1,000. All of this counts again at
each alias and each use of a fragment, whatever `@skip` and `@include` say. `__schema`, `__type` and
each alias below them cost 5,000.

The cost bounds what an operation may need; `api.metering` and `models.allowance` bound what it
takes in fact.
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

# A document's costs are kept for so many different values of its `first` variables.
REMEMBERED = 64
# What a client is told at most: nested fragments reach costs beyond any JSON reader's integers.
LARGEST = 1_000_000_000


def check_depth(document: DocumentNode, limit: int) -> None:
    """Raises QueryTooComplex where the document nests more than `limit` fields."""
    reached = depth(document)
    if reached > limit:
        message = f"The document nests {reached} fields; at most {limit} are allowed."
        raise QueryTooComplex(message, depth=reached, limit=limit)


def depth(document: DocumentNode) -> int:
    """How many fields the document's operations nest at most, through fragments too.

    The document need not be valid: unknown fragments count nothing, and neither does a document
    whose fragments spread each other in a circle, since validation refuses it. What is below
    `__schema` and `__type` is left out too: graphql-core bounds it by a rule of its own.
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
    """The costs of a valid document's operations; they vary with the variables given as `first`.

    Costs are remembered, so that asking again is a look into a dict. Safe from several threads.
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
        """The cost of one of the document's operations, with the variables as the client sent them.

        A page size that is missing or null is the schema's default; one that is not 1 to 100
        counts as 100 here, and is refused elsewhere.
        """
        name = selections.name(operation)
        pages = self._pages(name, variables)
        cost = self._remembered.get((name, pages))
        if cost is None:
            cost = self._weigh(operation, pages)
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[name, pages] = cost
        return cost

    def check(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], limit: int
    ) -> None:
        """Raises QueryTooComplex where the operation costs more than `limit`."""
        cost = self.of(operation, variables)
        if cost > limit:
            message = f"The operation costs {cost}; at most {limit} is allowed."
            raise QueryTooComplex(message, cost=cost, limit=limit)

    def _pages(self, operation: str | None, variables: Mapping[str, Any]) -> tuple[int | None, ...]:
        defaults = self._default_pages[operation]
        return tuple(
            costs.page_size(variables[name]) if name in variables else defaults.get(name)
            for name in self._page_variables
        )

    def _weigh(self, operation: OperationDefinitionNode, pages: tuple[int | None, ...]) -> int:
        by_name = dict(zip(self._page_variables, pages, strict=True))
        scale = costs.Scale(self._schema, by_name)
        for fragment in self._fragments:
            scale.learn(fragment)
        return min(scale.weigh(operation), LARGEST)


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
    """How many fields are nested from here on, given how many are in each fragment."""
    deepest = 0
    waiting = [(outermost, 0)]
    while waiting:
        here, above = waiting.pop()
        for selection in here.selections:
            level = above + _levels(selection, fragments)
            deepest = max(deepest, level)
            inside = selections.below(selection)
            if inside and not _is_introspection(selection):
                waiting.append((inside, level))
    return deepest


def _levels(selection: SelectionNode, fragments: Mapping[str, int]) -> int:
    if isinstance(selection, FragmentSpreadNode):
        return fragments.get(selection.name.value, 0)
    return int(isinstance(selection, FieldNode))


def _is_introspection(selection: SelectionNode) -> bool:
    return isinstance(selection, FieldNode) and selection.name.value in costs.INTROSPECTION_ROOTS
