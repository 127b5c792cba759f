"""Updates: their operands checked, and an item changed by them.

Source: Amazon DynamoDB Developer Guide, "Using update expressions". All operands are read from the
item as it was. What is appended to a list behind its end comes next to its last element.
"""

from collections.abc import Callable, Collection
from copy import copy
from typing import Any, NamedTuple

from ai_coordination.local.database import decimals, operands, paths, syntax
from ai_coordination.local.database.errors import Invalid, InvalidUpdate
from ai_coordination.local.database.operands import Operand
from ai_coordination.local.database.paths import Path
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.values import Item, Value, same_elements, type_of

KIND = "UpdateExpression"

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"
_NO_PLACE = "The document path provided in the update expression is invalid for update"
_TYPE_NAMES = {
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
    "N": "NUMBER",
    "NULL": "NULL",
    "S": "STRING",
}
_ADDED = frozenset({"N", "SS", "NS", "BS"})
_DELETED = frozenset({"SS", "NS", "BS"})


class _Change(NamedTuple):
    """One place that changes. `new` returns its value from the item as it was; None removes it."""

    path: Path
    new: Callable[[Item], Value | None]


class Update:
    """An update of one request."""

    def __init__(self, text: str, placeholders: Placeholders) -> None:
        """Raises Invalid."""
        self._placeholders = placeholders
        self._changes = [self._bound(action) for action in syntax.update(KIND, text)]
        self.paths = [change.path for change in self._changes]
        self._is_nested = any(len(path) > 1 for path in self.paths)
        paths.check_distinct(KIND, self.paths)

    def check_keys(self, names: Collection[str]) -> None:
        """Raises Invalid where it changes an attribute of the key."""
        for path in self.paths:
            if path[0] in names:
                raise Invalid(
                    f"One or more parameter values were invalid: Cannot update attribute {path[0]}."
                    " This attribute is part of the key"
                )

    def apply(self, old: Item) -> dict[str, Value]:
        """The item after the update; the one before stays as it is. Raises InvalidUpdate."""
        if not self._is_nested:
            return self._applied(old)
        for path in self.paths:
            _check_place(old, path)
        new = dict(old)
        values = [(change.path, change.new(old)) for change in self._changes]
        copied: set[Path] = set()
        # In ascending order, elements behind a list's end are appended in that order.
        for path, value in sorted(values, key=_place):
            if value is not None:
                _put(new, path, value, copied)
        # In descending order, the places of the elements that still have to go stay the same.
        for path, value in sorted(values, key=_place, reverse=True):
            if value is None:
                _remove(new, path, copied)
        return new

    def _applied(self, old: Item) -> dict[str, Value]:
        """The item after an update of whole attributes, whose order does not matter."""
        new = dict(old)
        for [name], change in self._changes:
            value = change(old)
            if value is None:
                new.pop(str(name), None)
            else:
                new[str(name)] = value
        return new

    def _bound(self, action: syntax.Action) -> _Change:
        path = self._placeholders.path(KIND, action.path)
        if action.operand is None:
            return _Change(path, lambda item: None)
        if action.clause == "SET":
            return _Change(path, self._set(action.operand).read)
        # The operand of ADD and DELETE is the placeholder of a value: so its syntax is.
        value = self._placeholders.value(KIND, action.operand.name)  # type: ignore[union-attr] # see above
        if action.clause == "ADD":
            _check_set(action.clause, value, _ADDED)
            return _Change(path, lambda item: _added(paths.read(item, path), value))
        _check_set(action.clause, value, _DELETED)
        return _Change(path, lambda item: _left(paths.read(item, path), value))

    def _set(self, tree: syntax.Operand) -> Operand:
        operand = self._operand(tree)

        def read(item: Item) -> Value:
            return _present(operand.read(item))

        return Operand(read)

    def _operand(self, tree: syntax.Operand) -> Operand:
        match tree:
            case syntax.Path():
                return operands.of_path(self._placeholders.path(KIND, tree))
            case syntax.Placeholder(name):
                return operands.of_value(self._placeholders.value(KIND, name))
            case syntax.Arithmetic():
                return self._arithmetic(tree)
        return self._function(tree)

    def _arithmetic(self, tree: syntax.Arithmetic) -> Operand:
        left, right = self._operand(tree.left), self._operand(tree.right)
        for operand in (left, right):
            if operand.type not in (None, "N"):
                raise operands.wrong_type(KIND, tree.sign, str(operand.type))
        apply = decimals.add if tree.sign == "+" else decimals.subtract

        def read(item: Item) -> Value:
            return {"N": apply(_number(left.read(item)), _number(right.read(item)))}

        return Operand(read, type="N")

    def _function(self, tree: syntax.Call) -> Operand:
        operands.check_known(KIND, tree.function, in_update=True)
        operands.check_number(KIND, tree)
        if tree.function == "if_not_exists":
            return self._if_not_exists(tree)
        return self._list_append(tree)

    def _if_not_exists(self, tree: syntax.Call) -> Operand:
        first, otherwise = (self._operand(operand) for operand in tree.operands)
        if first.path is None:
            raise operands.needs_path(KIND, tree.function)

        def read(item: Item) -> Value | None:
            value = first.read(item)
            return otherwise.read(item) if value is None else value

        return Operand(read)

    def _list_append(self, tree: syntax.Call) -> Operand:
        for inner in tree.operands:
            if isinstance(inner, syntax.Call) and inner.function == tree.function:
                raise operands.misused(KIND, tree.function)
        first, second = (self._operand(operand) for operand in tree.operands)
        for operand in (first, second):
            if operand.type not in (None, "L"):
                raise operands.wrong_type(KIND, tree.function, str(operand.type))

        def read(item: Item) -> Value:
            return {"L": [*_list(first.read(item)), *_list(second.read(item))]}

        return Operand(read, type="L")


def _check_set(clause: str, value: Value, allowed: Collection[str]) -> None:
    kind = type_of(value)
    if kind not in allowed:
        shown = _TYPE_NAMES.get(kind, kind)
        raise Invalid(
            f"Invalid {KIND}: Incorrect operand type for operator or function; operator: {clause}, "
            f"operand type: {shown}, typeSet: ALLOWED_FOR_{clause}_OPERAND"
        )


def _present(value: Value | None) -> Value:
    if value is None:
        raise InvalidUpdate(_MISSING)
    return value


def _number(value: Value | None) -> str:
    return str(_typed(_present(value), "N"))


def _list(value: Value | None) -> list[Value]:
    elements: list[Value] = _typed(_present(value), "L")
    return elements


def _typed(value: Value, kind: str) -> Any:
    if kind not in value:
        raise InvalidUpdate(_WRONG_TYPE)
    return value[kind]


def _added(old: Value | None, more: Value) -> Value:
    """A number that is larger by another, or a set with more elements."""
    if old is None:
        return more
    kind = type_of(more)
    held = _typed(old, kind)
    if kind == "N":
        return {kind: decimals.add(held, more[kind])}
    return {kind: same_elements(kind, [*held, *more[kind]])}


def _left(old: Value | None, fewer: Value) -> Value | None:
    """A set without some elements; None where none are left, as a set is never empty."""
    if old is None:
        return None
    kind = type_of(fewer)
    left = [element for element in _typed(old, kind) if element not in fewer[kind]]
    return {kind: left} if left else None


def _check_place(item: Item, path: Path) -> None:
    """Raises InvalidUpdate where nothing holds the last part of a path."""
    if len(path) > 1:
        holder = paths.read(item, path[:-1])
        if holder is None or ("L" if isinstance(path[-1], int) else "M") not in holder:
            raise InvalidUpdate(_NO_PLACE)


def _place(changed: tuple[Path, Value | None]) -> tuple[tuple[bool, Any], ...]:
    return tuple((isinstance(part, str), part) for part in changed[0])


def _holder(item: dict[str, Value], path: Path, copied: set[Path]) -> Any:
    """The map or list that holds the last part of a path, which exists, copied once."""
    holder: Any = item
    for depth, part in enumerate(path[:-1], 1):
        [(kind, content)] = holder[part].items()
        if path[:depth] not in copied:
            copied.add(path[:depth])
            content = copy(content)
            holder[part] = {kind: content}
        holder = content
    return holder


def _put(item: dict[str, Value], path: Path, value: Value, copied: set[Path]) -> None:
    holder, last = _holder(item, path, copied), path[-1]
    if isinstance(last, int) and last >= len(holder):
        holder.append(value)
    else:
        holder[last] = value


def _remove(item: dict[str, Value], path: Path, copied: set[Path]) -> None:
    holder, last = _holder(item, path, copied), path[-1]
    if not isinstance(last, int):
        holder.pop(last, None)
    elif last < len(holder):
        del holder[last]
