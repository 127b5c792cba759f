"""The base of all object types."""

from typing import Any

import graphene
from graphene.types.objecttype import ObjectTypeMeta


class _ObjectTypeMeta(ObjectTypeMeta):
    """Creates the class alone.

    graphene's metaclass also makes it a dataclass. For 50 types that took 30 ms of a cold start of
    450, and only its `__init__` would be used: by few types.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        return super(ObjectTypeMeta, cls).__new__(cls, name, bases, namespace, **options)


class ObjectType(graphene.ObjectType, metaclass=_ObjectTypeMeta):
    """An object type of the schema.

    Few types have instances: payloads and `Ask`. The others are resolved from items and values.
    """

    class Meta:
        abstract = True

    def __init__(self, **fields: Any) -> None:
        if unknown := fields.keys() - self._meta.fields.keys():
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        # What is not given is null. Without a value, the field would be read from the class.
        self.__dict__.update(dict.fromkeys(self._meta.fields) | fields)
