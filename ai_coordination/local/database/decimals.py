"""DynamoDB's numbers: up to 38 significant digits, magnitudes from 1E-130 to below 1E+126.

Source: Amazon DynamoDB Developer Guide, "Naming rules and data types", Number. Leading and trailing
zeros are removed, and numbers are returned without an exponent.
"""

import re
from collections.abc import Callable
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from ai_coordination.local.database.errors import Invalid

MOST_DIGITS = 38
LARGEST_EXPONENT = 125
SMALLEST_EXPONENT = -130

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_EXACT = Context(prec=MOST_DIGITS, traps=[Inexact, InvalidOperation])

# The first byte of a number's key: negative numbers sort before zero, positive ones after it.
_NEGATIVE, _ZERO, _POSITIVE = b"\x40", b"\x80", b"\xc0"
# Makes every exponent positive, so that it can be written as two unsigned bytes.
_EXPONENT_OFFSET = 1000
_INVERTED = bytes(255 - byte for byte in range(256))


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The one way in which a number is stored and returned. Raises Invalid."""
    if text.isdecimal() and text.isascii() and len(text) <= MOST_DIGITS:
        return text.lstrip("0") or "0"
    if not _NUMBER.fullmatch(text):
        raise Invalid("A value provided cannot be converted into a number")
    return written(Decimal(text))


def written(number: Decimal) -> str:
    """A number as text, without an exponent. Raises Invalid where DynamoDB cannot hold it."""
    digits = number.as_tuple().digits
    stripped = "".join(map(str, digits)).strip("0")
    if not stripped:
        return "0"
    if len(stripped) > MOST_DIGITS:
        raise Invalid(f"DynamoDB only supports precision up to {MOST_DIGITS} digits")
    if number.adjusted() > LARGEST_EXPONENT:
        raise Invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range"
        )
    if number.adjusted() < SMALLEST_EXPONENT:
        raise Invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported "
            "range"
        )
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def add(left: str, right: str) -> str:
    """The sum of two canonical numbers. Raises Invalid where it has too many digits."""
    return _exactly(_EXACT.add, left, right)


def subtract(left: str, right: str) -> str:
    """The difference of two canonical numbers. Raises Invalid where it has too many digits."""
    return _exactly(_EXACT.subtract, left, right)


def _exactly(operation: Callable[[Decimal, Decimal], Decimal], left: str, right: str) -> str:
    try:
        return written(operation(Decimal(left), Decimal(right)))
    except Inexact:
        raise Invalid(f"DynamoDB only supports precision up to {MOST_DIGITS} digits") from None


def key(text: str) -> bytes:
    """Bytes that sort as the canonical numbers do that they stand for."""
    number = Decimal(text)
    if not number:
        return _ZERO
    digits = "".join(map(str, number.as_tuple().digits)).strip("0").encode()
    magnitude = (number.adjusted() + _EXPONENT_OFFSET).to_bytes(2, "big") + digits
    if number > 0:
        return _POSITIVE + magnitude
    # The larger the magnitude, the smaller the number. The last byte ends a prefix after what it
    # is a prefix of.
    return _NEGATIVE + magnitude.translate(_INVERTED) + b"\xff"
