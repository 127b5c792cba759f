"""What the console's editors read is all that the API takes: saving must lose nothing."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputObjectType,
    SelectionSetNode,
    get_named_type,
    parse,
)

from ai_coordination.api.schema import schema
from tests.support import console

DOCUMENTS = console.documents()
# Not read: what names the object, and the short form of a field that is read.
ELSEWHERE = {"coordinationUuid", "taskUuid", "idempotencyKey", "expectedVersion", "userInTheLoop"}


def selected(selections: SelectionSetNode) -> dict[str, Any]:
    return {
        node.name.value: selected(node.selection_set) if node.selection_set else {}
        for node in selections.selections
        if isinstance(node, FieldNode)
    }


def taken(kind: GraphQLInputObjectType, names: dict[str, Any], path: str) -> None:
    for name, field in kind.fields.items():
        # The task of an action is read. That of the input itself is in the request.
        if name in ELSEWHERE and not (name == "taskUuid" and kind.name == "AgentActionInput"):
            continue
        assert name in names, f"{path}.{name} is not read, so it is lost"
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            taken(inner, names[name], f"{path}.{name}")


@pytest.mark.parametrize(
    ("document", "mutation_input"),
    [
        ("TASK_TO_EDIT", "UpdateTaskInput"),
        ("UPDATE_TASK", "UpdateTaskInput"),
        ("COORDINATION_TO_EDIT", "UpdateCoordinationInput"),
        ("UPDATE_COORDINATION", "UpdateCoordinationInput"),
    ],
)
def test_an_editor_reads_every_field_that_the_api_takes(document: str, mutation_input: str) -> None:
    definitions = parse(DOCUMENTS[document]).definitions
    (fragment,) = [one for one in definitions if isinstance(one, FragmentDefinitionNode)]
    kind = schema.graphql_schema.type_map[mutation_input]

    assert isinstance(kind, GraphQLInputObjectType)
    taken(kind, selected(fragment.selection_set), mutation_input)
