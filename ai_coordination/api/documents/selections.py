"""Iterate over parsed documents, valid or not. Nothing recurses through fragments."""

from collections.abc import Iterator
from graphlib import TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

Definition = OperationDefinitionNode | FragmentDefinitionNode


def name(definition: Definition) -> str | None:
    return definition.name.value if definition.name else None


def operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    return (each for each in document.definitions if isinstance(each, OperationDefinitionNode))


def fragments_inside_out(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    """Return the fragments, each after those that it spreads. Raises graphlib.CycleError."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    order = TopologicalSorter({name: _spreads(each) for name, each in fragments.items()})
    return (fragments[name] for name in order.static_order() if name in fragments)


def below(selection: SelectionNode) -> SelectionSetNode | None:
    """Return the selection set of a field or an inline fragment, None for a fragment spread."""
    if isinstance(selection, FieldNode | InlineFragmentNode):
        return selection.selection_set
    return None


def every_field(document: DocumentNode) -> Iterator[FieldNode]:
    return (
        selection
        for definition in document.definitions
        if isinstance(definition, Definition)
        for selection in _every_selection(definition)
        if isinstance(selection, FieldNode)
    )


def _spreads(fragment: FragmentDefinitionNode) -> set[str]:
    return {
        selection.name.value
        for selection in _every_selection(fragment)
        if isinstance(selection, FragmentSpreadNode)
    }


def _every_selection(definition: Definition) -> Iterator[SelectionNode]:
    pending = [definition.selection_set]
    while pending:
        for selection in pending.pop().selections:
            yield selection
            inside = below(selection)
            if inside:
                pending.append(inside)
