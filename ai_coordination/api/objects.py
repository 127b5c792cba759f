"""The base of all object types."""

from typing import Any

import graphene
from graphene.types.objecttype import ObjectTypeMeta


class _ObjectTypeMeta(ObjectTypeMeta):
    """graphene's makes a dataclass of each type: 50 of them took 30 ms of a cold start of 450."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        return super(ObjectTypeMeta, cls).__new__(cls, name, bases, namespace, **options)


class ObjectType(graphene.ObjectType, metaclass=_ObjectTypeMeta):
    """An object type. Only payloads are made: all else is resolved from items and plain values."""

    class Meta:
        abstract = True

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
