"""Key conditions: which rows a Query reads.

Source: Amazon DynamoDB Developer Guide, "Key condition expressions for the Query operation".
"""

from collections.abc import Iterator

from ai_coordination.local.database import conditions, paths, syntax, values
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.schema import LONGEST_RANGE_KEY_BYTES, Keys
from ai_coordination.local.database.values import Value

KIND = "KeyConditionExpression"

_REVERSED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PARAMETERS = "One or more parameter values were invalid"

# An operator and its values: ("BETWEEN", [low, high]).
KeyTest = tuple[str, list[Value]]


class KeyCondition:
    """The key condition of one request."""

    def __init__(self, text: str, placeholders: Placeholders) -> None:
        """Raises Invalid."""
        self._placeholders = placeholders
        tree = syntax.condition(KIND, text)
        self._tests: dict[str, KeyTest] = {}
        parts = list(_parts(tree))
        if not all(map(_is_comparison, parts)):
            # Operands and types are checked as in any condition.
            conditions.Condition(KIND, text, placeholders)
        for part in parts:
            name, test = self._test(part)
            if name in self._tests:
                raise Invalid("KeyConditionExpressions must only contain one condition per key")
            self._tests[name] = test

    def bounds(self, keys: Keys) -> tuple[Value, tuple[tuple[str, bytes], ...]]:
        """The hash key's value, and the comparisons of the range key. Raises Invalid."""
        if keys.hash not in self._tests or not self._tests.keys() <= keys.types.keys():
            raise Invalid("Query condition missed key schema element")
        for name, (_, given) in self._tests.items():
            _check(name, keys.types[name], given)
        operator, [hash_value, *_] = self._tests[keys.hash]
        if operator != "=":
            raise Invalid("Query key condition not supported")
        if keys.range is None or keys.range not in self._tests:
            return hash_value, ()
        return hash_value, tuple(_bounds(*self._tests[keys.range]))

    def _test(self, part: syntax.Comparison | syntax.Call) -> tuple[str, KeyTest]:
        operator = part.operator if isinstance(part, syntax.Comparison) else part.function
        operands = list(part.operands)
        if any(isinstance(operand, syntax.Call) for operand in operands):
            raise Invalid("KeyConditionExpressions cannot contain nested operations")
        if operator not in (*_REVERSED, "BETWEEN", "begins_with"):
            raise Invalid(f"Invalid operator used in KeyConditionExpression: {operator}")
        if operator in _REVERSED and isinstance(operands[1], syntax.Path):
            operator, operands = _REVERSED[operator], operands[::-1]
        return self._name(operands[0]), (operator, [self._value(each) for each in operands[1:]])

    def _name(self, operand: syntax.Operand) -> str:
        if not isinstance(operand, syntax.Path):
            raise Invalid("Invalid KeyConditionExpression: No key attribute specified")
        path: paths.Path = self._placeholders.path(KIND, operand)
        if len(path) > 1:
            raise Invalid(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are "
                f"not allowed: Key: {path[0]}"
            )
        return str(path[0])

    def _value(self, operand: syntax.Operand) -> Value:
        if not isinstance(operand, syntax.Placeholder):
            raise Invalid(
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
                "condition"
            )
        return self._placeholders.value(KIND, operand.name)


def _is_comparison(part: syntax.Comparison | syntax.Call) -> bool:
    """Whether it compares an attribute with a value: then its type must be the key's."""
    if not isinstance(part, syntax.Comparison) or part.operator not in _REVERSED:
        return False
    left, right = part.operands
    return isinstance(left, syntax.Path) and isinstance(right, syntax.Placeholder)


def _parts(tree: syntax.Condition) -> Iterator[syntax.Comparison | syntax.Call]:
    match tree:
        case syntax.Group(inner):
            yield from _parts(inner)
        case syntax.Every(inner_conditions):
            for condition in inner_conditions:
                yield from _parts(condition)
        case syntax.Either() | syntax.Not():
            word = "OR" if isinstance(tree, syntax.Either) else "NOT"
            raise Invalid(f"Invalid operator used in KeyConditionExpression: {word}")
        case _:
            yield tree


def _check(name: str, kind: str, given: list[Value]) -> None:
    for value in given:
        if values.type_of(value) != kind:
            raise Invalid(f"{_PARAMETERS}: Condition parameter type does not match schema type")
        if not value[kind]:
            what = "string" if kind == "S" else "binary"
            raise Invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty {what} value. Key: {name}"
            )


def _bounds(operator: str, given: list[Value]) -> Iterator[tuple[str, bytes]]:
    first = values.key(given[0])
    if operator == "BETWEEN":
        yield ">=", first
        yield "<=", values.key(given[1])
    elif operator == "begins_with":
        yield ">=", first
        # No key is longer, so none that begins so sorts behind it.
        yield "<=", first + b"\xff" * LONGEST_RANGE_KEY_BYTES
    else:
        yield operator, first


_COMPARE = {
    "=": bytes.__eq__,
    "<": bytes.__lt__,
    "<=": bytes.__le__,
    ">": bytes.__gt__,
    ">=": bytes.__ge__,
}


def fulfills(range_key: bytes, bounds: tuple[tuple[str, bytes], ...]) -> bool:
    """Whether a range key is between the bounds."""
    return all(_COMPARE[sign](range_key, bound) for sign, bound in bounds)
