"""Helpers to declare GraphQL fields, each with its type, nullability and description."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import graphene
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    SelectionNode,
)

from ai_coordination import models
from ai_coordination.api.context import Context
from ai_coordination.api.documents import selections
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.pagination import paging_arguments
from ai_coordination.api.scalars import DateTime
from ai_coordination.errors import NotFound

Info = GraphQLResolveInfo


def text_field(description: str, required: bool = False) -> graphene.String:
    return graphene.String(required=required, description=description)


def uuid_field(description: str, required: bool = True) -> graphene.ID:
    return graphene.ID(required=required, description=description)


def int_field(description: str, required: bool = True) -> graphene.Int:
    return graphene.Int(required=required, description=description)


def time_field(description: str, required: bool = False) -> DateTime:
    return DateTime(required=required, description=description)


def list_field(element: Any, description: str) -> graphene.List:
    """Declare an output list: neither the list nor an element is null."""
    return graphene.List(graphene.NonNull(element), required=True, description=description)


def optional_list_field(element: Any, description: str, **default: Any) -> graphene.List:
    """Declare an input list that may be omitted. No element is null."""
    return graphene.List(graphene.NonNull(element), description=description, **default)


def object_field(
    path: str, description: str, required: bool = True, **arguments: Any
) -> graphene.Field:
    """Declare a field of an object type from another file, such as `task.Task`."""
    return graphene.Field(
        f"ai_coordination.api.{path}", required=required, description=description, **arguments
    )


def connection_field(path: str, description: str, **arguments: Any) -> graphene.Field:
    """Declare a field of a connection type from another file, with its paging arguments."""
    return object_field(path, description, **paging_arguments(**arguments))


def mutation_field(
    payload: type[ObjectType],
    input_type: type[graphene.InputObjectType],
    resolve: Callable[[Context, dict[str, Any]], Any],
    description: str,
) -> graphene.Field:
    """Declare a mutation with its single argument `input`."""
    return graphene.Field(
        payload,
        description=description,
        input=graphene.Argument(input_type, required=True, description="Input of the mutation."),
        resolver=lambda root, info, **arguments: resolve(info.context, arguments["input"]),
    )


async def load_parent(
    context: Context, model: type[models.Entity], hash_key: str, range_key: str
) -> Any:
    """Load the parent of an entity.

    A parent cannot be deleted while it has children. It is missing only if both were deleted and
    the child was read from an index that does not reflect that yet. Raises NotFound then.
    """
    entity = await context.load(model, hash_key, range_key)
    if entity is None:
        raise NotFound(f"This {model.__name__} has been deleted")
    return entity


async def load_full(context: Context, entity: models.Entity) -> Any:
    """Load the full entity if it was read from an index, whose rows omit large attributes."""
    if not entity.partial:
        return entity
    return await load_parent(context, type(entity), *entity.primary_key())


def lazy_text(name: str) -> Callable[[models.Entity, Info], Awaitable[Any] | Any]:
    """Return a resolver for an attribute that index rows omit.

    If the value is a LargeText, `api.execution` reads it from the bucket.
    """

    async def resolve_later(entity: models.Entity, info: Info) -> Any:
        return getattr(await load_full(info.context, entity), name)

    def resolve(entity: models.Entity, info: Info) -> Awaitable[Any] | Any:
        return resolve_later(entity, info) if entity.partial else getattr(entity, name)

    return resolve


def selected(info: Info) -> frozenset[str]:
    """Return the names of the fields that are selected directly in the field being resolved."""
    names: set[str] = set()
    pending: list[SelectionNode] = list(info.field_nodes)
    fragments = dict(info.fragments)
    while pending:
        for child in _selected_in(pending.pop(), fragments):
            if isinstance(child, FieldNode):
                names.add(child.name.value)
            else:
                pending.append(child)
    return frozenset(names)


def selects(info: Info, name: str) -> bool:
    """Return whether a field of this name is selected anywhere below the field being resolved."""
    pending: list[SelectionNode] = list(info.field_nodes)
    fragments = dict(info.fragments)
    while pending:
        for child in _selected_in(pending.pop(), fragments):
            if isinstance(child, FieldNode) and child.name.value == name:
                return True
            pending.append(child)
    return False


def _selected_in(
    selection: SelectionNode, fragments: dict[str, FragmentDefinitionNode]
) -> Iterable[SelectionNode]:
    """Return the direct selections inside. Removes an opened fragment, so that it is opened once.

    `fragments` is changed.
    """
    if isinstance(selection, FragmentSpreadNode):
        fragment = fragments.pop(selection.name.value, None)
        return fragment.selection_set.selections if fragment else ()
    below = selections.below(selection)
    return below.selections if below else ()


VERSION = (
    "Number of the current version. Each update mutation adds one. Pass it as `expectedVersion`."
)
UPDATED_BY = (
    "The verified caller who made the last change, or `engine`. Null if the caller had no user."
)
CREATED_AT = "Time of creation."
UPDATED_AT = "Time of the last change."
PARTITION_KEY = "The tenant: `endpointId#partId`."
FILTER = "Filter. Only matching rows are returned."
ANY_OF = "Matches any of these values. An empty list matches all."
IDEMPOTENCY_KEY = (
    "Key that makes the call safe to repeat: a repeated call with the same input returns the entity"
    " that the first one created. With another input it fails with CONFLICT. Keys are kept for a"
    " week."
)
EXPECTED_VERSION = "The update fails with CONFLICT unless the object still has this `version`."
