"""Global ids, which encode an entity's type and key."""

import base64
import binascii
from collections.abc import Sequence

import graphene

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.services import validation

MODELS: dict[str, type[models.Entity]] = {
    model.__name__: model
    for model in (
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
    """An object that `node(id)` returns by its global `id`."""

    id = graphene.ID(
        required=True,
        description="Global id, unique among all types and opaque. It never changes.",
    )

    @staticmethod
    def resolve_id(entity: models.Entity, info: graphene.ResolveInfo) -> str:
        return global_id(entity)


def global_id(entity: models.Entity) -> str:
    """Return the global id of an entity.

    The tenant, which is the hash key of a coordination, is not part of it.
    """
    model = type(entity)
    uuids = [getattr(entity, key) for key in model.key_names() if key != "partition_key"]
    return _encode(model, uuids)


def _encode(model: type[models.Entity], uuids: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(f"{model.__name__}:{'/'.join(uuids)}".encode()).decode()


def key_of(global_id: str, tenant: str) -> Key:
    """Return the model and the key of the entity that a global id names.

    Raises BadUserInput if the id is invalid.
    """
    try:
        name, _, rest = base64.urlsafe_b64decode(global_id.encode("ascii")).decode().partition(":")
        model = MODELS[name]
        parts = rest.split("/")
        if len(parts) != (1 if model is models.Coordination else 2):
            raise ValueError("wrong number of UUIDs")
        if global_id != _encode(model, parts):
            raise ValueError("not in canonical form")
        uuids = [validation.uuid(part.lower(), "id") for part in parts]
    except (ValueError, KeyError, binascii.Error) as error:
        message = "This is not a valid global id: pass the `id` of an object"
        raise BadUserInput(message, "id") from error
    hash_key, range_key = [tenant, *uuids][-2:]
    return model, hash_key, range_key
