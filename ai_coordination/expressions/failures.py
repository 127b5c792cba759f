"""How an expression fails, and what its values are called."""

from typing import Any


class ExpressionFailed(Exception):
    """An expression has no value. The message says why, and does not repeat the expression."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def values(count: int) -> str:
    """So many values, in words."""
    return "1 value" if count == 1 else f"{count} values"


def kind_of(value: Any) -> str:
    """What a value is called in messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a `&` expression"
