"""Global ids: which entity, and where it lies."""

import base64
import binascii
from collections.abc import Sequence

import graphene

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.services import validation

KINDS: dict[str, type[models.Entity]] = {
    kind.__name__: kind
    for kind in (
        models.Coordination,
        models.Task,
        models.TaskSchedule,
        models.Session,
        models.SessionAgent,
        models.SessionRun,
    )
}

Key = tuple[type[models.Entity], str, str]


class Node(graphene.Interface):
    """An object that can be fetched again by its global `id`."""

    id = graphene.ID(
        required=True, description="Global id for `node(id)`. Opaque, and it never changes."
    )

    @staticmethod
    def resolve_id(entity: models.Entity, info: graphene.ResolveInfo) -> str:
        return global_id(entity)


def global_id(entity: models.Entity) -> str:
    """A coordination's hash key is its tenant, which is never part of an id."""
    kind = type(entity)
    uuids = [getattr(entity, key) for key in kind.key_names() if key != "partition_key"]
    return _written(kind, uuids)


def _written(kind: type[models.Entity], uuids: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(f"{kind.__name__}:{'/'.join(uuids)}".encode()).decode()


def key_of(global_id: str, tenant: str) -> Key:
    """Where the entity of a global id lies. Raises BadUserInput for what is none."""
    try:
        name, _, rest = base64.urlsafe_b64decode(global_id.encode("ascii")).decode().partition(":")
        kind = KINDS[name]
        given = rest.split("/")
        if len(given) != (1 if kind is models.Coordination else 2):
            raise ValueError("another number of keys")
        if global_id != _written(kind, given):
            raise ValueError("another way of writing it")
        uuids = [validation.uuid(one.lower(), "id") for one in given]
    except (ValueError, KeyError, binascii.Error) as error:
        raise BadUserInput("This is no global id", "id") from error
    hash_key, range_key = [tenant, *uuids][-2:]
    return kind, hash_key, range_key
