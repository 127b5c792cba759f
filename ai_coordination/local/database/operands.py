"""The operands of expressions: paths, values and functions of them."""

from collections.abc import Callable
from dataclasses import dataclass

from ai_coordination.local.database import paths, syntax
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.paths import Path
from ai_coordination.local.database.placeholders import Placeholders
from ai_coordination.local.database.values import Item, Value, type_of

Read = Callable[[Item], Value | None]

# How many operands each function has.
_OF_CONDITIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
OF_UPDATES = {"if_not_exists": 2, "list_append": 2}
_FUNCTIONS = _OF_CONDITIONS | OF_UPDATES
# Their first operand is a path.
OF_PATHS = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "if_not_exists"}
)
_SIZED = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})


@dataclass(frozen=True, slots=True)
class Operand:
    """How an operand is read from an item, and what is known of it before.

    `path` is set for a path itself, `reads` also for the path that a function reads. `value` and
    `type` are set where they are the same for every item.
    """

    read: Read
    path: Path | None = None
    reads: Path | None = None
    value: Value | None = None
    type: str | None = None


def of_path(path: Path) -> Operand:
    """The value at a path."""
    if len(path) == 1:
        name: str = path[0]  # type: ignore[assignment] # a path begins with a name
        return Operand(lambda item: item.get(name), path, path)
    return Operand(lambda item: paths.read(item, path), path, path)


def of_value(value: Value) -> Operand:
    """A value of the request."""
    return Operand(lambda item: value, value=value, type=type_of(value))


def of_condition(kind: str, tree: syntax.Operand, placeholders: Placeholders) -> Operand:
    """An operand of a condition. Raises Invalid."""
    match tree:
        case syntax.Path():
            return of_path(placeholders.path(kind, tree))
        case syntax.Placeholder(name):
            return of_value(placeholders.value(kind, name))
        case syntax.Call(function, inner):
            check_known(kind, function, in_update=False)
            if function != "size":
                raise misused(kind, function)
            check_number(kind, tree)
            return _size(kind, of_condition(kind, inner[0], placeholders))
    raise AssertionError(f"a condition has no {tree}")


def _size(kind: str, operand: Operand) -> Operand:
    if operand.type is not None and operand.type not in _SIZED:
        raise wrong_type(kind, "size", operand.type)

    def read(item: Item) -> Value | None:
        value = operand.read(item)
        return None if value is None else _sized(value)

    return Operand(read, reads=operand.reads, type="N")


def _sized(value: Value) -> Value | None:
    """The characters of a text, the bytes of a binary, the elements of anything else."""
    [(of, content)] = value.items()
    return {"N": str(len(content))} if of in _SIZED else None


def check_known(kind: str, function: str, *, in_update: bool) -> None:
    """Raises Invalid for a function that does not exist, or not in this sort of expression."""
    if function not in _FUNCTIONS:
        raise Invalid(f"Invalid {kind}: Invalid function name; function: {function}")
    if (function in OF_UPDATES) != in_update:
        where = "an update" if in_update else "a condition"
        raise Invalid(
            f"Invalid {kind}: The function is not allowed in {where} expression; "
            f"function: {function}"
        )


def check_number(kind: str, call: syntax.Call) -> None:
    """Raises Invalid where a function has too many operands, or too few."""
    if len(call.operands) != _FUNCTIONS[call.function]:
        raise Invalid(
            f"Invalid {kind}: Incorrect number of operands for operator or function; operator or "
            f"function: {call.function}, number of operands: {len(call.operands)}"
        )


def misused(kind: str, function: str) -> Invalid:
    """The error for a function whose result cannot be used there."""
    return Invalid(
        f"Invalid {kind}: The function is not allowed to be used this way in an expression; "
        f"function: {function}"
    )


def needs_path(kind: str, function: str) -> Invalid:
    """The error for a function whose first operand must be a path."""
    return Invalid(
        f"Invalid {kind}: Operator or function requires a document path; operator or function: "
        f"{function}"
    )


def wrong_type(kind: str, operator: str, found: str) -> Invalid:
    """The error for an operand whose type is known before and does not fit."""
    return Invalid(
        f"Invalid {kind}: Incorrect operand type for operator or function; operator or function: "
        f"{operator}, operand type: {found}"
    )
