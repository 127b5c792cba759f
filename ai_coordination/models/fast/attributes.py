"""pynamodb's attributes, but values are found at once, and expressions are made of one path.

For each access, pynamodb asks whether the object is part of a class, and what the attribute is
called there. Our models use the classes of this module in the places of pynamodb's.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from pynamodb import attributes
from pynamodb.expressions.condition import Comparison, Exists, In, NotExists
from pynamodb.expressions.operand import Path, _IfNotExists
from pynamodb.expressions.update import AddAction, DeleteAction, RemoveAction, SetAction

from ai_coordination.models.fast.expressions import path_of

T = TypeVar("T")
K = TypeVar("K", bound=str)
V = TypeVar("V")
# Made when they are first needed.
_MADE = frozenset({"_path", "_removal", "_absence"})


class Described(attributes.Attribute[T]):
    """An attribute that knows its name in the class."""

    _name: str

    def __set_name__(self, owner: type[Any], name: str) -> None:
        super().__set_name__(owner, name)
        self._name = name

    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, instance: Any, owner: Any) -> T: ...

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        try:
            values = instance.attribute_values
        except AttributeError:
            # An attribute that is a map: what is inside it is an attribute too.
            return super().__get__(instance, owner)
        return values.get(self._name)

    def __set__(self, instance: Any, value: T | None) -> None:
        try:
            values = instance.attribute_values
        except AttributeError:
            super().__set__(instance, value)
        else:
            values[self._name] = value


class FastAttribute(Described[T]):  # noqa: PLW1641 - no attribute of pynamodb has a hash
    """An attribute other than a map, in whose expressions the path is always the same object."""

    @cached_property
    def _path(self) -> Path:
        return path_of(self)

    @cached_property
    def _removal(self) -> RemoveAction:
        return RemoveAction(self._path)

    @cached_property
    def _absence(self) -> NotExists:
        return NotExists(self._path)

    def __getstate__(self) -> dict[str, Any]:
        """What pynamodb copies into an attribute that is a map. The copy has another path."""
        return {name: value for name, value in self.__dict__.items() if name not in _MADE}

    def __eq__(self, other: object) -> Comparison:  # type: ignore[override] # as pynamodb's
        return self._path == other

    def is_in(self, *values: T) -> In:
        """The condition that it is one of these."""
        return self._path.is_in(*values)

    def exists(self) -> Exists:
        """The condition that the item has it."""
        return Exists(self._path)

    def does_not_exist(self) -> NotExists:
        """The condition that the item does not have it."""
        return self._absence

    def __or__(self, other: Any) -> _IfNotExists:
        either: _IfNotExists = self._path | other
        return either

    def set(self, value: Any) -> SetAction | RemoveAction:
        """The action that sets it. An empty set is removed."""
        return self._path.set(value)

    def remove(self) -> RemoveAction:
        """The action that removes it."""
        return self._removal

    def add(self, *values: Any) -> AddAction:
        """The action that adds a number, or elements to a set."""
        return self._path.add(*values)

    def delete(self, *values: Any) -> DeleteAction:
        """The action that removes elements from a set."""
        return self._path.delete(*values)


class UnicodeAttribute(FastAttribute[str], attributes.UnicodeAttribute):
    """A text."""


class UnicodeSetAttribute(FastAttribute[set[str]], attributes.UnicodeSetAttribute):
    """A set of texts."""


class NumberAttribute(FastAttribute[float], attributes.NumberAttribute):
    """A number."""


class NumberSetAttribute(FastAttribute[set[float]], attributes.NumberSetAttribute):
    """A set of numbers."""


class BooleanAttribute(FastAttribute[bool], attributes.BooleanAttribute):
    """A truth value."""


class JSONAttribute(FastAttribute[Any], attributes.JSONAttribute):
    """A JSON value, as text."""


class ListAttribute(FastAttribute[list[T]], attributes.ListAttribute[T]):
    """A list."""


class MapAttribute(Described[Mapping[K, V]], attributes.MapAttribute[K, V]):
    """A map whose members are attributes of a class."""

    if TYPE_CHECKING:
        # The class is also that of its values.
        def __get__(self, instance: Any, owner: Any) -> Self: ...  # type: ignore[override]

    def __set__(self, instance: Any, value: Any) -> None:
        made: Any = type(self)(**value) if isinstance(value, Mapping) else value
        super().__set__(instance, made)
