"""How fields are declared: each with its type, whether it may be null, and what it means."""

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
from ai_coordination.api.pagination import paged
from ai_coordination.api.scalars import DateTime
from ai_coordination.errors import NotFound

Info = GraphQLResolveInfo


def text(description: str, required: bool = False) -> graphene.String:
    return graphene.String(required=required, description=description)


def uuid(description: str, required: bool = True) -> graphene.ID:
    return graphene.ID(required=required, description=description)


def whole(description: str, required: bool = True) -> graphene.Int:
    return graphene.Int(required=required, description=description)


def instant(description: str, required: bool = False) -> DateTime:
    return DateTime(required=required, description=description)


def many(kind: Any, description: str) -> graphene.List:
    """A list that is never null and holds no null."""
    return graphene.List(graphene.NonNull(kind), required=True, description=description)


def several(kind: Any, description: str, **default: Any) -> graphene.List:
    """A list in an input that may be left out and holds no null."""
    return graphene.List(graphene.NonNull(kind), description=description, **default)


def one(path: str, description: str, required: bool = True, **arguments: Any) -> graphene.Field:
    """A nested object of a type that another file declares, named by its place in the API."""
    return graphene.Field(
        f"ai_coordination.api.{path}", required=required, description=description, **arguments
    )


def page_of(path: str, description: str, **arguments: Any) -> graphene.Field:
    """A nested or root connection."""
    return one(path, description, **paged(**arguments))


def mutation(
    payload: type[graphene.ObjectType],
    given: type[graphene.InputObjectType],
    resolve: Callable[[Context, dict[str, Any]], Any],
    description: str,
) -> graphene.Field:
    """A mutation field with its one argument `input`."""
    return graphene.Field(
        payload,
        description=description,
        input=graphene.Argument(given, required=True, description="Input of the mutation."),
        resolver=lambda root, info, **arguments: resolve(info.context, arguments["input"]),
    )


async def parent(context: Context, kind: type[models.Entity], hash_key: str, range_key: str) -> Any:
    """An entity that a guard keeps as long as its child is there.

    A row of a list may lag behind the deletion of both, and only then it is missing.
    """
    found = await context.load(kind, hash_key, range_key)
    if found is None:
        raise NotFound(f"This {kind.__name__} has been deleted")
    return found


async def complete(context: Context, entity: models.Entity) -> Any:
    """The whole entity, where a row of an index leaves out what may be large."""
    if not entity.partial:
        return entity
    return await parent(context, type(entity), *entity.primary_key())


def large(name: str) -> Callable[[models.Entity, Info], Awaitable[Any] | Any]:
    """The resolver of an attribute that indexes leave out.

    Where it is a LargeText, `api.execution` reads it.
    """

    async def resolve_later(entity: models.Entity, info: Info) -> Any:
        return getattr(await complete(info.context, entity), name)

    def resolve(entity: models.Entity, info: Info) -> Awaitable[Any] | Any:
        return resolve_later(entity, info) if entity.partial else getattr(entity, name)

    return resolve


def selects(info: Info, name: str) -> bool:
    """Whether a field of this name is selected anywhere below the one that is resolved."""
    waiting: list[SelectionNode] = list(info.field_nodes)
    fragments = dict(info.fragments)
    while waiting:
        for inside in _selected_in(waiting.pop(), fragments):
            if isinstance(inside, FieldNode) and inside.name.value == name:
                return True
            waiting.append(inside)
    return False


def _selected_in(
    selection: SelectionNode, fragments: dict[str, FragmentDefinitionNode]
) -> Iterable[SelectionNode]:
    """What is selected in it; a fragment is opened once, and is gone from `fragments` then."""
    if isinstance(selection, FragmentSpreadNode):
        fragment = fragments.pop(selection.name.value, None)
        return fragment.selection_set.selections if fragment else ()
    below = selections.below(selection)
    return below.selections if below else ()


VERSION = (
    "Number of the current version. Each update mutation adds one. Pass it as `expectedVersion`."
)
UPDATED_BY = "The verified caller who made the last change, or `engine`."
CREATED_AT = "Time of creation."
UPDATED_AT = "Time of the last change."
PARTITION_KEY = "The tenant: `endpointId#partId`."
IDEMPOTENCY_KEY = (
    "The same key with the same input gives the same entity back and never a second one; with"
    " another input it is CONFLICT. It is remembered for a week."
)
EXPECTED_VERSION = "The update fails with CONFLICT unless the object still has this `version`."
