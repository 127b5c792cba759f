"""The base of all object types."""

from typing import Any

import graphene
from graphene.types.objecttype import ObjectTypeMeta


class _ObjectTypeMeta(ObjectTypeMeta):
    """Creates the class alone.

    graphene's metaclass also makes it a dataclass. For 50 types that took 30 ms of a cold start of
    450, and only its `__init__` would be used: for payloads.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        return super(ObjectTypeMeta, cls).__new__(cls, name, bases, namespace, **options)


class ObjectType(graphene.ObjectType, metaclass=_ObjectTypeMeta):
    """An object type of the schema.

    Only payloads have instances. All other types are resolved from items and plain values.
    """

    class Meta:
        abstract = True

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
