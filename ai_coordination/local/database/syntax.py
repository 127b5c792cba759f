"""The trees of DynamoDB's expressions, as they are written: with placeholders, not yet checked.

Source: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and
functions" and "Update expressions". A text is parsed once: its placeholders mean something else
each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.tokens import END, Token, Tokens

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
LARGEST_BYTES = 4096
MOST_OPTIONS = 100
_KEYWORDS = frozenset({"AND", "BETWEEN", "IN", "NOT", "OR"})
_PARSED = 2048


@dataclass(frozen=True, slots=True)
class Path:
    """Names, placeholders of names (`#n`) and places in lists, from the outside in."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The placeholder of a value: `:v`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its operands."""

    function: str
    operands: "tuple[Operand, ...]"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum or a difference, in an update."""

    sign: str
    left: "Operand"
    right: "Operand"


Operand = Path | Placeholder | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and what they are compared by; `BETWEEN` and `IN` have more of them."""

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """Conditions that must all hold: `AND`."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions of which one must hold: `OR`."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """A condition in parentheses."""

    condition: "Condition"


Condition = Comparison | Call | Not | Every | Either | Group


@dataclass(frozen=True, slots=True)
class Action:
    """One change of an update: `clause` is SET, REMOVE, ADD or DELETE; REMOVE has no operand."""

    clause: str
    path: Path
    operand: Operand | None = None


@lru_cache(maxsize=_PARSED)
def condition(kind: str, text: str) -> Condition:
    """The tree of a condition, filter or key condition. Raises Invalid."""
    tokens = _tokens(kind, text)
    tree = _either(tokens)
    tokens.expect(END)
    return tree


@lru_cache(maxsize=_PARSED)
def update(kind: str, text: str) -> tuple[Action, ...]:
    """The changes of an update, in the order in which they are written. Raises Invalid."""
    tokens = _tokens(kind, text)
    actions: list[Action] = []
    seen: set[str] = set()
    while tokens.peek().text != END:
        clause = tokens.peek().word
        if clause not in _CLAUSES:
            raise tokens.error()
        if clause in seen:
            raise Invalid(
                f'Invalid {kind}: The "{clause}" section can only be used once in an update '
                "expression;"
            )
        seen.add(clause)
        tokens.take()
        actions.append(_CLAUSES[clause](tokens))
        while tokens.take_if(","):
            actions.append(_CLAUSES[clause](tokens))
    if not actions:
        raise tokens.error()
    return tuple(actions)


@lru_cache(maxsize=_PARSED)
def projection(kind: str, text: str) -> tuple[Path, ...]:
    """The paths of a projection. Raises Invalid."""
    tokens = _tokens(kind, text)
    paths = [_path(tokens)]
    while tokens.take_if(","):
        paths.append(_path(tokens))
    tokens.expect(END)
    return tuple(paths)


def _tokens(kind: str, text: str) -> Tokens:
    size = len(text.encode())
    if size > LARGEST_BYTES:
        raise Invalid(
            f"Invalid {kind}: Expression size has exceeded the maximum allowed size; expression "
            f"size: {size}"
        )
    return Tokens(kind, text)


def _either(tokens: Tokens) -> Condition:
    conditions = [_every(tokens)]
    while tokens.take_if("OR"):
        conditions.append(_every(tokens))
    return conditions[0] if len(conditions) == 1 else Either(tuple(conditions))


def _every(tokens: Tokens) -> Condition:
    conditions = [_negation(tokens)]
    while tokens.take_if("AND"):
        conditions.append(_negation(tokens))
    return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))


def _negation(tokens: Tokens) -> Condition:
    if tokens.take_if("NOT"):
        return Not(_negation(tokens))
    if tokens.take_if("("):
        inner = _either(tokens)
        tokens.expect(")")
        if isinstance(inner, Group):
            raise Invalid(f"Invalid {tokens.kind}: The expression has redundant parentheses;")
        return Group(inner)
    return _comparison(tokens)


def _comparison(tokens: Tokens) -> Condition:
    first = _operand(tokens)
    operator = tokens.peek().word
    if operator in COMPARATORS:
        tokens.take()
        return Comparison(operator, (first, _operand(tokens)))
    if operator == "BETWEEN":
        tokens.take()
        low = _operand(tokens)
        tokens.expect("AND")
        return Comparison(operator, (first, low, _operand(tokens)))
    if operator == "IN":
        tokens.take()
        options = _operands(tokens)
        if len(options) > MOST_OPTIONS:
            raise Invalid(
                f"Invalid {tokens.kind}: The IN operator is provided with too many operands; "
                f"number of operands: {len(options)}"
            )
        return Comparison(operator, (first, *options))
    if isinstance(first, Call):
        return first
    raise tokens.error()


def _operands(tokens: Tokens) -> tuple[Operand, ...]:
    tokens.expect("(")
    operands = [_operand(tokens)]
    while tokens.take_if(","):
        operands.append(_operand(tokens))
    tokens.expect(")")
    return tuple(operands)


def _operand(tokens: Tokens) -> Operand:
    token = tokens.peek()
    if token.is_value:
        return Placeholder(tokens.take().text)
    if _is_attribute(token) and token.text[0] != "#" and tokens.peek(1).text == "(":
        return Call(tokens.take().text, _operands(tokens))
    return _path(tokens)


def _is_attribute(token: Token) -> bool:
    return token.is_name and token.word not in _KEYWORDS


def _path(tokens: Tokens) -> Path:
    if not _is_attribute(tokens.peek()):
        raise tokens.error()
    parts: list[str | int] = [tokens.take().text]
    while tokens.peek().text in (".", "["):
        if tokens.take().text == ".":
            if not _is_attribute(tokens.peek()):
                raise tokens.error()
            parts.append(tokens.take().text)
        else:
            if not tokens.peek().text.isdigit():
                raise tokens.error()
            parts.append(int(tokens.take().text))
            tokens.expect("]")
    return Path(tuple(parts))


def _set(tokens: Tokens) -> Action:
    path = _path(tokens)
    tokens.expect("=")
    return Action("SET", path, _sum(tokens))


def _sum(tokens: Tokens) -> Operand:
    if tokens.take_if("("):
        inner = _sum(tokens)
        tokens.expect(")")
        return inner
    left = _operand(tokens)
    if tokens.peek().text not in ("+", "-"):
        return left
    return Arithmetic(tokens.take().text, left, _operand(tokens))


def _remove(tokens: Tokens) -> Action:
    return Action("REMOVE", _path(tokens))


def _add(tokens: Tokens) -> Action:
    return Action("ADD", _path(tokens), _value(tokens))


def _delete(tokens: Tokens) -> Action:
    return Action("DELETE", _path(tokens), _value(tokens))


def _value(tokens: Tokens) -> Placeholder:
    if not tokens.peek().is_value:
        raise tokens.error()
    return Placeholder(tokens.take().text)


_CLAUSES: dict[str, Callable[[Tokens], Action]] = {
    "ADD": _add,
    "DELETE": _delete,
    "REMOVE": _remove,
    "SET": _set,
}
