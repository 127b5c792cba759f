"""Parse numbers of JSON and GraphQL documents, and detect those that would change their value."""

from decimal import Decimal, InvalidOperation

# A double represents every decimal number of this many digits uniquely.
EXACT_DIGITS = 15

INEXACT = "A number has more digits than can be stored exactly: shorten it, or send it as a string."


class Inexact(float):
    """A number with more digits than a double can represent: it would be returned changed."""


def parse(text: str) -> float:
    """Return the number that `text` denotes, as Inexact if a double cannot represent it."""
    number = float(text)
    if len(text) <= EXACT_DIGITS and "e" not in text and "E" not in text:
        return number
    try:
        exact = Decimal(text) == Decimal(repr(number))
    except InvalidOperation:
        exact = False
    return number if exact else Inexact(number)
