"""Expressions as pynamodb writes them, but several times as fast.

pynamodb makes the path of an attribute anew for each condition and each action, asks what each
value is, and takes the path apart when it writes it. Here an attribute has one path, whose name is
one placeholder, and its values are encoded by it. What is unusual is left to pynamodb.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pynamodb.attributes import Attribute
from pynamodb.constants import LIST, MAP
from pynamodb.expressions.condition import And, Comparison, Condition, Exists, NotExists
from pynamodb.expressions.operand import Path, Value, _Operand
from pynamodb.expressions.update import (
    Action,
    AddAction,
    DeleteAction,
    RemoveAction,
    SetAction,
    Update,
)

# Placeholders of names, and values by their placeholders.
Names = dict[str, str]
Values = dict[str, Any]

# What may have values of any type.
_COLLECTIONS: Final = frozenset({LIST, MAP})
# What pynamodb does not encode by the attribute.
_NO_VALUES: Final = (_Operand, Attribute, dict, type(None))


class FastValue(Value):
    """A value that is encoded already."""

    def __init__(self, type_name: str, stored: Any) -> None:
        self.attr_type = type_name
        self.values = ({type_name: stored},)

    def serialize(self, placeholder_names: Names, expression_attribute_values: Values) -> str:  # noqa: ARG002 - pynamodb's
        """Add the value, and return its placeholder."""
        placeholder = f":{len(expression_attribute_values)}"
        expression_attribute_values[placeholder] = self.values[0]
        return placeholder


class FastPath(Path):
    """The path of an attribute that is not inside another one. It never changes."""

    attribute: Attribute[Any]

    def __init__(self, attribute: Attribute[Any]) -> None:
        super().__init__(attribute)
        self._name = attribute.attr_name
        self._has_one_type = attribute.attr_type not in _COLLECTIONS

    def serialize(self, placeholder_names: Names, expression_attribute_values: Values) -> str:  # noqa: ARG002 - pynamodb's
        """Add the name if it is new, and return its placeholder."""
        placeholder = placeholder_names.get(self._name)
        if placeholder is None:
            placeholder = placeholder_names[self._name] = f"#{len(placeholder_names)}"
        return placeholder

    def _to_operand(self, value: Any) -> _Operand:
        if self._has_one_type and not isinstance(value, _NO_VALUES):
            return FastValue(self.attribute.attr_type, self.attribute.serialize(value))
        operand: _Operand = super()._to_operand(value)
        return operand


def path_of(attribute: Attribute[Any]) -> Path:
    """The path of an attribute, wherever it is."""
    is_plain = len(attribute.attr_path) == 1 and attribute.attr_name.isidentifier()
    return FastPath(attribute) if is_plain else Path(attribute)


def write_condition(condition: Condition, names: Names, values: Values) -> str:
    """The text of a condition. Adds its names and values."""
    write = _CONDITIONS.get(type(condition))
    if write is None:
        return condition.serialize(names, values)
    return write(condition, names, values)


def _and(condition: Condition, names: Names, values: Values) -> str:
    first, second = condition.values
    text = write_condition(first, names, values)
    return f"({text} AND {write_condition(second, names, values)})"


def _comparison(condition: Condition, names: Names, values: Values) -> str:
    first, second = condition.values
    text = first.serialize(names, values)
    return f"{text} {condition.operator} {second.serialize(names, values)}"


def _existence(condition: Condition, names: Names, values: Values) -> str:
    return f"{condition.operator} ({condition.values[0].serialize(names, values)})"


_CONDITIONS: Mapping[type[Condition], Callable[[Condition, Names, Values], str]] = {
    And: _and,
    Comparison: _comparison,
    Exists: _existence,
    NotExists: _existence,
}


def write_update(actions: Sequence[Action], names: Names, values: Values) -> str | None:
    """The text of an update. Adds its names and values."""
    clauses: dict[type[Action], list[Action]] = {kind: [] for kind in _CLAUSES}
    for action in actions:
        if type(action) not in clauses:
            return Update(*actions).serialize(names, values)
        clauses[type(action)].append(action)
    texts = [
        f"{keyword} {', '.join([write(action, names, values) for action in clauses[kind]])}"
        for kind, (keyword, write) in _CLAUSES.items()
        if clauses[kind]
    ]
    return " ".join(texts) or None


def _set(action: Action, names: Names, values: Values) -> str:
    path, value = action.values
    text = path.serialize(names, values)
    return f"{text} = {value.serialize(names, values)}"


def _remove(action: Action, names: Names, values: Values) -> str:
    return action.values[0].serialize(names, values)


def _add_or_delete(action: Action, names: Names, values: Values) -> str:
    path, value = action.values
    text = path.serialize(names, values)
    return f"{text} {value.serialize(names, values)}"


# In the order in which pynamodb writes them.
_CLAUSES: Mapping[type[Action], tuple[str, Callable[[Action, Names, Values], str]]] = {
    SetAction: ("SET", _set),
    RemoveAction: ("REMOVE", _remove),
    AddAction: ("ADD", _add_or_delete),
    DeleteAction: ("DELETE", _add_or_delete),
}
