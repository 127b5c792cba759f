"""Conditions and filters: their operands checked, and whether an item fulfills them.

Source: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and
functions".
An attribute that is missing, or of another type, fulfills no comparison but `<>`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ai_coordination.local.database import operands, paths, syntax
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.operands import Operand, Read
from ai_coordination.local.database.paths import Path
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.values import ORDERED_TYPES, Item, Value, order, type_of

Test = Callable[[Item], bool]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
_TYPES = ("N", "BS", "L", "B", "NULL", "M", "S", "SS", "NS", "BOOL")


class Condition:
    """A condition of one request. `paths` are all that it reads."""

    def __init__(self, kind: str, text: str, placeholders: Placeholders) -> None:
        """`kind` is what the request calls it, for errors: `FilterExpression`. Raises Invalid."""
        self.paths: list[Path] = []
        self._kind = kind
        self._placeholders = placeholders
        self.holds: Test = self._test(syntax.condition(kind, text))

    def _test(self, tree: syntax.Condition) -> Test:
        match tree:
            case syntax.Group(inner):
                return self._test(inner)
            case syntax.Not(inner):
                negated = self._test(inner)
                return lambda item: not negated(item)
            case syntax.Every(conditions):
                tests = [self._test(condition) for condition in conditions]
                return lambda item: all(test(item) for test in tests)
            case syntax.Either(conditions):
                tests = [self._test(condition) for condition in conditions]
                return lambda item: any(test(item) for test in tests)
            case syntax.Call():
                return self._function(tree)
        return self._comparison(tree)

    def _operands(self, trees: Sequence[syntax.Operand]) -> list[Operand]:
        bound = [operands.of_condition(self._kind, tree, self._placeholders) for tree in trees]
        self.paths += [operand.reads for operand in bound if operand.reads is not None]
        return bound

    def _comparison(self, tree: syntax.Comparison) -> Test:
        first, *others = self._operands(tree.operands)
        operator = tree.operator
        self._check_distinct(operator, first, others)
        if operator in ("=", "<>"):
            left, right = first.read, others[0].read
            if operator == "=":
                return lambda item: _equal(left(item), right(item))
            return lambda item: not _equal(left(item), right(item))
        if operator == "IN":
            return _among(first.read, [other.read for other in others])
        self._check_types(operator, ORDERED_TYPES, [first, *others])
        if operator == "BETWEEN":
            return self._between(first, *others)
        compare, left, right = _ORDERED[operator], first.read, others[0].read
        return lambda item: _compared(compare, left(item), right(item))

    def _between(self, first: Operand, low: Operand, high: Operand) -> Test:
        self._check_bounds(low.value, high.value)
        at_least, at_most = _ORDERED[">="], _ORDERED["<="]

        def test(item: Item) -> bool:
            value = first.read(item)
            return _compared(at_least, value, low.read(item)) and _compared(
                at_most, value, high.read(item)
            )

        return test

    def _check_bounds(self, low: Value | None, high: Value | None) -> None:
        if low is None or high is None:
            return
        fault = None
        if type_of(low) != type_of(high):
            fault = "same data type for lower and upper bounds"
        elif order(low) > order(high):
            fault = "upper bound to be greater than or equal to lower bound"
        if fault:
            raise self._invalid(
                f"The BETWEEN operator requires {fault}; lower bound operand: "
                f"AttributeValue: {_shown(low)}, upper bound operand: AttributeValue: "
                f"{_shown(high)}"
            )

    def _function(self, tree: syntax.Call) -> Test:
        name = tree.function
        operands.check_known(self._kind, name, in_update=False)
        if name == "size":
            raise operands.misused(self._kind, name)
        operands.check_number(self._kind, tree)
        bound = self._operands(tree.operands)
        first = bound[0]
        if name in operands.OF_PATHS and first.path is None:
            raise operands.needs_path(self._kind, name)
        self._check_distinct(name, first, bound[1:])
        match name:
            case "attribute_exists":
                return lambda item: first.read(item) is not None
            case "attribute_not_exists":
                return lambda item: first.read(item) is None
            case "attribute_type":
                return self._attribute_type(first, bound[1])
            case "begins_with":
                self._check_types(name, {"S", "B"}, bound)
                return lambda item: _begins(first.read(item), bound[1].read(item))
        return lambda item: _contains(first.read(item), bound[1].read(item))

    def _attribute_type(self, first: Operand, second: Operand) -> Test:
        self._check_types("attribute_type", {"S"}, [second])
        wanted = second.value["S"] if second.value else None
        if wanted not in _TYPES:
            raise self._invalid(
                f"Invalid attribute type name found; type: {wanted}, valid types: "
                f"{{{','.join(_TYPES)}}}"
            )

        def test(item: Item) -> bool:
            value = first.read(item)
            return value is not None and wanted in value

        return test

    def _check_types(
        self, operator: str, allowed: set[str] | frozenset[str], bound: Sequence[Operand]
    ) -> None:
        for operand in bound:
            if operand.type is not None and operand.type not in allowed:
                raise operands.wrong_type(self._kind, operator, operand.type)

    def _check_distinct(self, operator: str, first: Operand, others: Sequence[Operand]) -> None:
        if first.path is not None and any(first.path == other.path for other in others):
            raise self._invalid(
                "The first operand must be distinct from the remaining operands for this operator "
                f"or function; operator: {operator}, first operand: {paths.shown(first.path)}"
            )

    def _invalid(self, message: str) -> Invalid:
        return Invalid(f"Invalid {self._kind}: {message}")


def _equal(left: Value | None, right: Value | None) -> bool:
    return left is not None and left == right


def _among(first: Read, others: Sequence[Read]) -> Test:
    def test(item: Item) -> bool:
        value = first(item)
        return any(_equal(value, other(item)) for other in others)

    return test


def _compared(compare: Callable[[Any, Any], bool], left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    kind = type_of(left)
    return kind in ORDERED_TYPES and kind in right and compare(order(left), order(right))


def _begins(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None:
        return False
    kind = type_of(value)
    return kind in ("S", "B") and kind in prefix and bool(value[kind].startswith(prefix[kind]))


def _contains(holder: Value | None, wanted: Value | None) -> bool:
    """Whether a set or a list has an element, or a text or a binary a part."""
    if holder is None or wanted is None:
        return False
    [(kind, content)] = holder.items()
    if kind == "L":
        return wanted in content
    [(of, element)] = wanted.items()
    return ((kind in ("S", "B") and kind == of) or kind == f"{of}S") and element in content


def _shown(value: Value) -> str:
    [(kind, content)] = value.items()
    return f"{{{kind}:{content}}}"
