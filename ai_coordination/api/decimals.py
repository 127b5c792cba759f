"""Decimals of JSON and of GraphQL documents, which come back as they were given, or not at all."""

from decimal import Decimal, InvalidOperation

# Any decimal of so many digits is told apart from all others by a double.
SURE_DIGITS = 15

INEXACT = "A number has more digits than are kept: give it as a text, or shorter."


class Inexact(float):
    """A decimal that would come back as another one: a double has no room for its digits."""


def read(text: str) -> float:
    """The number that `text` says; Inexact where it is not quite that."""
    number = float(text)
    if len(text) <= SURE_DIGITS and "e" not in text and "E" not in text:
        return number
    try:
        exact = Decimal(text) == Decimal(repr(number))
    except InvalidOperation:
        exact = False
    return number if exact else Inexact(number)
