"""DynamoDB's condition and update expressions, each compiled once to functions.

What the engine's models write is understood; anything else is refused loudly.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Value = Mapping[str, Any]
Item = Mapping[str, Value]
# The placeholders of one request: its names and its values.
Names = Mapping[str, str]
Values = Mapping[str, Value]

Condition = Callable[[Item, Names, Values], bool]
Operand = Callable[[Item, Names, Values], Value | None]
Change = Callable[[Item, dict[str, Value], Names, Values], None]

_TOKEN = re.compile(r"\s*(:\w+|#\w+|\d+|\w+|<=|>=|<>|[=<>(),.\[\]])")


class NotUnderstood(Exception):
    """An expression that the engine did not use when this was written."""


def plain(value: Value) -> Any:
    """What two values are compared by. Numbers are numbers, and sets have no order."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return "N", Decimal(content)
        case "NS":
            return "NS", frozenset(map(Decimal, content))
        case "L":
            return "L", [plain(one) for one in content]
        case "M":
            return "M", {name: plain(one) for name, one in content.items()}
    return kind, content


class _Reader:
    """The tokens of an expression, from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise NotUnderstood(text)
            self._tokens.append(found[1])
            place = found.end()
        # What follows the end is not looked for further than one token ahead.
        self._tokens += ["", ""]
        self._next = 0
        self._text = text

    def peek(self, ahead: int = 0) -> str:
        return self._tokens[self._next + ahead]

    def take(self) -> str:
        token = self.peek()
        if self._next < len(self._tokens) - 2:
            self._next += 1
        return token

    def expect(self, *tokens: str) -> None:
        for token in tokens:
            if self.take() != token:
                raise NotUnderstood(self._text)

    def takes(self, token: str) -> bool:
        """Whether the next one is this; then it is taken."""
        if self.peek() != token:
            return False
        self._next += 1
        return True


@cache
def condition(text: str) -> Condition:
    """The test that a condition expression is."""
    reader = _Reader(text)
    test = _either(reader)
    reader.expect("")
    return test


def _either(reader: _Reader) -> Condition:
    tests = [_both(reader)]
    while reader.takes("OR"):
        tests.append(_both(reader))
    return tests[0] if len(tests) == 1 else lambda *given: any(test(*given) for test in tests)


def _both(reader: _Reader) -> Condition:
    tests = [_one(reader)]
    while reader.takes("AND"):
        tests.append(_one(reader))
    return tests[0] if len(tests) == 1 else lambda *given: all(test(*given) for test in tests)


def _one(reader: _Reader) -> Condition:
    if reader.takes("NOT"):
        negated = _one(reader)
        return lambda *given: not negated(*given)
    if reader.takes("("):
        inside = _either(reader)
        reader.expect(")")
        return inside
    if reader.peek(1) == "(":
        return _function(reader)
    return _comparison(reader)


def _function(reader: _Reader) -> Condition:
    name = reader.take()
    reader.expect("(")
    first = _operand(reader)
    second = _operand(reader) if reader.takes(",") else None
    reader.expect(")")
    if name == "attribute_exists":
        return lambda *given: first(*given) is not None
    if name == "attribute_not_exists":
        return lambda *given: first(*given) is None
    if name == "contains" and second is not None:
        return lambda *given: _contains(first(*given), second(*given))
    raise NotUnderstood(name)


def _contains(holder: Value | None, one: Value | None) -> bool:
    if holder is None or one is None:
        return False
    ((kind, content),) = holder.items()
    if kind == "L":
        return plain(one) in [plain(each) for each in content]
    ((of, wanted),) = one.items()
    return kind in (of, f"{of}S") and wanted in content


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<": lambda one, other: bool(one[0] == other[0] and one[1] < other[1]),
    "<=": lambda one, other: bool(one[0] == other[0] and one[1] <= other[1]),
    ">": lambda one, other: bool(one[0] == other[0] and one[1] > other[1]),
    ">=": lambda one, other: bool(one[0] == other[0] and one[1] >= other[1]),
}


def _comparison(reader: _Reader) -> Condition:
    first = _operand(reader)
    sign = reader.take()
    if sign == "IN":
        return _among(reader, first)
    second = _operand(reader)
    if sign == "<>":
        return lambda *given: not _holds("=", first(*given), second(*given))
    if sign not in _COMPARED:
        raise NotUnderstood(sign)
    return lambda *given: _holds(sign, first(*given), second(*given))


def _holds(sign: str, one: Value | None, other: Value | None) -> bool:
    """What is not there is neither more nor less than anything."""
    return one is not None and other is not None and _COMPARED[sign](plain(one), plain(other))


def _among(reader: _Reader, first: Operand) -> Condition:
    reader.expect("(")
    several = [_operand(reader)]
    while reader.takes(","):
        several.append(_operand(reader))
    reader.expect(")")
    return lambda *given: any(_holds("=", first(*given), one(*given)) for one in several)


def _operand(reader: _Reader) -> Operand:
    if reader.peek().startswith(":"):
        name = reader.take()
        return lambda item, names, values: values[name]
    if reader.peek() == "list_append":
        return _appended(reader)
    if reader.peek() == "if_not_exists":
        return _unless_there(reader)
    return _at(_path(reader))


def _unless_there(reader: _Reader) -> Operand:
    reader.expect("if_not_exists", "(")
    there = _operand(reader)
    reader.expect(",")
    otherwise = _operand(reader)
    reader.expect(")")

    def one_of_both(item: Item, names: Names, values: Values) -> Value | None:
        found = there(item, names, values)
        return otherwise(item, names, values) if found is None else found

    return one_of_both


def _appended(reader: _Reader) -> Operand:
    reader.expect("list_append", "(")
    first = _operand(reader)
    reader.expect(",")
    second = _operand(reader)
    reader.expect(")")

    def together(item: Item, names: Names, values: Values) -> Value:
        one, other = first(item, names, values), second(item, names, values)
        if one is None or other is None:
            raise NotUnderstood("list_append of what is not there")
        return {"L": [*one["L"], *other["L"]]}

    return together


def _path(reader: _Reader) -> tuple[str, tuple[str | int, ...]]:
    """An attribute, and the way inside it."""
    name = reader.take()
    inside: list[str | int] = []
    while reader.peek() in (".", "["):
        if reader.take() == ".":
            inside.append(reader.take())
        else:
            inside.append(int(reader.take()))
            reader.expect("]")
    return name, tuple(inside)


def _at(path: tuple[str, tuple[str | int, ...]]) -> Operand:
    name, inside = path

    def found(item: Item, names: Names, values: Values) -> Value | None:
        value = item.get(names.get(name, name))
        for step in inside:
            if value is None:
                return None
            if isinstance(step, int):
                several = value.get("L", ())
                value = several[step] if step < len(several) else None
            else:
                value = value.get("M", {}).get(names.get(step, step))
        return value

    return found


@cache
def update(text: str) -> Change:
    """What an update expression does: from the item as it was to the one as it will be."""
    reader = _Reader(text)
    changes: list[Change] = []
    while clause := reader.take():
        changes.append(_CLAUSES[clause](reader))
        while reader.takes(","):
            changes.append(_CLAUSES[clause](reader))

    def change(old: Item, new: dict[str, Value], names: Names, values: Values) -> None:
        for one in changes:
            one(old, new, names, values)

    return change


def _attribute(reader: _Reader) -> str:
    name, inside = _path(reader)
    if inside:
        raise NotUnderstood("a change inside an attribute")
    return name


def _set(reader: _Reader) -> Change:
    name = _attribute(reader)
    reader.expect("=")
    operand = _operand(reader)

    def change(old: Item, new: dict[str, Value], names: Names, values: Values) -> None:
        value = operand(old, names, values)
        if value is None:
            raise NotUnderstood("an attribute is set to what is not there")
        new[names.get(name, name)] = value

    return change


def _remove(reader: _Reader) -> Change:
    name = _attribute(reader)
    return lambda old, new, names, values: (new.pop(names.get(name, name), None), None)[1]


def _add(reader: _Reader) -> Change:
    name, more = _attribute(reader), reader.take()

    def change(old: Item, new: dict[str, Value], names: Names, values: Values) -> None:
        attribute = names.get(name, name)
        before, added = old.get(attribute), values[more]
        if "N" in added:
            number = Decimal(before["N"] if before else 0) + Decimal(added["N"])
            new[attribute] = {"N": str(number)}
        else:
            ((kind, content),) = added.items()
            had = before[kind] if before else []
            new[attribute] = {kind: [*had, *(one for one in content if one not in had)]}

    return change


def _delete(reader: _Reader) -> Change:
    name, fewer = _attribute(reader), reader.take()

    def change(old: Item, new: dict[str, Value], names: Names, values: Values) -> None:
        attribute = names.get(name, name)
        ((kind, gone),) = values[fewer].items()
        left = [one for one in old.get(attribute, {}).get(kind, ()) if one not in gone]
        if left:
            new[attribute] = {kind: left}
        else:
            new.pop(attribute, None)

    return change


_CLAUSES: dict[str, Callable[[_Reader], Change]] = {
    "SET": _set,
    "REMOVE": _remove,
    "ADD": _add,
    "DELETE": _delete,
}
